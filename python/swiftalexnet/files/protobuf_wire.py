"""The fields of a protocol buffer in a file: where they lie, without their content.

A message of weights is too large to parse whole: `WireScanner.fields` yields one level of one message, from start to
stop, and reads only the bytes of the fields' headers. A nested message is the range of a field of wire type LENGTH:
scan it in turn. Nothing recurses, and one scanner yields a bounded number of fields over all of its ranges.

    scanner = WireScanner(file)
    for field in scanner.fields(0, file.size):
        if field.number == 7 and field.wire == LENGTH:
            for inner in scanner.fields(field.offset, field.end): …
"""

from collections.abc import Iterator
from typing import NamedTuple

from .source import SourceFile

VARINT, FIXED64, LENGTH, FIXED32 = 0, 1, 2, 5  # wire types; groups (3, 4) are refused
MOST_FIELDS = 1_000_000
MOST_BYTES = 2**31 - 1  # of a message
_HEADER = 20  # bytes at most: two numbers of 10 bytes
_WINDOW = 1 << 12  # bytes read at a time
_LONGEST_NUMBER = 10


class Field(NamedTuple):
    """A field of a message.

    Attributes
    ----------
    number : int
    wire : int
        VARINT, FIXED64, LENGTH or FIXED32.
    start : int
        Offset in the file of its first byte, the key.
    offset : int
        Of its content.
    length : int
        Bytes of its content.
    value : int
        The number, unsigned, if it is a VARINT; else 0.
    """

    number: int
    wire: int
    start: int
    offset: int
    length: int
    value: int

    @property
    def end(self) -> int:
        """Offset in the file of the byte after it."""
        return self.offset + self.length

    @property
    def signed(self) -> int:
        """The number of a VARINT as int64, or as int32 written by int64's rule."""
        return self.value - 2**64 if self.value >= 2**63 else self.value


class WireScanner:
    """Scans the messages of one file; `at_most` fields in all."""

    def __init__(self, file: SourceFile, at_most: int = MOST_FIELDS):
        self.file, self._left, self._at_most = file, at_most, at_most

    def fields(self, start: int, stop: int) -> Iterator[Field]:
        """Yield the fields of the message in bytes `start` to `stop`, in the order of the file.

        Raises
        ------
        ValueError
            It is no message: a number longer than 10 bytes, field 0, a group, a field that ends behind `stop`; or it
            is too long, or the scanner has seen too many fields.
        """
        self.file.require(start, stop - start)
        if stop - start > MOST_BYTES:
            raise ValueError(f"a message of {stop - start:,} bytes, where protocol buffers have at most {MOST_BYTES:,}")
        window, base, at = b"", start, start
        while at < stop:
            self._left -= 1
            if self._left < 0:
                raise ValueError(f"it has more than {self._at_most:,} fields")
            if at < base or at + _HEADER > base + len(window):
                base, window = at, self.file.read(at, min(_WINDOW, stop - at))
            field = _field(window, at, base)
            if field.end > stop:
                raise ValueError(f"field {field.number} at byte {at:,} ends behind its message")
            yield field
            at = field.end

    def content(self, field: Field, at_most: int) -> bytes:
        """Return the bytes of a field.

        Raises
        ------
        ValueError
            There are more than `at_most`.
        """
        if field.length > at_most:
            raise ValueError(f"field {field.number} at byte {field.start:,} has {field.length:,} bytes")
        return self.file.read(field.offset, field.length)


def varint(value: int) -> bytes:
    """Return a number below 2^64 as a VARINT."""
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def header(number: int, length: int) -> bytes:
    """Return what stands before the content of a field of wire type LENGTH."""
    return varint(number << 3 | LENGTH) + varint(length)


def _field(window: bytes, start: int, base: int) -> Field:
    key, at = _number(window, start - base)
    number, wire, value = key >> 3, key & 7, 0
    if wire == VARINT:
        value, end = _number(window, at)
        length = end - at
    elif wire == LENGTH:
        length, at = _number(window, at)
    elif wire in (FIXED32, FIXED64):
        length = 4 if wire == FIXED32 else 8
    else:
        raise ValueError(f"a field of wire type {wire} at byte {start:,}")
    if not 0 < number < 2**29:
        raise ValueError(f"a field of number {number} at byte {start:,}")
    return Field(number, wire, start, base + at, length, value)


def _number(window: bytes, at: int) -> tuple[int, int]:
    """Return the VARINT at a place of the window, and the place after it."""
    value = 0
    for place, byte in enumerate(window[at : at + _LONGEST_NUMBER]):
        value |= (byte & 0x7F) << (7 * place)
        if byte < 0x80:
            if value >= 2**64:
                break
            return value, at + place + 1
    raise ValueError("a number that does not end, or has more than 64 bits")
