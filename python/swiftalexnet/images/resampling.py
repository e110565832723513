"""Resizing: the pixels of an image that contribute to each pixel of the resized one, and their weights.

| name | shrinking | enlarging | as |
|---|---|---|---|
| `area` | the average over the pixel's area, with fractions of pixels | cubic | OpenCV INTER_AREA, INTER_CUBIC |
| `bilinear` | a triangle twice as wide as the pixel: antialiased | linear | Pillow, torchvision |
| `opencv_bilinear` | linear between the four nearest pixels: aliased | the same | OpenCV INTER_LINEAR |
| `box` | the average of the pixels whose centres lie in its area | cubic | Pillow BOX, BICUBIC |

`area` is cuda-convnet2's (make-data/pyext/src/pyext.cpp), `opencv_bilinear` that of Caffe's convert_imageset
(src/caffe/util/io.cpp). Models of the first versions were trained with `box`, then called "area". OpenCV's three
methods are weighted sums computed by the engine, whose bits do not depend on the part of the resized image that is
requested; the others are computed by Pillow.
"""

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.Image import Resampling

from .. import _native
from .._support.arrays import require_memory
from .geometry import Geometry, Whole

# An image more than this many times as long as wide is not resized as a whole to cut a square from it.
LONGEST = 8

MORE_PIXELS = "Make it smaller; or raise PIL.Image.MAX_IMAGE_PIXELS, if you trust its source."

_CUBIC = -0.75  # the slope of OpenCV's cubic at a distance of one pixel; Pillow's is −0.5
_AT_ONCE = 1 << 20  # bytes; images up to this size are copied from Pillow at once
_STRIP = 1 << 17  # bytes per strip of a larger image; larger blocks are slow, because the system maps them page by page

_Taps = tuple[NDArray[np.int32], NDArray[np.float32]]  # first input pixel of each output, and weights [outputs, taps]


class Axis(NamedTuple):
    """One axis of an image: `content` of its `pixels` become `resized`, of which `wanted` are needed from `start` on.

    The content of a JPEG that was decoded at reduced size may end within the last pixel.
    """

    pixels: int
    content: float
    resized: int
    start: int
    wanted: int

    @property
    def step(self) -> float:
        """Pixels of the image per pixel of the resized image."""
        return self.content / self.resized

    @property
    def stays(self) -> bool:
        """Whether the image is only cropped, not resized."""
        return self.pixels == self.content == self.resized

    @property
    def ends(self) -> tuple[float, float]:
        """Start and end of the wanted part in the image."""
        return self.start * self.step, min((self.start + self.wanted) * self.step, self.content)


def axes(size: tuple[int, int], content: tuple[float, float], geometry: Geometry | Whole) -> tuple[Axis, Axis]:
    """Return the horizontal and vertical axis for resizing an image of (width, height) pixels.

    The longer side is rounded, or truncated for "bilinear" as in torchvision. The centre square is that of
    cuda-convnet2: an offset of half a pixel is rounded down.

    Raises
    ------
    ValueError
        A whole image would have more pixels than Pillow's limit.
    """
    short = min(content)
    side = geometry.side or int(short)
    half = 0 if geometry.resample == "bilinear" else 0.5
    new = [max(side, int(side * length / short + half)) for length in content]
    if isinstance(geometry, Whole):
        check_pixels(*new)
        parts = [(0, length) for length in new]
    else:
        new = [side, side] if geometry.warp else new
        places = zip(new, geometry.place, strict=True)
        parts = [(_start(length - geometry.size, place), geometry.size) for length, place in places]
    sides = zip(size, content, new, parts, strict=True)
    across, down = (Axis(pixels, length, resized, *part) for pixels, length, resized, part in sides)
    return across, down


def check_pixels(width: int, height: int) -> None:
    """Raise ValueError if an image has more pixels than Pillow's limit."""
    limit = Image.MAX_IMAGE_PIXELS
    if limit is not None and width * height > limit:
        raise ValueError(f"{width} × {height} pixels exceed Pillow's limit of {limit}. {MORE_PIXELS}")


def resize_image(image: Image.Image, geometry: Geometry | Whole, content: tuple[float, float]) -> NDArray[np.uint8]:
    """Resize the `content` (width, height) of a Pillow image with one byte per channel.

    Returns
    -------
    array of uint8, [height, width, channels]
    """
    across, down = axes(image.size, content, geometry)
    if across.stays and down.stays:
        return _cut(_to_array(image), across, down)
    if geometry.resample in _PILLOWS:
        return _by_pillow(image, across, down, geometry)
    taps = _taps(geometry.resample, down), _taps(geometry.resample, across)
    if image.width * image.height * len(image.getbands()) <= _AT_ONCE:
        return _by_taps(_to_array(image), *taps)
    return _by_strips(image, *taps)


def resize_array(pixels: NDArray[np.uint8], geometry: Geometry | Whole) -> NDArray[np.uint8]:
    """Resize an array of uint8 [height, width, channels] with any number of channels."""
    size = pixels.shape[1], pixels.shape[0]
    across, down = axes(size, size, geometry)
    if across.stays and down.stays:
        return _cut(pixels, across, down)
    if geometry.resample in _PILLOWS:
        planes = (Image.fromarray(pixels[..., channel]) for channel in range(pixels.shape[-1]))
        return np.concatenate([_by_pillow(plane, across, down, geometry) for plane in planes], axis=-1)
    return _by_taps(np.ascontiguousarray(pixels), _taps(geometry.resample, down), _taps(geometry.resample, across))


def _start(room: int, place: float) -> int:
    """Return an offset from 0 … room: the index of the equal part of 0 … 1 with `place`; a half gives room // 2."""
    return min(max(math.ceil(place * (room + 1)) - 1, 0), room)


def _to_array(image: Image.Image) -> NDArray[np.uint8]:
    pixels = np.asarray(image)
    return pixels if pixels.ndim == 3 else pixels[..., None]


def _cut(pixels: NDArray[np.uint8], across: Axis, down: Axis) -> NDArray[np.uint8]:
    return pixels[down.start : down.start + down.wanted, across.start : across.start + across.wanted]


_PILLOWS = {  # for shrinking, for enlarging
    "bilinear": (Resampling.BILINEAR, Resampling.BILINEAR),
    "box": (Resampling.BOX, Resampling.BICUBIC),
}


def _by_pillow(image: Image.Image, across: Axis, down: Axis, geometry: Geometry | Whole) -> NDArray[np.uint8]:
    """Resize the whole image with Pillow and cut a part from it, as torchvision does.

    For a random crop of an image of random size, or a square of a very long image, only that part is computed; its
    values may then be rounded differently.
    """
    shrinks = min(across.content, down.content) > geometry.side
    resampling = _PILLOWS[geometry.resample][0 if shrinks else 1]
    alone = isinstance(geometry, Geometry) and geometry.short is not None
    if alone or max(across.resized, down.resized) > LONGEST * geometry.side:
        (left, right), (top, bottom) = across.ends, down.ends
        return _to_array(image.resize((across.wanted, down.wanted), resampling, (left, top, right, bottom)))
    whole = image.resize((across.resized, down.resized), resampling, (0, 0, across.content, down.content))
    return _cut(_to_array(whole), across, down)


def _by_taps(pixels: NDArray[np.uint8], down: _Taps, across: _Taps) -> NDArray[np.uint8]:
    """Resize with the engine."""
    out = np.empty((len(down[0]), len(across[0]), pixels.shape[-1]), np.uint8)
    _native.resample(pixels, *down, *across, out)
    return out


def _by_strips(image: Image.Image, down: _Taps, across: _Taps) -> NDArray[np.uint8]:
    """Resize with the engine a few rows at a time, reading only the necessary part of the image."""
    (rows, row_weights), (columns, column_weights) = down, across
    left, right = int(columns[0]), int(columns[-1]) + column_weights.shape[1]
    out = np.empty((len(rows), len(columns), len(image.getbands())), np.uint8)
    taps, width = row_weights.shape[1], (right - left) * out.shape[-1]
    first = 0
    while first < len(rows):
        end = int(np.searchsorted(rows, rows[first] + max(_STRIP // width - taps, 0), "right"))
        top = int(rows[first])
        strip = _to_array(image.crop((left, top, right, int(rows[end - 1]) + taps)))
        part = slice(first, end)
        _native.resample(strip, rows[part] - top, row_weights[part], columns - left, column_weights, out[part])
        first = end
    return out


@lru_cache(256)  # photographs of one camera share their sizes
def _taps(resample: str, axis: Axis) -> _Taps:
    """Return the pixels that contribute to the wanted ones, with weights that sum to 1."""
    wanted = np.arange(axis.start, axis.start + axis.wanted)[:, None]
    if resample == "area" and axis.step >= 1:
        pixels, weights = _area(wanted, axis)
    else:
        centres = (wanted + 0.5) * axis.step - 0.5
        pixels = np.floor(centres).astype(np.int64)
        offsets = np.arange(2) if resample == "opencv_bilinear" else np.arange(-1, 3)
        distances = np.abs(centres - pixels - offsets)
        weights = 1 - distances if resample == "opencv_bilinear" else _cubic(distances)
        pixels = pixels + offsets
    return _within(pixels.clip(0, math.ceil(axis.content) - 1), weights / weights.sum(axis=1, keepdims=True), axis)


def _area(wanted: NDArray[np.intp], axis: Axis) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Weight each pixel by the fraction of it that a resized pixel covers."""
    count = math.ceil(axis.step) + 1
    require_memory((len(wanted), count), 40, "resizing")
    left = wanted * axis.step
    right = np.minimum(left + axis.step, axis.content)
    pixels = np.floor(left).astype(np.int64) + np.arange(count)
    return pixels, (np.minimum(pixels + 1, right) - np.maximum(pixels, left)).clip(0)


def _cubic(distances: NDArray[np.float64]) -> NDArray[np.float64]:
    """Keys' cubic convolution (1981), with OpenCV's slope."""
    a, d = _CUBIC, distances
    near, far = ((a + 2) * d - (a + 3)) * d * d + 1, ((a * d - 5 * a) * d + 8 * a) * d - 4 * a
    return np.where(d <= 1, near, np.where(d < 2, far, 0))


def _within(pixels: NDArray[np.int64], weights: NDArray[np.float64], axis: Axis) -> _Taps:
    """Store the weights from each output's first pixel on; weights of a repeated pixel are added."""
    count = min(pixels.shape[1], axis.pixels)
    starts = pixels[:, :1].clip(0, axis.pixels - count)
    stored = np.zeros((len(pixels), count))
    np.add.at(stored, (np.arange(len(pixels))[:, None], pixels - starts), weights)
    taps = starts[:, 0].astype(np.int32), stored.astype(np.float32)
    for array in taps:
        array.flags.writeable = False  # they are shared
    return taps
