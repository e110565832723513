"""Crops from anywhere in whole images of random size: the scale jitter of Simonyan and Zisserman 2014, section 3.1.

The shorter side is resized to S pixels, S drawn evenly from low … high for each image and each presentation, and the
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
    """What to decode each image of one epoch to; give it to a `Loader` in place of a geometry.

    Draws depend on (seed, epoch, index) alone, so that a resumed epoch sees the same crops.

    Parameters
    ----------
    scale : (int, int)
        Lowest and highest shorter side in pixels, both possible; the lowest is at least the crop.
    preprocessing : Preprocessing
        For its crop, channels, resampling and `warp` (both sides then have S pixels). A mean image does not belong to
        such crops: give the engine `preprocessing.with_pixel_mean()`.
    seed, epoch : int
    crop : bool
        Take the crop anywhere; otherwise at the centre.

    Raises
    ------
    TypeError, ValueError
        A scale that is no such pair, or lower than the crop.
    """

    def __init__(self, scale: tuple[int, int], preprocessing: Preprocessing, seed: int, epoch: int, crop: bool = True):
        self._low, self._high = as_scale(scale, "ScaleJitter", preprocessing.crop)
        self._still = Geometry(
            preprocessing.crop, preprocessing.channels, preprocessing.resample, self._low, warp=preprocessing.warp
        )
        self._key, self._crop = np.array((seed, epoch), np.uint64), crop

    def __call__(self, index: int) -> Geometry:
        """Return the geometry of image `index`."""
        # Raw words, because numpy fixes its bit streams for ever but not what it makes of them.
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
        It is no such pair of integers; the message names `operation`.
    """
    if not isinstance(scale, (tuple, list)) or len(scale) != 2:
        raise TypeError(f"{operation}: scale is {shown(scale)}, expected (low, high), shorter sides in pixels")
    low = as_integer(scale[0], "the low end of scale", operation, least, 2**15)
    return low, as_integer(scale[1], "the high end of scale", operation, low, 2**15)


def _unit(word: int) -> float:
    """Return the middle of one of 2⁵³ equal parts of 0 … 1."""
    return ((word >> 11) + 0.5) * _UNIT
