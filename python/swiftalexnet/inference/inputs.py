"""Images as the network's input tensor."""

import numpy as np
from numpy.typing import NDArray

from .. import _native
from ..network.base import BaseModel


def network_input(model: BaseModel, squares: NDArray[np.uint8], layout: str = "NCHW") -> NDArray[np.float32]:
    """Return the preprocessed centre crops of decoded images.

    Parameters
    ----------
    model : Model
    squares : array of uint8, [batch, size, size, channels]
        As `inference.batches.batches` decodes them with the geometry of the model's preprocessing.
    layout : {"NCHW", "NHWC"}
        Of the result; NHWC is the engine's own and needs no transposition.

    Returns
    -------
    array of float32, [batch, channels, height, width], or [batch, height, width, channels]
        What the node `data` holds.
    """
    preprocessing = model.preprocessing
    x = np.empty((len(squares), preprocessing.crop, preprocessing.crop, preprocessing.channels), np.float32)
    _native.crop_images(squares, preprocessing.for_engine(), 1, x)
    if preprocessing.whitening is not None:
        crops, x = x, np.empty_like(x)
        model.network.whiten(crops, x)
    return x if layout == "NHWC" else np.ascontiguousarray(x.transpose(0, 3, 1, 2))
