"""Small images for the tables of notebooks; never an error, because they are a courtesy."""

import base64
import io
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .._support.notebook import in_notebook
from .._support.tables import Markup
from .decoding import read_image
from .geometry import Geometry
from .inputs import Images
from .levels import Range

SIDE = 64  # pixels
MOST = 20  # images of one table


@dataclass(frozen=True)
class Thumbnail:
    """The central square of an image, `SIDE` pixels large.

    Attributes
    ----------
    name : str
        The image's file name; empty for an array or a Pillow image.
    source : path or bytes
        A file, which is read when the thumbnail is shown, or a JPEG of a few kilobytes.
    channels : int
        1 is grey, 3 is RGB.
    value_range : (float, float), optional
        The values of black and white in a file of more than 8 bits.
    """

    name: str
    source: str | os.PathLike[str] | bytes
    channels: int = 3
    value_range: Range | None = None

    def html(self) -> Markup:
        """Return an `img` with the pixels in its address; nothing if the file cannot be read any more."""
        try:
            jpeg = self.source if isinstance(self.source, bytes) else _read(self)
        except Exception:
            return Markup()
        address = f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}"
        return Markup(f'<img src="{address}" width="{SIDE}" height="{SIDE}" alt="">')


def with_images(
    thumbnails: Sequence[Thumbnail | None], head: Sequence[str], rows: Sequence[Sequence[str]]
) -> tuple[Sequence[str], Sequence[Sequence[str]]]:
    """Return head and rows of a table with the images of its first rows as its first column, if there are any."""
    images = [each.html() if each else Markup() for each in thumbnails[:MOST]]
    if not any(images):
        return head, rows
    images += [Markup()] * (len(rows) - len(images))
    return ["", *head], [[image, *row] for image, row in zip(images, rows, strict=True)]


def thumbnails(given: Images, channels: int, value_range: Range | None) -> list[Thumbnail | None]:
    """Return thumbnails of the first `MOST` images.

    Files are only named. Arrays and Pillow images are made small now, and only in a notebook, so that a program that
    keeps its predictions keeps no images.
    """
    if channels not in (1, 3):
        return []
    return [_thumbnail(given, index, channels, value_range) for index in range(min(len(given), MOST))]


def _thumbnail(given: Images, index: int, channels: int, value_range: Range | None) -> Thumbnail | None:
    item: Any = given.items[index]
    try:
        if isinstance(item, (str, os.PathLike)):
            return Thumbnail(os.path.basename(os.fspath(item)), item, channels, value_range)
        if in_notebook():
            return Thumbnail("", _jpeg(given.image(index, Geometry(SIDE, channels, "area"))), channels)
    except Exception:
        return None
    return None


def _read(thumbnail: Thumbnail) -> bytes:
    geometry = Geometry(SIDE, thumbnail.channels, "area")
    assert not isinstance(thumbnail.source, bytes)
    return _jpeg(read_image(thumbnail.source, geometry, draft=True, value_range=thumbnail.value_range))


def _jpeg(pixels: NDArray[np.uint8]) -> bytes:
    """Encode uint8 [SIDE, SIDE, 1 or 3]."""
    buffer = io.BytesIO()
    Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels).save(buffer, "JPEG", quality=85)
    return buffer.getvalue()
