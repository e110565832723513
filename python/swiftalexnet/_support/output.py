"""Text for people: characters that a stream cannot encode are written in ASCII or dropped, so output never fails."""

import io
import select
import sys
import warnings
from contextlib import suppress
from typing import Any

# Replacements for characters that a stream's encoding lacks; others are written as their code ("\xfc").
_ASCII_REPLACEMENTS = {"–": "-", "—": "-", "×": "x", "÷": "/", "·": "*", "…": "...", "→": "->", "≤": "<=", "≥": ">="}


def print_text(text: str, stream: Any = "stdout") -> bool:
    """Write a line of text to a stream, by default `sys.stdout`; never raises because of the stream.

    Parameters
    ----------
    text : str
    stream : text stream or None
        None, which Python uses for a closed stream, accepts nothing.

    Returns
    -------
    bool
        Whether all of it was written.
    """
    return write_text(f"{text}\n", sys.stdout if isinstance(stream, str) else stream)


def write_text(text: str, stream: Any, wait: bool = True) -> bool:
    """Write a text like `print_text`, without a newline; without `wait` only if the stream does not block."""
    try:
        raw = _descriptor_of(stream)
        if not (wait or raw is None or _takes_more(raw)):
            return False
        stream.flush()  # earlier output comes first
        if raw is None:
            stream.write(_encodable(text, stream))
            stream.flush()
            return True
        return _write_all(_encodable(text, stream).encode(stream.encoding, stream.errors), raw, wait)
    except Exception:  # a stream may be any object, and may be closed, full or gone
        return False


def warn(message: str, stacklevel: int) -> None:
    """Give a UserWarning; it raises only if the caller's filters turn warnings into errors."""
    try:
        warnings.warn(message, UserWarning, stacklevel=stacklevel + 1)
    except Warning:
        raise
    except Exception:  # for example, standard error is a closed file
        return


def _descriptor_of(stream: Any) -> io.FileIO | None:
    """Return the unbuffered file of one of Python's own streams.

    Writing to it leaves nothing in a buffer; buffered data that cannot be written would end the process with status
    120 when Python flushes its streams at exit.
    """
    if type(stream) is not io.TextIOWrapper:
        return None
    raw = getattr(stream.buffer, "raw", stream.buffer)
    return raw if isinstance(raw, io.FileIO) else None


def _write_all(data: bytes, raw: io.FileIO, wait: bool) -> bool:
    rest = memoryview(data)
    while rest:
        count = raw.write(rest)
        if count is not None:
            rest = rest[count:]
        elif wait:  # a nonblocking descriptor that is full
            select.select((), (raw,), ())
        else:
            return False
    return True


def _takes_more(raw: io.FileIO) -> bool:
    """Return whether a write would not block, as it does on a stopped terminal or a full pipe."""
    asked = select.poll()
    asked.register(raw, select.POLLOUT)
    return bool(asked.poll(0))


def _encodable(text: str, stream: Any) -> str:
    """Return the text with only those characters that the stream's encoding has."""
    encoding = getattr(stream, "encoding", None)
    if not isinstance(encoding, str):
        return text
    with suppress(UnicodeEncodeError):
        text.encode(encoding, getattr(stream, "errors", None) or "strict")
        return text
    return "".join(_encodable_character(each, encoding) for each in text)


def _encodable_character(character: str, encoding: str) -> str:
    with suppress(UnicodeEncodeError):
        character.encode(encoding)
        return character
    return _ASCII_REPLACEMENTS.get(character) or character.encode("ascii", "backslashreplace").decode()
