"""Names that users type: one place that refuses an unknown one and offers the nearest, which the engine finds."""

from collections.abc import Iterable
from typing import Any

from .. import _native
from .shown import shown


def choose(
    operation: str, what: str, name: Any, known: Iterable[str], even_if_far: bool = False, also: Iterable[str] = ()
) -> str:
    """Return `name` if it is one of `known`; with `even_if_far` the nearest is offered, however far it is.

    Names in `also`, which the caller understands too, are offered but not listed.

    Raises
    ------
    ValueError
        It is not; the message lists what is known and names the nearest.
    """
    names = list(known)
    if isinstance(name, str) and name in names:
        return name
    end = nearest(name, [*names, *also], even_if_far)
    raise ValueError(f"{operation}: unknown {what} {shown(name)}, expected one of {', '.join(names)}{end}")


def nearest(name: Any, known: Iterable[str], even_if_far: bool = False) -> str:
    """Return the end of a message that names the nearest of `known`, in whatever case; empty if none is near."""
    if not isinstance(name, str) or not (names := list(known)):
        return ""
    lines = "\n".join(plain_text(each).replace("\n", " ") for each in names)
    index = _native.nearest_name(plain_text(name), lines, even_if_far)
    return "" if index < 0 else f"; did you mean {names[index]!r}?"


def plain_text(text: str) -> str:
    """Return what the engine can be told of a text: half characters and zeros become question marks."""
    return text.encode("utf-8", "replace").decode().replace("\0", "?")
