"""Protocol buffers in a file, field by field: long fields are passed over and stay where they are.

Only as deep as the caller descends, so that nesting costs nothing; a length is compared with what is left before
anything is read.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from ...errors import CheckpointCorruptError
from ...files.source import SourceFile

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
WIDTHS = {FIXED64: 8, FIXED32: 4}

_LONGEST_VARINT = 10
_WINDOW = 4096
_MOST_FIELDS = 200_000  # of one file, not counting numbers in a row: 1,000 layers have fewer than 50,000
_RUN_PIECE = 1 << 20  # records looked at in one go


class Field(NamedTuple):
    """A field: its number and wire type, and where its content lies.

    Attributes
    ----------
    number, wire : int
    value : int
        Of a varint.
    start, end : int
        The content's bytes. With a fixed width it may be many fields in a row, `repeats` of them, that differ in
        content only: numbers that are not packed. Each then has its key before it.
    tag : int
        Where the field begins, with its key.
    """

    number: int
    wire: int
    value: int
    start: int
    end: int
    tag: int
    repeats: int = 1


class Wire:
    """A reader of one file."""

    def __init__(self, file: SourceFile):
        self._file = file
        self._fields = 0
        self._start, self._window = 0, b""

    def fields(self, start: int, end: int) -> Iterator[Field]:
        """Yield the fields of the message that fills the bytes from `start` to `end`.

        Raises
        ------
        CheckpointCorruptError
            It is not a message.
        """
        at = start
        while at < end:
            field = self._field(at, end)
            yield field
            at = field.end

    def text(self, field: Field) -> bytes:
        """Return a field's content."""
        return self._file.read(field.start, field.end - field.start)

    def numbers(self, field: Field) -> list[int]:
        """Return the integers of a field that may be packed, as signed numbers of 64 bits."""
        if field.wire == VARINT:
            return [_signed(field.value)]
        self._require(field, BYTES)
        numbers, at = [], field.start
        while at < field.end:
            value, at = self._varint(at, field.end)
            numbers.append(_signed(value))
            self._count(at)
        return numbers

    def _require(self, field: Field, wire: int) -> None:
        if field.wire != wire:
            raise self._corrupt(field.tag, f"field {field.number} has wire type {field.wire}, expected {wire}")

    def _field(self, tag: int, end: int) -> Field:
        self._count(tag)
        key, at = self._varint(tag, end)
        number, wire = key >> 3, key & 7
        value, length = 0, 0
        if wire == VARINT:
            value, at = self._varint(at, end)
        elif wire == BYTES:
            length, at = self._varint(at, end)
        elif wire in WIDTHS:
            length = WIDTHS[wire]
        else:
            raise self._corrupt(tag, f"a field has wire type {wire}, which Caffe's files do not have")
        if not number:
            raise self._corrupt(tag, "a field has number 0")
        if length > end - at:
            raise self._corrupt(tag, f"field {number} has {length:,} bytes, where {end - at:,} are left")
        field = Field(number, wire, value, at, at + length, tag)
        return self._run(field, end) if wire in WIDTHS else field

    def _run(self, field: Field, end: int) -> Field:
        """Return the field with all fields of its kind that follow it."""
        key = np.frombuffer(self._file.read(field.tag, field.start - field.tag), np.uint8)
        record = field.end - field.tag
        count = 1
        while rest := min((end - field.tag) // record - count, _RUN_PIECE):
            records = self._file.read(field.tag + count * record, rest * record)
            alike = (np.frombuffer(records, np.uint8).reshape(rest, record)[:, : key.size] == key).all(axis=1)
            equal = rest if alike.all() else int(alike.argmin())
            count += equal
            if equal < rest:
                break
        return field._replace(end=field.tag + count * record, repeats=count)

    def _varint(self, at: int, end: int) -> tuple[int, int]:
        """Return the number at a place and the place after it."""
        value = 0
        for place in range(min(_LONGEST_VARINT, end - at)):
            byte = self._byte(at + place)
            value |= (byte & 0x7F) << (7 * place)
            if byte < 0x80:
                return value & (1 << 64) - 1, at + place + 1
        raise self._corrupt(at, "a number does not end")

    def _byte(self, at: int) -> int:
        if not self._start <= at < self._start + len(self._window):
            self._start, self._window = at, self._file.read(at, min(_WINDOW, self._file.size - at))
        return self._window[at - self._start]

    def _count(self, at: int) -> None:
        self._fields += 1
        if self._fields > _MOST_FIELDS:
            raise self._corrupt(at, f"more than {_MOST_FIELDS:,} fields")

    def _corrupt(self, at: int, what: str) -> CheckpointCorruptError:
        return CheckpointCorruptError(f"{self._file} is not a Caffe model, or is damaged: byte {at:,}: {what}")


def _signed(value: int) -> int:
    return value - (1 << 64) if value >> 63 else value
