"""Blobs: tensors that stay in the file until they are read."""

import math
from itertools import accumulate
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...errors import CheckpointCorruptError
from ...files.source import SourceFile
from ..stored import MOST_DIMENSIONS, Stored
from .wire import BYTES, WIDTHS, Field, Wire

_LEGACY = ("num", "channels", "height", "width")  # fields 1 to 4
_DATA, _SHAPE, _DOUBLE_DATA = 5, 7, 8
_TYPES: dict[int, np.dtype[Any]] = {_DATA: np.dtype("<f4"), _DOUBLE_DATA: np.dtype("<f8")}
_MOST_SEGMENTS = 1024


class _Segment(NamedTuple):
    """Numbers in a row, `stride` bytes from one to the next: packed, or each with its key before it."""

    start: int
    numbers: int
    stride: int


class _Numbers:
    """The numbers of a blob, which may lie in several segments."""

    def __init__(self, file: SourceFile, dtype: np.dtype[Any], segments: list[_Segment]):
        self._file, self._dtype, self._segments = file, dtype, segments
        self._ends = list(accumulate(segment.numbers for segment in segments))

    def read(self, start: int, stop: int) -> NDArray[Any]:
        """Return numbers `start` to `stop`."""
        if len(self._segments) == 1:
            return self._of(self._segments[0], start, stop)
        firsts = [0, *self._ends[:-1]]
        parts = [
            self._of(segment, max(start - first, 0), min(stop - first, segment.numbers))
            for segment, first, end in zip(self._segments, firsts, self._ends, strict=True)
            if first < stop and end > start
        ]
        return np.concatenate(parts) if parts else np.empty(0, self._dtype)

    def _of(self, segment: _Segment, start: int, stop: int) -> NDArray[Any]:
        at, count = segment.start + start * segment.stride, stop - start
        if segment.stride == self._dtype.itemsize:
            return self._file.array(at, count, self._dtype)
        # The key of the number after the last is not needed, and need not be there.
        records = np.zeros(count * segment.stride, np.uint8)
        size = max(count * segment.stride - (segment.stride - self._dtype.itemsize), 0)
        records[:size] = self._file.array(at, size, np.dtype(np.uint8))
        numbers = np.ascontiguousarray(records.reshape(count, segment.stride)[:, : self._dtype.itemsize])
        return numbers.view(self._dtype).reshape(count)


def read_blob(file: SourceFile, wire: Wire, start: int, end: int, name: str) -> Stored:
    """Return the blob that fills the bytes from `start` to `end`.

    Raises
    ------
    CheckpointCorruptError
        It is not a blob, or has another number of values than its shape.
    """
    legacy: dict[int, int] = {}
    shape: list[int] = []
    has_shape = False
    segments: dict[int, list[_Segment]] = {number: [] for number in _TYPES}
    for field in wire.fields(start, end):
        if field.number in range(1, 5):
            legacy[field.number] = wire.numbers(field)[-1]
        elif field.number == _SHAPE and field.wire == BYTES:
            has_shape = True
            for part in wire.fields(field.start, field.end):
                shape += wire.numbers(part) if part.number == 1 else []
        elif field.number in segments:
            segments[field.number] += _segments(file, field, name)
    # Caffe's own rule: numbers of double precision are preferred, and so is the old form of the shape.
    number = _DOUBLE_DATA if segments[_DOUBLE_DATA] else _DATA
    count = sum(segment.numbers for segment in segments[number])
    if legacy:
        shape = [legacy.get(axis, 0) for axis in range(1, 5)]
    elif not has_shape:
        shape = [count]
    if len(shape) > MOST_DIMENSIONS or any(size < 0 for size in shape) or math.prod(shape) != count:
        came = " × ".join(map(str, shape[: MOST_DIMENSIONS + 1]))
        raise CheckpointCorruptError(f"{file}: {name} has shape {came} and {count:,} values")
    if len(segments[number]) > _MOST_SEGMENTS:
        raise CheckpointCorruptError(f"{file}: the values of {name} lie in more than {_MOST_SEGMENTS:,} pieces")
    numbers = _Numbers(file, _TYPES[number], segments[number] or [_Segment(start, 0, _TYPES[number].itemsize)])
    return Stored(name, tuple(shape), _TYPES[number], numbers.read)


def _segments(file: SourceFile, field: Field, name: str) -> list[_Segment]:
    size = _TYPES[field.number].itemsize
    if field.wire == BYTES:
        count, rest = divmod(field.end - field.start, size)
        if rest:
            raise CheckpointCorruptError(f"{file}: {name} has {count * size + rest:,} bytes of {size}-byte numbers")
        return [_Segment(field.start, count, size)]
    if WIDTHS.get(field.wire) != size:
        raise CheckpointCorruptError(f"{file}: the values of {name} have wire type {field.wire}")
    return [_Segment(field.start, field.repeats, size + field.start - field.tag)]
