"""Crops from anywhere in images of random size: the scale jitter of Simonyan and Zisserman 2014, section 3.1.

The shorter side is resized to S pixels, with S drawn uniformly from low … high every time an image is shown, and the
crop is taken anywhere in the whole resized image, not only in its centre square.
"""

from typing import Any

import numpy as np

from .._support.arrays import as_integer
from .._support.shown import shown
from ..images.geometry import Geometry
from .preprocessing import Preprocessing

_STREAM = 1  # third word of the counter; the shuffling of an epoch has 0 there
_UNIT = 2.0**-53


class ScaleJitter:
    """The geometry of each image in one epoch; pass it to a `Loader` instead of a geometry.

    Random numbers depend only on (seed, epoch, index), so a resumed epoch has the same crops.

    Parameters
    ----------
    scale : (int, int)
        Smallest and largest shorter side in pixels, inclusive; the smallest is at least the crop.
    preprocessing : Preprocessing
        Its crop, channels, resampling and `warp` are used (with `warp` both sides have S pixels). A mean image does not
        fit such crops: pass `preprocessing.with_pixel_mean()` to the engine.
    seed, epoch : int
    crop : bool
        Take the crop anywhere instead of at the centre.

    Raises
    ------
    TypeError, ValueError
        `scale` is not such a pair, or smaller than the crop.
    """

    def __init__(self, scale: tuple[int, int], preprocessing: Preprocessing, seed: int, epoch: int, crop: bool = True):
        self._low, self._high = as_scale(scale, "ScaleJitter", preprocessing.crop)
        self._still = Geometry(
            preprocessing.crop, preprocessing.channels, preprocessing.resample, self._low, warp=preprocessing.warp
        )
        self._key, self._crop = np.array((seed, epoch), np.uint64), crop

    def __call__(self, index: int) -> Geometry:
        """Return the geometry of image `index`."""
        # Raw words, because numpy guarantees its bit streams but not the numbers that it derives from them.
        counter = np.array((0, index, _STREAM, 0), np.uint64)
        size, across, down = (int(word) for word in np.random.Philox(key=self._key, counter=counter).random_raw(3))
        short = self._low + (size * (self._high - self._low + 1) >> 64)
        if not self._crop:
            return self._still._replace(short=short)
        return self._still._replace(short=short, place=(_unit(across), _unit(down)))


def as_scale(scale: Any, operation: str, least: int = 1) -> tuple[int, int]:
    """Return (low, high), `least` ≤ low ≤ high.

    Raises
    ------
    TypeError, ValueError
        It is not such a pair of integers; the message names `operation`.
    """
    if not isinstance(scale, (tuple, list)) or len(scale) != 2:
        raise TypeError(f"{operation}: scale is {shown(scale)}, expected (low, high), shorter sides in pixels")
    low = as_integer(scale[0], "the low end of scale", operation, least, 2**15)
    return low, as_integer(scale[1], "the high end of scale", operation, low, 2**15)


def _unit(word: int) -> float:
    """Map a word to the middle of one of 2⁵³ equal parts of 0 … 1."""
    return ((word >> 11) + 0.5) * _UNIT
