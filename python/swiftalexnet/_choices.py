"""Names that users type: one place that refuses an unknown one and offers the nearest."""

from collections.abc import Iterable
from typing import Any

from .errors import UnsupportedError


def choose(operation: str, what: str, name: Any, known: Iterable[str]) -> str:
    """Return `name` if it is one of `known`.

    Raises
    ------
    ValueError
        It is not; the message lists what is known and names the nearest.
    """
    names = list(known)
    if isinstance(name, str) and name in names:
        return name
    raise ValueError(f"{operation}: unknown {what} {name!r}, expected one of {', '.join(names)}{nearest(name, names)}")


def nearest(name: Any, known: Iterable[str]) -> str:
    """Return the end of a message that names the nearest of `known`; empty if none is near."""
    import difflib  # a slow import, for those who mistype

    near = difflib.get_close_matches(name.lower(), known, 1, 0.5) if isinstance(name, str) else []
    return f"; did you mean {near[0]!r}?" if near else ""


def choose_precision(operation: str, precision: Any) -> None:
    """Accept the arithmetic that the engine has: float32.

    Raises
    ------
    UnsupportedError
        A precision that is planned but not there.
    ValueError
        A word that names no precision.
    """
    if choose(operation, "precision", precision, ("float32", "auto", "bfloat16", "float64")) not in ("float32", "auto"):
        raise UnsupportedError(f"{operation}: precision {precision!r} is not there yet, expected 'float32' or 'auto'")
