"""The arrays of MATLAB's files of version 5."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import UnsupportedError
from ..source import SourceFile

_MATRIX, COMPRESSED = 14, 15
_CELL, _STRUCT, _CHAR, _DOUBLE, _SINGLE = 1, 2, 4, 6, 7
# Types of stored numbers, and classes of arrays, by their codes.
_TYPES = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
_CLASSES = {_DOUBLE: "f8", _SINGLE: "f4", 8: "i1", 9: "u1", 10: "i2", 11: "u2", 12: "i4", 13: "u4", 14: "i8", 15: "u8"}
_TEXTS = {1: "latin-1", 2: "latin-1", 16: "utf-8", 17: "utf-16", 4: "utf-16", 3: "utf-16"}
_COMPLEX = 0x800
MOST_ARRAYS = 50_000
DEEPEST = 16
_MOST_DIMENSIONS = 8
LONGEST_TEXT = 1 << 16  # bytes


@dataclass
class MatArray:
    """An array of a file.

    Attributes
    ----------
    dims : tuple of int
        Its sizes in MATLAB's order, of which the first varies fastest.
    dtype : numpy.dtype or None
        Of numbers.
    text : str or None
    cells : list of MatArray
        The elements of a cell array.
    fields : dict of str to list of MatArray
        The fields of a struct array, an array for each of its elements.
    read : callable or None
        `read(start, stop)` returns numbers in the order of the file, of any type.
    """

    dims: tuple[int, ...]
    dtype: np.dtype[Any] | None = None
    text: str | None = None
    cells: list["MatArray"] = field(default_factory=list)
    fields: dict[str, list["MatArray"]] = field(default_factory=dict)
    read: Callable[[int, int], NDArray[Any]] | None = None

    @property
    def size(self) -> int:
        """Number of elements."""
        return math.prod(self.dims)

    def numbers(self, start: int, stop: int) -> NDArray[Any]:
        """Return numbers `start` to `stop` in the order of the file, in which the first dimension varies fastest."""
        if self.read is None or self.dtype is None:
            raise ValueError("an array holds no numbers, where some are expected")
        return self.read(start, stop).astype(self.dtype, copy=False)

    def get(self, name: str) -> "MatArray | None":
        """Return a field of a struct of one element; None if it has no such field, or the field is empty."""
        found = self.fields.get(name, [])
        return found[0] if len(found) == 1 and (found[0].size or found[0].text is not None) else None


class _Element:
    """The type of an element, where its bytes lie, and where the next one begins."""

    def __init__(self, reader: "MatReader", at: int, limit: int):
        first, second = reader.words(at, 2, limit)
        if first >> 16:  # a small one, within eight bytes
            self.kind, self.length, self.at, self.next = first & 0xFFFF, first >> 16, at + 4, at + 8
        else:
            self.kind, self.length, self.at = first, second, at + 8
            self.next = min(self.at + -(-second // 8) * 8, limit)
        if self.at + self.length > limit or (first >> 16) > 4:
            raise ValueError(f"an element at byte {at:,} of {self.length:,} bytes passes the end of its array")


class MatReader:
    """Reads the arrays of a file whose variables are not compressed."""

    def __init__(self, file: SourceFile, order: str):
        self._file, self._order, self._count = file, order, 0

    def words(self, at: int, count: int, limit: int) -> list[int]:
        """Return numbers of 32 bits."""
        if at + 4 * count > limit:
            raise ValueError(f"it is cut short at byte {at:,}")
        words: list[int] = np.frombuffer(self._file.read(at, 4 * count), f"{self._order}u4").tolist()
        return words

    def variable(self, at: int, limit: int, depth: int = 0) -> tuple[str, MatArray, int]:
        """Return the name and the array at a place, and the place after it."""
        self._count += 1
        if self._count > MOST_ARRAYS or depth > DEEPEST:
            raise ValueError(f"it has more than {MOST_ARRAYS:,} arrays, or more than {DEEPEST} within each other")
        whole = _Element(self, at, limit)
        if whole.kind != _MATRIX:
            raise ValueError(f"it has an element of type {whole.kind} at byte {at:,}, expected an array")
        end = whole.at + whole.length
        if not whole.length:
            return "", MatArray((0, 0)), whole.next
        flags = _Element(self, whole.at, end)
        options = self.words(flags.at, 1, end)[0]
        dims = _Element(self, flags.next, end)
        if dims.length > 4 * _MOST_DIMENSIONS:
            raise ValueError(f"an array has {dims.length // 4} dimensions, expected at most {_MOST_DIMENSIONS}")
        sizes = tuple(self.words(dims.at, dims.length // 4, end))
        name = _Element(self, dims.next, end)
        array = self._array(options, sizes, name.next, end, depth)
        return self._file.read(name.at, min(name.length, 64)).decode("latin-1"), array, whole.next

    def _array(self, options: int, dims: tuple[int, ...], at: int, end: int, depth: int) -> MatArray:
        kind = options & 0xFF
        if kind == _CELL:
            return MatArray(dims, cells=self._arrays(math.prod(dims), at, end, depth))
        if kind == _STRUCT:
            return self._struct(dims, at, end, depth)
        if kind not in _CLASSES and kind != _CHAR:
            return MatArray(())  # an object, a function: nothing that describes a network
        if options & _COMPLEX:
            raise UnsupportedError(f"{self._file}: an array of complex numbers")
        if not math.prod(dims):
            return MatArray(dims, text="" if kind == _CHAR else None)
        data = _Element(self, at, end)
        if kind == _CHAR:
            return MatArray(dims, text=self._text(data))
        if data.kind not in _TYPES:
            raise ValueError(f"an array at byte {at:,} has numbers of type {data.kind}")
        stored = np.dtype(f"{self._order}{_TYPES[data.kind]}")
        if data.length != math.prod(dims) * stored.itemsize:
            raise ValueError(f"an array of {dims} at byte {at:,} has {data.length:,} bytes")

        def read(start: int, stop: int) -> NDArray[Any]:
            return self._file.array(data.at + start * stored.itemsize, stop - start, stored)

        return MatArray(dims, np.dtype(_CLASSES[kind]), read=read)

    def _struct(self, dims: tuple[int, ...], at: int, end: int, depth: int) -> MatArray:
        width = _Element(self, at, end)
        length = self.words(width.at, 1, end)[0]
        names = _Element(self, width.next, end)
        if not 0 < length <= 64 or names.length % length or names.length > LONGEST_TEXT:
            raise ValueError(f"a struct at byte {at:,} has field names of {names.length:,} bytes")
        text = self._file.read(names.at, names.length)
        fields = [text[i : i + length].split(b"\0")[0].decode("latin-1") for i in range(0, len(text), length)]
        if len(set(fields)) != len(fields):
            raise ValueError(f"a struct at byte {at:,} has a field twice")
        arrays = self._arrays(math.prod(dims) * len(fields), names.next, end, depth)
        return MatArray(dims, fields={name: arrays[number :: len(fields)] for number, name in enumerate(fields)})

    def _arrays(self, count: int, at: int, end: int, depth: int) -> list[MatArray]:
        if count > (end - at) // 8:
            raise ValueError(f"an array at byte {at:,} declares {count:,} parts")
        arrays = []
        for _ in range(count):
            _, array, at = self.variable(at, end, depth + 1)
            arrays.append(array)
        return arrays

    def _text(self, data: _Element) -> str:
        if data.kind not in _TEXTS or data.length > LONGEST_TEXT:
            raise ValueError(f"a text at byte {data.at:,} has {data.length:,} bytes of type {data.kind}")
        coding = _TEXTS[data.kind]
        if coding == "utf-16":
            coding = "utf-16-le" if self._order == "<" else "utf-16-be"
        return self._file.read(data.at, data.length).decode(coding, "replace")
