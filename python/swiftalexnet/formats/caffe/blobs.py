"""Blobs: tensors that stay in the file until they are read."""

import math
from collections.abc import Iterator
from itertools import accumulate
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...errors import CheckpointCorruptError
from ...files.protobuf_wire import FIXED32, FIXED64, LENGTH, VARINT, Field, WireScanner
from ...files.source import SourceFile
from ..stored import MOST_DIMENSIONS, Stored

_LEGACY = range(1, 5)  # num, channels, height, width
_DATA, _SHAPE, _DOUBLE_DATA = 5, 7, 8
_TYPES: dict[int, np.dtype[Any]] = {_DATA: np.dtype("<f4"), _DOUBLE_DATA: np.dtype("<f8")}
_WIDTHS = {FIXED32: 4, FIXED64: 8}
_MOST_SEGMENTS = 1024
_MOST_RECORDS = 1 << 20  # looked at in one go


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
            for segment, first, end in zip(self._segments, firsts, self._ends, strict=False)
            if first < stop and end > start
        ]
        return np.concatenate(parts) if parts else np.empty(0, self._dtype)

    def _of(self, segment: _Segment, start: int, stop: int) -> NDArray[Any]:
        at, count, size = segment.start + start * segment.stride, stop - start, self._dtype.itemsize
        if segment.stride == size:
            return self._file.array(at, count, self._dtype)
        # After the last number there is no key, perhaps nothing at all.
        records = np.empty(count * segment.stride, np.uint8)
        read = max(count * segment.stride - (segment.stride - size), 0)
        records[:read] = self._file.array(at, read, np.dtype(np.uint8))
        numbers = np.ascontiguousarray(records.reshape(count, segment.stride)[:, :size])
        return numbers.view(self._dtype).reshape(count)


def read_blob(scanner: WireScanner, start: int, stop: int, name: str) -> Stored:
    """Return the blob in bytes `start` to `stop`.

    Raises
    ------
    CheckpointCorruptError
        It has another number of values than its shape.
    ValueError
        It is not a blob.
    """
    legacy: dict[int, int] = {}
    shape: list[int] = []
    has_shape = False
    segments: dict[int, list[_Segment]] = {number: [] for number in _TYPES}
    for field, repeats in _fields(scanner, start, stop):
        if field.number in _LEGACY and field.wire == VARINT:
            legacy[field.number] = field.signed
        elif field.number == _SHAPE and field.wire == LENGTH:
            has_shape = True
            shape += _dimensions(scanner, field)
        elif field.number in segments:
            segments[field.number].append(_segment(field, repeats, name))
        if len(segments[_DATA]) + len(segments[_DOUBLE_DATA]) > _MOST_SEGMENTS:
            raise CheckpointCorruptError(
                f"{scanner.file}: the values of {name} lie in more than {_MOST_SEGMENTS} pieces"
            )
        if len(shape) > MOST_DIMENSIONS:
            raise CheckpointCorruptError(f"{scanner.file}: {name} has more than {MOST_DIMENSIONS} dimensions")
    # Caffe's own rules: numbers of double precision come first, and so does the old form of the shape.
    number = _DOUBLE_DATA if segments[_DOUBLE_DATA] else _DATA
    count = sum(segment.numbers for segment in segments[number])
    if legacy:
        shape = [legacy.get(axis, 0) for axis in _LEGACY]
    elif not has_shape:
        shape = [count]
    if any(size < 0 for size in shape) or math.prod(shape) != count:
        came = f"shape {' × '.join(map(str, shape))} and {count:,} values"
        raise CheckpointCorruptError(f"{scanner.file}: {name} has {came}")
    dtype = _TYPES[number]
    numbers = _Numbers(scanner.file, dtype, segments[number] or [_Segment(start, 0, dtype.itemsize)])
    return Stored(name, tuple(shape), dtype, numbers.read)


def _fields(scanner: WireScanner, start: int, stop: int) -> Iterator[tuple[Field, int]]:
    """Yield the fields of a blob; numbers that are not packed, a field each, once for all in a row, with how many."""
    at = start
    while at < stop:
        for field in scanner.fields(at, stop):
            at = field.end
            repeats = 1
            if field.wire in _WIDTHS:
                repeats = _repeats(scanner.file, field, stop)
                at = field.start + repeats * (field.end - field.start)
            yield field, repeats
            if repeats > 1:
                break


def _repeats(file: SourceFile, field: Field, stop: int) -> int:
    """Return how many fields of one key and width there are in a row."""
    key = np.frombuffer(file.read(field.start, field.offset - field.start), np.uint8)
    record, count = field.end - field.start, 1
    # As many again each time: what is read is in proportion to what is found.
    while rest := min((stop - field.start) // record - count, count, _MOST_RECORDS):
        records = file.array(field.start + count * record, rest * record, np.dtype(np.uint8)).reshape(rest, record)
        alike = (records[:, : key.size] == key).all(axis=1)
        if not alike.all():
            return count + int(alike.argmin())
        count += rest
    return count


def _segment(field: Field, repeats: int, name: str) -> _Segment:
    size = _TYPES[field.number].itemsize
    if field.wire == LENGTH and field.length % size == 0:
        return _Segment(field.offset, field.length // size, size)
    if _WIDTHS.get(field.wire) != size:
        raise ValueError(f"the values of {name} are no numbers of {size} bytes")
    return _Segment(field.offset, repeats, field.end - field.start)


def _dimensions(scanner: WireScanner, field: Field) -> list[int]:
    """Return the dimensions of a shape: one number each, or packed."""
    dimensions: list[int] = []
    for part in scanner.fields(field.offset, field.end):
        if part.number == 1 and part.wire == VARINT:
            dimensions.append(part.signed)
        elif part.number == 1 and part.wire == LENGTH:
            dimensions += _signed_numbers(scanner.content(part, 10 * MOST_DIMENSIONS))
        if len(dimensions) > MOST_DIMENSIONS:
            break
    return dimensions


def _signed_numbers(packed: bytes) -> list[int]:
    """Return the integers of a packed field.

    Raises
    ------
    ValueError
        The last one does not end.
    """
    numbers, value, place = list[int](), 0, 0
    for byte in packed:
        value |= (byte & 0x7F) << place
        place += 7
        if byte < 0x80:
            value &= (1 << 64) - 1
            numbers.append(value - (1 << 64) if value >> 63 else value)
            value, place = 0, 0
    if place:
        raise ValueError("a dimension does not end")
    return numbers
