"""Values of the network's input, and the pixels that they come from."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import UnsupportedError
from ..network.base import BaseModel
from .baselines import as_baseline

Float32 = NDArray[np.float32]


class Pixels:
    """The range of the network's input, from a black image's to a white one's, at every place.

    Parameters
    ----------
    model : Model
    operation : str
        The beginning of messages.

    Raises
    ------
    UnsupportedError
        The model whitens its images, which mixes all pixels.
    """

    def __init__(self, model: BaseModel, operation: str):
        if model.preprocessing.whitening is not None:
            raise UnsupportedError(f"{operation}: the model whitens its images, so that no pixel stands for itself")
        shape = model.input_shape
        one, other = (as_baseline(model, name, shape, operation) for name in ("black", "white"))
        self.black, self.span = one, other - one

    def of(self, x: Float32) -> NDArray[np.uint8]:
        """Return inputs [count, channels, height, width] as uint8 [count, height, width, channels]."""
        levels = np.clip(255 * (x - self.black) / self.span, 0, 255)
        return np.ascontiguousarray(np.rint(levels).astype(np.uint8).transpose(0, 2, 3, 1))

    def clipped(self, x: Float32) -> Float32:
        """Return inputs without what is blacker than black or whiter than white."""
        limits = self.black, self.black + self.span
        found: Float32 = np.clip(x, np.minimum(*limits), np.maximum(*limits))
        return found


def blurred(x: Float32) -> Float32:
    """Return maps [..., height, width] after the kernel (1, 2, 1) / 4 down and across; borders repeat."""
    padded: Any = np.pad(x, [(0, 0)] * (x.ndim - 2) + [(1, 1), (1, 1)], mode="edge")
    across = (padded[..., :-2] + 2 * padded[..., 1:-1] + padded[..., 2:]) / np.float32(4)
    down: Float32 = (across[..., :-2, :] + 2 * across[..., 1:-1, :] + across[..., 2:, :]) / np.float32(4)
    return down
