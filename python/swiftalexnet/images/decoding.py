"""Decode image files and Pillow images to uint8 [height, width, channels]; nothing else decodes pixels.

It does not guess: anything that is not a regular file, is broken or truncated, has more pixels than Pillow's limit, or
has pixels of unknown range raises an error that names the file.
"""

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError
from PIL.Image import Transpose
from PIL.ImageFile import ImageFile

from ..files.paths import open_regular
from .color_modes import over_white, to_colors, transparent_color
from .formats import readable, what_it_is
from .geometry import Geometry, Whole
from .jpeg_scans import check_scans
from .levels import Range
from .resampling import MORE_PIXELS, check_pixels, resize_array, resize_image

_ORIENTATION = 0x0112
_UPRIGHT = {  # by EXIF orientation
    2: Transpose.FLIP_LEFT_RIGHT,
    3: Transpose.ROTATE_180,
    4: Transpose.FLIP_TOP_BOTTOM,
    5: Transpose.TRANSPOSE,
    6: Transpose.ROTATE_270,
    7: Transpose.TRANSVERSE,
    8: Transpose.ROTATE_90,
}
_LYING = (5, 6, 7, 8)  # width and height are swapped


def read_image(
    path: str | os.PathLike[str], geometry: Geometry | Whole, draft: bool = False, value_range: Range | None = None
) -> NDArray[np.uint8]:
    """Decode a file to the square or whole image that `geometry` describes.

    Parameters
    ----------
    path : path
        A regular file in one of `formats.FORMATS`, whatever its name.
    geometry : Geometry or Whole
        Size in pixels, channels (1 is grey, 3 is RGB), resampling and place.
    draft : bool
        Decode a JPEG at a half, a quarter or an eighth of its size if its shorter side then still has twice the pixels
        of `geometry`: faster, but the pixels differ.
    value_range : (float, float), optional
        The values of black and white in images of more than 8 bits; needed if their range is unknown.

    Returns
    -------
    array of uint8, [size, size, channels], or [height, width, channels] of a `Whole`

    Raises
    ------
    OSError
        The file cannot be opened, or is not a regular file.
    ValueError
        Pillow cannot decode it, or it is not an image of known range.
    """
    with open_regular(path) as file:
        return read_opened(file, path, geometry, draft, value_range)


def read_opened(
    file: BinaryIO,
    name: str | os.PathLike[str],
    geometry: Geometry | Whole,
    draft: bool = False,
    value_range: Range | None = None,
) -> NDArray[np.uint8]:
    """Decode an open file, or bytes in memory, as `read_image` does; messages begin with `name`."""
    with decoding(file, name) as image:
        reduced = image.draft(None, (2 * geometry.side, 2 * geometry.side)) if draft else None
        return image_to_array(image, geometry, reduced and reduced[1][2:], value_range)


def read_bytes(
    content: bytes | bytearray | memoryview,
    name: str,
    geometry: Geometry | Whole,
    value_range: Range | None = None,
) -> NDArray[np.uint8]:
    """Decode the content of a file like `read_image`; `name` is what messages call it.

    Raises
    ------
    ValueError
        As `read_image`.
    """
    with decoding(io.BytesIO(content), name) as image:
        return image_to_array(image, geometry, value_range=value_range)


def image_size(path: str | os.PathLike[str]) -> tuple[int, int]:
    """Return height and width of the upright image in a file, read from its head alone.

    Raises
    ------
    OSError, ValueError
        As `read_image`.
    """
    with open_regular(path) as file, decoding(file, path) as image:
        return upright_size(image)


def upright_size(image: Image.Image) -> tuple[int, int]:
    """Return height and width of a Pillow image after it is turned as its EXIF data ask."""
    return image.size if _orientation(image) in _LYING else image.size[::-1]


@contextmanager
def decoding(file: BinaryIO, path: str | os.PathLike[str]) -> Iterator[Image.Image]:
    """Yield the Pillow image of an open file; errors inside the block become a ValueError that names the file."""
    with named_errors(os.fspath(path)):
        try:
            image = Image.open(file, formats=readable())
        except UnidentifiedImageError:
            file.seek(0)
            raise ValueError(what_it_is(file.read(64))) from None
        except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
            raise ValueError(f"{error} {MORE_PIXELS}") from None
        with image:
            yield image


@contextmanager
def named_errors(name: str) -> Iterator[None]:
    """Turn any error in decoding into a ValueError that begins with the name of the image."""
    try:
        yield
    except MemoryError:
        raise
    except Exception as error:  # Pillow's decoders raise nearly every type
        raise ValueError(f"{name} cannot be decoded: {error}") from error


def image_to_array(
    image: Image.Image,
    geometry: Geometry | Whole,
    extent: tuple[float, float] | None = None,
    value_range: Range | None = None,
) -> NDArray[np.uint8]:
    """Convert a Pillow image to upright grey or RGB, and to the square or whole image of `geometry`.

    Parameters
    ----------
    extent : (float, float), optional
        Width and height of the content in pixels: a reduced JPEG may end within its last pixels.
    value_range : (float, float), optional
        The values of black and white in images of more than 8 bits.

    Raises
    ------
    ValueError
        More pixels than Pillow's limit, too many JPEG scans, pixels of unknown range, or a number of channels other
        than 1 or 3.
    """
    if geometry.channels not in (1, 3):
        raise ValueError(f"images have 1 or 3 channels, the network reads {geometry.channels}: give it arrays")
    check_pixels(*image.size)
    if image.format in ("JPEG", "MPO") and isinstance(image, ImageFile) and image.tile and image.fp:
        check_scans(image.fp)  # before the pixels are read
    key = transparent_color(image)
    image.load()
    content = extent or image.size
    colors = to_colors(image, geometry.channels, value_range, key)
    orientation = _orientation(image)
    if orientation in _UPRIGHT:
        colors = colors.transpose(_UPRIGHT[orientation])
        content = content[::-1] if orientation in _LYING else content
    pixels = resize_image(colors, geometry, content)
    return over_white(pixels, geometry.channels) if colors.mode == "RGBa" else pixels


def array_to_square(pixels: NDArray[np.uint8], geometry: Geometry | Whole) -> NDArray[np.uint8]:
    """Convert uint8 [height, width, channels] to the size and channels of `geometry`.

    Raises
    ------
    ValueError
        The numbers of channels differ, and are not 1 and 3.
    """
    channels = pixels.shape[-1]
    check_pixels(*pixels.shape[1::-1])
    if channels != geometry.channels and {channels, geometry.channels} == {1, 3}:
        image = Image.fromarray(pixels[..., 0] if channels == 1 else pixels)
        pixels = np.asarray(image.convert("L" if channels == 3 else "RGB"))
        pixels = pixels.reshape(*pixels.shape[:2], geometry.channels)
    elif channels != geometry.channels:
        raise ValueError(f"an image has {channels} channels, the network reads {geometry.channels}")
    return resize_array(pixels, geometry)


def _orientation(image: Image.Image) -> int:
    """Return the EXIF orientation, or 1 if there is none or it cannot be read; nothing else is read from EXIF."""
    with suppress(Exception):  # Pillow's parser raises nearly every type
        orientation = image.getexif().get(_ORIENTATION)
        return orientation if orientation in _UPRIGHT else 1
    return 1
