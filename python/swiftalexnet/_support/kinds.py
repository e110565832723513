"""Arguments that must be of one class, a model or a history, or several things: names, numbers, models."""

from collections.abc import Iterable
from itertools import islice
from typing import Any

from .shown import shown


def require_kind(value: Any, kind: type, name: str, operation: str, expected: str | None = None) -> None:
    """Refuse what is not an instance of `kind` with a TypeError; `expected` is the word for it in the message."""
    if not isinstance(value, kind):
        raise TypeError(f"{operation}: {name} is {shown(value)}, expected a {expected or kind.__name__}")


def as_items(values: Any, name: str, operation: str, most: int = 10_000) -> list[Any]:
    """Return what a caller gave several of as a list; what has no end is not gone through.

    Raises
    ------
    TypeError
        A text, or something that cannot be gone through.
    ValueError
        More than `most`.
    """
    if isinstance(values, (str, bytes)) or not isinstance(values, Iterable):
        raise TypeError(f"{operation}: {name} is {shown(values)}, expected a sequence")
    items = list(islice(values, most + 1))
    if len(items) > most:
        raise ValueError(f"{operation}: {name} has more than {most:,} items, expected at most that")
    return items
