"""From a picture file, or a Pillow image, to uint8 [height, width, channels]: the only place where pixels are decoded.

Refuses rather than guesses: anything that is not a regular file, is broken or cut short, holds more pixels than
Pillow's limit, or has pixels without a known range, ends in an error that names the file.
"""

import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO

import numpy as np
from numpy.typing import NDArray

from .files import open_regular
from .picture_formats import readable
from .preprocessing import Geometry, Whole

if TYPE_CHECKING:
    from PIL.Image import Image, Resampling

_BACKGROUND = (255, 255, 255, 255)  # what shows through transparent pixels


def read_picture(path: str | os.PathLike[str], geometry: Geometry | Whole, draft: bool = False) -> NDArray[np.uint8]:
    """Decode a file to the square, or the whole picture, that `geometry` describes.

    Parameters
    ----------
    path : path
        A regular file in one of `picture_formats.FORMATS`, whatever its name says.
    geometry : Geometry or Whole
        Size in pixels, channels (1 is grey, 3 is RGB), resampling and place.
    draft : bool
        Decode a JPEG to a half, a quarter or an eighth where its shorter side then has still twice the pixels that
        `geometry` asks for: faster, and not the same pixels.

    Returns
    -------
    array of uint8, [size, size, channels], or [height, width, channels] of a `Whole`

    Raises
    ------
    OSError
        The file cannot be opened, or is not a regular file.
    ValueError
        Pillow cannot decode it, or it is not a picture of known range.
    """
    with open_regular(path) as file, decoding(file, path) as picture:
        reduced = picture.draft(None, (2 * geometry.side, 2 * geometry.side)) if draft else None
        return picture_to_array(picture, geometry, reduced and reduced[1][2:])


@contextmanager
def decoding(file: BinaryIO, path: str | os.PathLike[str]) -> Iterator["Image"]:
    """Yield the Pillow image of an open file; what fails inside is a ValueError that names the file."""
    from PIL import Image

    try:
        with Image.open(file, formats=readable()) as picture:
            yield picture
    except MemoryError:
        raise
    except Exception as error:  # Pillow's decoders raise nearly every type there is
        raise ValueError(f"{os.fspath(path)} cannot be decoded: {error}") from error


def picture_to_array(
    picture: "Image", geometry: Geometry | Whole, extent: tuple[float, float] | None = None
) -> NDArray[np.uint8]:
    """Turn a Pillow image upright, to grey or RGB, and to the square or the whole picture of `geometry`.

    Parameters
    ----------
    extent : (float, float), optional
        How far the content goes to the right and down, in pixels: a reduced JPEG may end within its last pixels.

    Raises
    ------
    ValueError
        More pixels than Pillow's limit, float pixels, or a number of channels other than 1 or 3.
    """
    from PIL import Image, ImageOps

    if geometry.channels not in (1, 3):
        raise ValueError(f"pictures have 1 or 3 channels, the network reads {geometry.channels}: give it arrays")
    limit = Image.MAX_IMAGE_PIXELS
    if limit is not None and picture.width * picture.height > limit:
        raise ValueError(f"{picture.width} × {picture.height} pixels exceed Pillow's limit of {limit}")
    upright = ImageOps.exif_transpose(picture)
    assert upright is not None  # None only when asked to work in place
    if extent is not None and upright.size != picture.size:
        extent = extent[::-1]  # it has been turned
    pixels = np.asarray(_to_colored(_to_eight_bits(upright), geometry, extent))
    return pixels.reshape(*pixels.shape[:2], geometry.channels)


def resize(picture: "Image", geometry: Geometry | Whole, extent: tuple[float, float] | None = None) -> "Image":
    """Bring a picture, or what lies within `extent` of it, to the size of `geometry`."""
    within = picture.size if extent is None else extent
    if isinstance(geometry, Whole):
        return resize_whole(picture, geometry, within)
    return resize_to_square(picture, geometry, within)


def resize_whole(picture: "Image", geometry: Whole, extent: tuple[float, float]) -> "Image":
    """Resize the shorter side to `size` and the longer in proportion, rounded; nothing is cut off.

    Raises
    ------
    ValueError
        The result would have more pixels than Pillow's limit.
    """
    from PIL import Image

    size, short, limit = geometry.size, min(extent), Image.MAX_IMAGE_PIXELS
    width, height = (max(size, round(length * size / short)) for length in extent)
    if (width, height) == picture.size:
        return picture
    if limit is not None and width * height > limit:
        raise ValueError(f"{width} × {height} pixels exceed Pillow's limit of {limit}")
    return picture.resize((width, height), _filter(short, geometry), (0, 0, *extent))


def resize_to_square(picture: "Image", geometry: Geometry, extent: tuple[float, float]) -> "Image":
    """Resize the shorter side to `geometry.side` and cut out `size` × `size` pixels, computing no other pixel.

    The centre square lies where cuda-convnet2 cuts it: both sides rounded, the start rounded down.
    """
    size, side, short = geometry.size, geometry.side, min(extent)
    if picture.size == (size, size) == (side, side):
        return picture
    resized = [side if geometry.warp else max(side, round(length * side / short)) for length in extent]
    starts = [_start(new - size, place) for new, place in zip(resized, geometry.place, strict=True)]
    factors = [length / new for length, new in zip(extent, resized, strict=True)]
    left, top = (start * factor for start, factor in zip(starts, factors, strict=True))
    right, bottom = ((start + size) * factor for start, factor in zip(starts, factors, strict=True))
    box = (left, top, min(right, extent[0]), min(bottom, extent[1]))
    return picture.resize((size, size), _filter(short, geometry), box)


def _filter(short: float, geometry: Geometry | Whole) -> "Resampling":
    """Choose how a picture with a shorter side of `short` pixels is resampled."""
    from PIL.Image import Resampling

    if geometry.resample != "area":
        return Resampling.BILINEAR
    return Resampling.BOX if short > geometry.side else Resampling.BICUBIC


def _start(room: int, place: float) -> int:
    """Return an offset from 0 … room: which of as many equal parts of 0 … 1 holds `place`; a half is room // 2."""
    return min(max(math.ceil(place * (room + 1)) - 1, 0), room)


def _to_eight_bits(picture: "Image") -> "Image":
    """Scale 16-bit grey to 8 bits; Pillow's own conversion would cut everything above 255."""
    from PIL import Image

    if picture.mode == "F":
        raise ValueError("float pixels have no known range, expected 8 or 16 bits")
    if picture.mode != "I" and not picture.mode.startswith("I;16"):
        return picture
    wide = np.asarray(picture)  # two or four bytes a pixel, as Pillow has them
    low, high = int(wide.min()), int(wide.max())
    if low < 0 or high > 0xFFFF:
        raise ValueError(f"pixels from {low} to {high}, expected 8 or 16 bits")
    return Image.fromarray((wide >> 8).astype(np.uint8))


def _to_colored(picture: "Image", geometry: Geometry | Whole, extent: tuple[float, float] | None = None) -> "Image":
    """Bring to grey or RGB and to size, with transparent pixels over white: what they hide is not part of the picture.

    A picture with transparency that is to shrink does so first: averages with alpha as the weight come to the same,
    and only a small picture is copied.
    """
    from PIL import Image

    mode = "L" if geometry.channels == 1 else "RGB"
    if "A" not in picture.getbands() and "transparency" not in picture.info:
        return resize(picture.convert(mode), geometry, extent)
    layer = picture.convert("RGBA")
    shrinks = min(layer.size) > geometry.side
    if shrinks:
        layer = resize(layer, geometry)
    flat = Image.alpha_composite(Image.new("RGBA", layer.size, _BACKGROUND), layer).convert(mode)
    return flat if shrinks else resize(flat, geometry)
