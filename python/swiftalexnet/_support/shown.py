"""How messages show a value: like `repr`, but short, in one line, and for any object."""

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
