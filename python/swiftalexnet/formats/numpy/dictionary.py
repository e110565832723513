"""Dictionaries of arrays: {"conv1": [weight, bias]}, {"conv1": {"weights": …}}, {"conv1_W": …}, {"conv1.weight": …}."""

from collections.abc import Mapping
from typing import Any

from ...files.pickles.arrays import ARRAYS, PickledArray
from ...files.pickles.reading import run_pickle, steps_for
from ...files.pickles.values import Source, Vocabulary, by_text, ordered
from ..pickled import stored_array
from ..stored import Stored

_VOCABULARY = Vocabulary(
    {**ARRAYS, ("collections", "OrderedDict"): ordered},
    "arrays of numpy",
    unknown=True,
)
_MOST_PARTS = 16  # of a layer
PAIR = ("weights", "biases")  # what an array or a list of two is


def objects_of(source: Source, start: int, end: int, size: int) -> Any:
    """Return the one object, or the list of objects, of a pickled array of objects; `size` is that of the file."""
    found = run_pickle(source, _VOCABULARY, steps_for(size), start, end).value
    if not isinstance(found, PickledArray) or not isinstance(getattr(found, "data", None), list):
        raise ValueError("its pickle is not an array of objects")
    return found.data[0] if found.shape == () else found.data


def tensors_of(name: str, value: Any) -> dict[str, Stored]:
    """Return the tensors in a value under a name: "conv1/weights", "conv1/biases"; other values are left out."""
    if isinstance(value, PickledArray):
        if isinstance(getattr(value, "data", None), list):
            value = value.data
        else:
            return {name: stored_array(name, value)} if value.dtype is not None else {}
    if isinstance(value, (list, tuple)) and 0 < len(value) <= len(PAIR):
        value = dict(zip(PAIR, value, strict=False))
    is_small = isinstance(value, dict) and len(value) <= _MOST_PARTS
    parts: Mapping[str, Any] = by_text(value) if is_small else {}
    found = {f"{name}/{part}": each for part, each in parts.items() if isinstance(each, PickledArray)}
    return {part: stored_array(part, each) for part, each in found.items() if each.dtype is not None}
