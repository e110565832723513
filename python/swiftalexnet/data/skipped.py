"""Files left out of a data set, by class and reason: one warning, and an error if a class has lost all its images."""

import warnings
from collections import Counter
from collections.abc import Collection
from contextlib import suppress
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import numpy as np

from .._support.shown import shown
from .checks import checked_labels, class_names, source

if TYPE_CHECKING:
    from .dataset import Dataset

Skipped = dict[str, dict[str, int]]  # class, reason, how many

# The last report on each data set, so that `fit`, which evaluates after every epoch, does not repeat it.
_reported: WeakKeyDictionary["Dataset", Skipped] = WeakKeyDictionary()


def report_skipped(data: "Dataset", missing: Collection[int], operation: str, quiet: bool = False) -> None:
    """Warn about files left out of a data set, unless the same warning has been given before.

    Parameters
    ----------
    data : Dataset
    missing : collection of int
        The images that could not be read.
    operation : str
        The beginning of messages.
    quiet : bool
        Do not warn, because another process does.

    Raises
    ------
    ValueError
        A class has lost all its images.
    """
    require_classes(data, missing, operation)
    skipped = skipped_images(data, missing)
    if not skipped or skipped == reported(data):
        return
    with suppress(TypeError):  # a user's data set may not be hashable: then the warning is repeated
        _reported[source(data)] = skipped
    if quiet:
        return
    total = sum(sum(each.values()) for each in skipped.values())
    files = "1 file was" if total == 1 else f"{total} files were"
    message = f"{operation}: {files} left out of {shown(data)}: {describe(skipped)}"
    warnings.warn(message, UserWarning, stacklevel=4)


def reasons_missing(data: "Dataset", missing: Collection[int]) -> list[tuple[int, str]]:
    """Return missing images with the data set's reasons, for `note_missing` in other processes."""
    why = getattr(data, "why_missing", lambda _: "")
    return [(index, str(why(index))) for index in missing]


def note_missing(data: "Dataset", told: Collection[tuple[int, str]]) -> None:
    """Tell a data set, if it counts what it leaves out, of images that another process could not read.

    Raises
    ------
    ValueError
        More images are missing than the data set allows.
    """
    note = getattr(data, "note_missing", None)
    if note is not None:
        for index, why in told:
            note(index, why)


def describe(skipped: Skipped) -> str:
    """Return counts by class and reason in one line."""
    classes = ((name, ", ".join(f"{count} {why}" for why, count in each.items())) for name, each in skipped.items())
    return "; ".join(f"{name}: {reasons}" for name, reasons in classes)


def reported(data: "Dataset") -> Skipped:
    """Return the last report on a data set."""
    with suppress(TypeError):
        return _reported.get(source(data), {})
    return {}


def require_classes(data: "Dataset", missing: Collection[int], operation: str) -> None:
    """Raise ValueError if every image of a class is missing."""
    if not missing:
        return
    labels, indices = checked_labels(data, operation), np.array(sorted(missing))
    all_of_them = np.bincount(labels)
    lost = np.bincount(labels[indices], minlength=len(all_of_them))
    for label in np.flatnonzero((lost > 0) & (lost == all_of_them)):
        name, first = _class_name(data, int(label)), int(indices[labels[indices] == label][0])
        raise ValueError(f"{operation}: none of the {lost[label]} images of {name} can be read: {_why(data, first)}")


def skipped_images(data: "Dataset", missing: Collection[int]) -> Skipped:
    """Return the number of files left out, by class and reason, from the data set's own `left_out` if it has one."""
    own = getattr(data, "left_out", None)
    if own is not None:
        skipped: Skipped = own()
        return skipped
    counts = Counter(checked_labels(data, "loading")[sorted(missing)].tolist()) if missing else {}
    return {_class_name(data, label): {_why(data, 0): count} for label, count in sorted(counts.items())}


def _class_name(data: "Dataset", label: int) -> str:
    names = class_names(data, "loading")
    return str(label) if names is None else names[label]


def _why(data: "Dataset", index: int) -> str:
    """Return why an image is missing: the data set's reason, or that its `image` gave None."""
    why = getattr(data, "why_missing", None)
    return f"{type(source(data)).__name__}.image gave None" if why is None else str(why(index))
