"""Text for people. What a stream cannot encode is written in ASCII, or dropped: output never ends the work."""

import io
import select
import sys
import warnings
from contextlib import suppress
from typing import Any

# What is said instead where a stream's encoding lacks a character; any other is written as its number ("\xfc").
_LIKE_IN_ASCII = {"–": "-", "—": "-", "×": "x", "÷": "/", "·": "*", "…": "...", "→": "->", "≤": "<=", "≥": ">="}


def print_text(text: str, stream: Any = "stdout") -> bool:
    """Write a text and the end of its line to a stream, by default `sys.stdout`; never raises because of the stream.

    Parameters
    ----------
    text : str
    stream : text stream or None
        None, what Python has in place of a closed stream, takes nothing.

    Returns
    -------
    bool
        Whether all of it was written.
    """
    return write_text(f"{text}\n", sys.stdout if isinstance(stream, str) else stream)


def write_text(text: str, stream: Any, wait: bool = True) -> bool:
    """Write a text as `print_text` does, without an end of line; without `wait` only if the stream takes it at once."""
    try:
        raw = _descriptor_of(stream)
        if not (wait or raw is None or _takes_more(raw)):
            return False
        stream.flush()  # what others have written comes first
        if raw is None:
            stream.write(_sayable(text, stream))
            stream.flush()
            return True
        return _write_all(_sayable(text, stream).encode(stream.encoding, stream.errors), raw, wait)
    except Exception:  # a stream may be anything, and may be closed, full, gone or foreign
        return False


def warn(message: str, stacklevel: int) -> None:
    """Give a UserWarning; it raises only if the caller's filters turn warnings into errors."""
    try:
        warnings.warn(message, UserWarning, stacklevel=stacklevel + 1)
    except Warning:
        raise
    except Exception:  # standard error is a closed file, for instance
        return


def _descriptor_of(stream: Any) -> io.FileIO | None:
    """Return the file below one of Python's own streams.

    What is written there leaves nothing in a buffer; a rest that cannot be written would end the process with status
    120, when Python flushes its streams at the end.
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
        elif wait:  # a descriptor that does not wait, and is full
            select.select((), (raw,), ())
        else:
            return False
    return True


def _takes_more(raw: io.FileIO) -> bool:
    """Whether a write would not wait, as it does on a stopped terminal or a pipe without a reader."""
    asked = select.poll()
    asked.register(raw, select.POLLOUT)
    return bool(asked.poll(0))


def _sayable(text: str, stream: Any) -> str:
    """Return the text, in characters that the stream's encoding has."""
    encoding = getattr(stream, "encoding", None)
    if not isinstance(encoding, str):
        return text
    with suppress(UnicodeEncodeError):
        text.encode(encoding, getattr(stream, "errors", None) or "strict")
        return text
    return "".join(_sayable_character(each, encoding) for each in text)


def _sayable_character(character: str, encoding: str) -> str:
    with suppress(UnicodeEncodeError):
        character.encode(encoding)
        return character
    return _LIKE_IN_ASCII.get(character) or character.encode("ascii", "backslashreplace").decode()
