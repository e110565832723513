"""The bytes of a pickle from the first to the last, read in pieces."""

from .values import Payload, Source

_PIECE = 1 << 16


class Window:
    """A cursor in a source, between two offsets.

    Attributes
    ----------
    at : int
        The offset of the next byte.
    """

    def __init__(self, source: Source, start: int, end: int):
        self.at, self._end, self._source = start, end, source
        self._piece, self._begin = b"", start  # what has been read ahead, and from where

    def take(self, count: int) -> bytes:
        """Return the next bytes."""
        at = self.at - self._begin
        if at < 0 or at + count > len(self._piece):
            if count > self._end - self.at:
                raise ValueError("it is cut short")
            self._begin, at = self.at, 0
            self._piece = self._source.read(self.at, min(max(count, _PIECE), self._end - self.at))
        self.at += count
        return self._piece[at : at + count]

    def number(self, count: int, signed: bool = False) -> int:
        """Return the next bytes as an integer."""
        return int.from_bytes(self.take(count), "little", signed=signed)

    def skip(self, count: int) -> Payload:
        """Pass over bytes, which stay in the source."""
        if count > self._end - self.at:
            raise ValueError("it is cut short")
        self.at += count
        return Payload(self._source, self.at - count, count)

    def line(self, limit: int | None = None) -> bytes:
        """Return the bytes before the next line feed, and pass over both."""
        line = self.take(self.line_length(limit))
        self.at += 1
        return line

    def line_length(self, limit: int | None = None) -> int:
        """Return the number of bytes before the next line feed.

        Raises
        ------
        ValueError
            There is none, or more than `limit` bytes before it.
        """
        end = self._end if limit is None else min(self.at + limit + 1, self._end)
        at, first = self.at, self.at - self._begin
        piece = self._piece[first : end - self._begin] if 0 <= first < len(self._piece) else b""
        while (place := piece.find(b"\n")) < 0:
            at += len(piece)
            if at >= end:
                raise ValueError("it is cut short" if end == self._end else f"a line of more than {limit} characters")
            piece = self._source.read(at, min(_PIECE, end - at))
        return at + place - self.at
