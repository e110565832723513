"""Checks for arguments of one class, such as a model or a history, and for sequences."""

from collections.abc import Iterable
from itertools import islice
from typing import Any

from .shown import shown


def require_kind(value: Any, kind: type, name: str, operation: str, expected: str | None = None) -> None:
    """Raise TypeError unless it is an instance of `kind`; `expected` is its name in the message."""
    if not isinstance(value, kind):
        raise TypeError(f"{operation}: {name} is {shown(value)}, expected a {expected or kind.__name__}")


def as_items(values: Any, name: str, operation: str, most: int = 10_000) -> list[Any]:
    """Return a caller's sequence as a list; an endless one is read only up to the limit.

    Raises
    ------
    TypeError
        A text, or something that is not iterable.
    ValueError
        More than `most` items.
    """
    if isinstance(values, (str, bytes)) or not isinstance(values, Iterable):
        raise TypeError(f"{operation}: {name} is {shown(values)}, expected a sequence")
    items = list(islice(values, most + 1))
    if len(items) > most:
        raise ValueError(f"{operation}: {name} has more than {most:,} items, expected at most that")
    return items
