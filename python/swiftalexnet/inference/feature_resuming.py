"""Whether files hold the features that a call asks for, complete or as far as an earlier call has come."""

import json
from collections.abc import Iterable, Mapping
from itertools import zip_longest
from typing import Any

from ..errors import MALFORMED
from ..files.paths import open_regular
from .feature_files import RUN
from .feature_images import Entry, Given
from .feature_results import StoredFeatures
from .feature_run import differences
from .feature_target import Target

_WAY_OUT = "give another out, or begin anew and replace it with resume=False"


def standing(target: Target, run: Mapping[str, Any]) -> StoredFeatures | bool:
    """Return what an equal call has left: complete features, True for unfinished ones, False for nothing.

    Raises
    ------
    ValueError
        There are other features, or arrays that nothing describes; the message says what differs.
    """
    unfinished = _unfinished_run(target)
    if unfinished is not None and not differences(unfinished, run):
        return True
    other = unfinished
    if target.sidecar.exists():
        stored = StoredFeatures(target.path)
        if not differences(stored.provenance, run):
            return stored
        other = stored.provenance
    if other is not None:
        raise ValueError(f"features: {target.path} holds other features: {differences(other, run)}; {_WAY_OUT}")
    for row in run["layers"].values():
        if (file := target.final(row["file"])).exists():
            raise ValueError(f"features: {file} exists, and no {target.sidecar.name} says what it holds; {_WAY_OUT}")
    return False


def require_same_images(there: Iterable[Entry], count: int, given: Given, target: Target, complete: bool) -> None:
    """Raise ValueError unless the given images begin with those that are there, or, if `complete`, are the same.

    Parameters
    ----------
    there : iterable of Entry
    count : int
        Their number.
    given : Given
        Whose first images are used up, if it is an iterator.
    target : Target
    complete : bool
    """
    start = f"features: {target.path} holds features of other images: "
    for number, (old, new) in enumerate(zip_longest(there, given.first(count + complete))):
        if new is None:
            raise ValueError(f"{start}{count:,} or more there, {number:,} here; {_WAY_OUT}")
        if old is None:
            raise ValueError(f"{start}{count:,} there, {given.count or 'more'} here; {_WAY_OUT}")
        if old.name != new.name:
            raise ValueError(f"{start}image {number} is {old.name!r} there and {new.name!r} here; {_WAY_OUT}")
        if old.stamp != new.stamp:
            raise ValueError(f"{start}image {number}, {old.name!r}, has changed since; {_WAY_OUT}")


def _unfinished_run(target: Target) -> dict[str, Any] | None:
    """Return what the unfinished run in the target's folder is; None for no run, or one that nothing can be said of.

    A file that cannot be read is not taken for none, which would remove what the run has computed.
    """
    try:
        with open_regular(target.work / RUN) as file:
            run = json.loads(file.read())
    except (FileNotFoundError, NotADirectoryError, *MALFORMED):
        return None
    return run if isinstance(run, dict) else None
