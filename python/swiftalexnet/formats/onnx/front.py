"""What a graph does to the image before its first layer: crop, subtract a mean, multiply by factors."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...preprocessing.preprocessing import Preprocessing
from .flow import Flow

_LARGEST = 1 << 24  # numbers of a mean image


@dataclass
class Front:
    """The image goes in as x and comes out as factor · x + offset, cropped.

    Attributes
    ----------
    size : int
        Side of the image that goes in, 0 if it is not a square.
    crop : int or None
        Side of the centre that is kept.
    factor : array of float64, [channels]
    offset : array of float64, [channels] or [size, size, channels]
    """

    size: int
    factor: NDArray[np.float64]
    offset: NDArray[np.float64]
    crop: int | None = None
    acts: bool = False

    @classmethod
    def of(cls, flow: Flow) -> "Front":
        """Return one that changes nothing."""
        channels, height, width = flow.shape
        return cls(height if height == width else 0, np.ones(channels), np.zeros(channels))

    def multiply(self, values: NDArray[Any]) -> None:
        """Multiply by one number per channel."""
        self.factor, self.offset, self.acts = self.factor * values, self.offset * values, True

    def add(self, values: NDArray[Any]) -> None:
        """Add one number per channel, or an image."""
        self.offset, self.acts = self.offset + values, True

    def preprocessing(self, crop: int) -> Preprocessing | None:
        """Return it as a preprocessing for images of 0 … 255; None if it changes nothing, or is none.

        A factor may come before or after the mean in the graph: here it comes after.
        """
        if not (self.acts or self.crop) or not self.size or not self.factor.all():
            return None
        mean = (-self.offset / self.factor).astype(np.float32)
        scale = self.factor.astype(np.float32)
        return Preprocessing(self.size, crop, mean + np.float32(0), None if (scale == 1).all() else scale)


def by_channel(flow: Flow, array: NDArray[Any]) -> NDArray[np.float64] | None:
    """Return a constant beside a map as [channels] or [height, width, channels]; None if it is neither."""
    if array.size > _LARGEST or array.ndim > len(flow.dims) or len(flow.dims) != 4:
        return None
    full = array.reshape((1,) * (4 - array.ndim) + array.shape).astype(np.float64)
    # Where the axes lie: "C" may be an empty dimension if there is one channel.
    places = [next((at for at, axes in enumerate(flow.dims) if axis in axes), None) for axis in "HWC"]
    if None in places or full.shape[0] != 1:
        return None
    height, width, channels = (full.shape[at] for at in places if at is not None)
    full = full.transpose(0, *(at for at in places if at is not None))[0]
    wanted = [flow.size(axis) for axis in "HWC"]
    if any(size not in (1, want) for size, want in zip((height, width, channels), wanted, strict=True)):
        return None
    if height == width == 1:
        return np.broadcast_to(full[0, 0], (wanted[2],)).copy()
    return np.broadcast_to(full, wanted).copy()
