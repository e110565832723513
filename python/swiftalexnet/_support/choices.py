"""Names that users type: one place that refuses an unknown one and offers the nearest."""

from collections.abc import Iterable
from typing import Any

from .shown import shown

NEAR = 0.5  # what two names must have in common for one to be offered for the other
_COMPARED = 64  # characters of what was typed

# Names that others have for networks of the catalogue, by their layers with weights.
_ELSEWHERE = {"vgg11": "A", "vgg13": "B", "vgg16": "D", "vgg19": "E"}


def choose(operation: str, what: str, name: Any, known: Iterable[str], cutoff: float = NEAR) -> str:
    """Return `name` if it is one of `known`; a `cutoff` of 0 has the nearest offered, however far it is.

    Raises
    ------
    ValueError
        It is not; the message lists what is known and names the nearest.
    """
    names = list(known)
    if isinstance(name, str) and name in names:
        return name
    raise ValueError(
        f"{operation}: unknown {what} {shown(name)}, expected one of {', '.join(names)}{nearest(name, names, cutoff)}"
    )


def nearest(name: Any, known: Iterable[str], cutoff: float = NEAR) -> str:
    """Return the end of a message that names the nearest of `known`, in whatever case; empty if none is near."""
    if not isinstance(name, str) or not (names := list(known)):
        return ""
    from difflib import SequenceMatcher  # a slow import, for those who mistype

    typed = name[:_COMPARED].casefold()
    elsewhere = _ELSEWHERE.get(typed.replace("-", "").replace("_", ""))
    for each in names if elsewhere else ():
        if each in (elsewhere, f"vgg-{elsewhere}"):
            return f"; did you mean {each!r}?"
    ratios = [SequenceMatcher(None, each.casefold(), typed).ratio() for each in names]
    best = max(ratios)
    return f"; did you mean {names[ratios.index(best)]!r}?" if best >= cutoff else ""
