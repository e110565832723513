"""Images as the network's input tensor."""

import numpy as np
from numpy.typing import NDArray

from .. import _native
from ..network.base import BaseModel


def network_crops(model: BaseModel, squares: NDArray[np.uint8], views: int) -> NDArray[np.float32]:
    """Return the preprocessed crops of decoded images, an image's views together.

    Parameters
    ----------
    model : Model
    squares : array of uint8, [batch, size, size, channels]
        See `network_input`.
    views : {1, 2, 9, 10, 50}
        1: the centre; 2: the centre and its mirror image; the others: see `inference.views.Views`.

    Returns
    -------
    array of float32, [batch · views, height, width, channels]
    """
    preprocessing = model.preprocessing
    shape = len(squares) * views, preprocessing.crop, preprocessing.crop, preprocessing.channels
    x = np.empty(shape, np.float32)
    _native.crop_images(squares, preprocessing.for_engine(), views, x)
    if preprocessing.whitening is not None:
        crops, x = x, np.empty_like(x)
        model.network.whiten(crops, x)
    return x


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
    x = network_crops(model, squares, 1)
    return x if layout == "NHWC" else np.ascontiguousarray(x.transpose(0, 3, 1, 2))
