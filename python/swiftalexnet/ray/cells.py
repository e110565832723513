"""The images in a batch of rows as a data set: whatever cannot be read is left out, and why is known."""

import os
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._support.choices import nearest
from .._support.shown import describe, shown
from ..images.decoding import array_to_square, read_bytes, read_image
from ..images.geometry import Geometry, Whole
from ..images.inputs import as_batch
from ..images.levels import Range
from ..runtime import get_num_threads
from .rows import Rows

# Of Ray's readers and Hugging Face's files, then of webdataset by the members' names.
CONTENTS = ("bytes", "image", "jpg", "jpeg", "png", "webp")
PATHS = ("path",)  # where there is no column with an image
_NAMES = (*PATHS, "__key__")  # what an image is called in messages


def image_columns(names: list[str], asked: str | None, operation: str) -> tuple[str, ...]:
    """Return the columns that hold images: a row's image is the first that is not empty.

    Raises
    ------
    ValueError
        There is none.
    """
    if asked is not None:
        if asked not in names:
            raise ValueError(f"{operation}: no column {asked!r} in {names}{nearest(asked, names)}")
        return (asked,)
    found = tuple(name for name in CONTENTS if name in names) or tuple(name for name in PATHS if name in names)
    if not found:
        expected = f"one of {', '.join((*CONTENTS, *PATHS))}, or image= with its name"
        raise ValueError(f"{operation}: no column with images in {names}, expected {expected}")
    return found


class Cells:
    """The images in some columns of a batch.

    Parameters
    ----------
    rows : Rows
    columns : sequence of str
        Those with images: content of files, structs with it as Hugging Face has them, decoded arrays, or paths.
    value_range : (float, float), optional
        The values of black and white in images of more than 8 bits.

    Attributes
    ----------
    errors : dict of int to str
        Why rows have no image, in one line.
    """

    classes = None

    def __init__(self, rows: Rows, columns: tuple[str, ...], value_range: Range | None):
        self._cells = [_paths(rows.cells(name)) if name in PATHS else rows.cells(name) for name in columns]
        self._names = [rows.cells(name) for name in _NAMES if name in rows.names]
        self._count, self._value_range = rows.count, value_range
        self.labels = np.zeros(rows.count, np.int32)
        self.workers = max(1, min(rows.count, get_num_threads()))
        self.errors: dict[int, str] = {}

    @property
    def skipped(self) -> int:
        """The number of rows without an image so far."""
        return len(self.errors)

    def __len__(self) -> int:
        return self._count

    def image(self, index: int, geometry: Geometry | Whole) -> NDArray[np.uint8] | None:
        """Decode a row's image; None if that is not possible."""
        try:
            return self._decode(_first(self._cells, index), self._name(index), geometry)
        except (OSError, ValueError, TypeError) as error:
            self.errors[index] = describe(error)
            return None

    def path(self, index: int) -> str:
        """Return the path that Hugging Face's struct in a row names; otherwise an empty text."""
        cell = _first(self._cells, index)
        path = cell.get("path") if isinstance(cell, Mapping) else None
        return path if isinstance(path, str) else ""

    def _name(self, index: int) -> str:
        name = _first(self._names, index)
        return name if isinstance(name, str) and name else self.path(index) or f"the image of row {index} of a batch"

    def _decode(self, cell: Any, name: str, geometry: Geometry | Whole) -> NDArray[np.uint8]:
        content = cell.get("bytes") if isinstance(cell, Mapping) else cell
        if isinstance(content, (bytes, bytearray, memoryview)):
            return read_bytes(content, name, geometry, self._value_range)
        if isinstance(content, str):
            return read_image(content, geometry, value_range=self._value_range)
        if content is None:
            raise ValueError(f"{name} is missing")
        if not hasattr(content, "__array__"):
            raise TypeError(f"{name} is {shown(content)}, expected a file's content, a path or an array")
        pixels = as_batch(content, None, self._value_range, geometry.channels, name)
        if len(pixels) != 1:
            raise ValueError(f"{name} has shape {np.shape(content)}, expected [height, width, channels]")
        return array_to_square(pixels[0], geometry)


def _first(cells: list[Callable[[int], Any]], index: int) -> Any:
    """Return the first value of a row that is not None."""
    return next((value for cell in cells if (value := cell(index)) is not None), None)


def _paths(cell: Callable[[int], Any]) -> Callable[[int], Any]:
    """Return a column's values as paths: bytes are one that is no text in UTF-8."""

    def path(index: int) -> Any:
        value = cell(index)
        return os.fsdecode(value) if isinstance(value, bytes) else value

    return path
