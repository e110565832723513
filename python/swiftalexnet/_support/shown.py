"""How messages show a value: like `repr`, but short, in one line, and for any object; and how an error is told."""

import os
import reprlib
from typing import Any

_LONGEST = 200  # characters

_REPR = reprlib.Repr()
_REPR.maxtuple = _REPR.maxlist = _REPR.maxset = _REPR.maxfrozenset = _REPR.maxdict = 20
_REPR.maxstring = _REPR.maxlong = _REPR.maxother = _LONGEST


def shown(value: Any) -> str:
    """Return `repr(value)`, shortened if it is long or deep; the name of its type if `repr` fails."""
    try:
        text = _REPR.repr(value)
    except Exception:  # a user's class may raise anything, and an int of 5,000 digits raises ValueError
        return f"<{type(value).__name__}>"
    if "\n" in text:  # an array, a table
        text = " ".join(text.split())
    return text if len(text) <= 2 * _LONGEST else f"{text[:_LONGEST]}…"


def describe(error: BaseException) -> str:
    """Return an error in one line."""
    if isinstance(error, OSError) and error.strerror:
        text = error.strerror if error.filename is None else f"{os.fsdecode(error.filename)}: {error.strerror}"
    else:
        text = str(error) or ("out of memory" if isinstance(error, MemoryError) else type(error).__name__)
    return " ".join(text.split())
