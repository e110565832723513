"""Read a pickled dict of numbers, text, lists and uint8 arrays, and nothing else, without running any of its code.

Lists and dicts do not nest in what is returned, and its size is at most that of the pickle.
"""

from typing import Any

import numpy as np

from ...files.pickles.arrays import ARRAYS, PickledArray
from ...files.pickles.reading import run_pickle
from ...files.pickles.values import InMemory, Vocabulary

_STEPS_LIMIT = 1 << 20  # a batch of 10,000 images takes at most 100,000
_MOST_DIMENSIONS = 4

# What Python 2 and 3 write for such dicts in protocols 0 to 2.
_VOCABULARY = Vocabulary(ARRAYS, "arrays of numpy", protocol=2)


def read_pickle(data: bytes, name: str) -> dict[str, Any]:
    """Return a pickled dict with text keys and arrays of uint8 among its values; text of Python 2 stays bytes.

    Raises
    ------
    ValueError
        It is damaged, has a protocol above 2, contains anything else, or names anything but numpy's arrays; none of its
        code has been run.
    """
    try:
        found = run_pickle(InMemory(data), _VOCABULARY, _STEPS_LIMIT).value
        if not isinstance(found, dict):
            raise ValueError(f"it holds a {type(found).__name__}, expected a dict")
        return {_text(key): _value(value) for key, value in found.items()}
    except MemoryError:
        raise
    except Exception as error:  # damaged text and numbers, and warnings turned into errors
        raise ValueError(f"{name} cannot be read: {error}") from error


def _text(key: Any) -> str:
    if type(key) not in (str, bytes, int):
        raise ValueError("a key that is neither text nor an integer")
    return key.decode("latin-1") if isinstance(key, bytes) else str(key)


def _value(value: Any) -> Any:
    if _is_plain(value) or (type(value) is list and all(map(_is_plain, value))):
        return value
    if not isinstance(value, PickledArray):
        raise ValueError("a dict of something else than numbers, text, lists and arrays")
    if value.shape is None:
        raise ValueError("an array without its state")
    if value.dtype != np.uint8 or len(value.shape) > _MOST_DIMENSIONS:
        raise ValueError(f"an array of {value.dtype} of shape {value.shape}, expected uint8")
    return value.array()


def _is_plain(value: Any) -> bool:
    return value is None or type(value) in (int, bool, str, bytes)
