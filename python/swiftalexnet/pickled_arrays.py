"""Read a pickle of dicts, lists, numbers, text and uint8 arrays, and nothing else, without running what it names.

A pickle is a program: it may name any function and have it called. Here the three names that an array of numpy needs
mean placeholders, which keep what they are given; every other name is an error. So no code of numpy's sees unchecked
values either. The unpickler is Python's own in Python: the one in C lets a few bytes ask for gigabytes of memo.
"""

import io
import math
import pickle
from typing import Any

import numpy as np
from numpy.typing import NDArray

_Tuple = tuple[Any, ...]


class _DType:
    """Stands for `numpy.dtype`: its code, for instance "u1"."""

    __slots__ = ("code",)

    def __init__(self, code: Any, *_: Any):
        self.code = code.decode("ascii") if isinstance(code, bytes) else code

    def __setstate__(self, state: Any) -> None:
        """Ignore byte order and fields: uint8 has neither."""


class _NDArray:
    """Stands for `numpy.ndarray`, which a pickle names and does not call."""

    __slots__ = ()

    def __setstate__(self, state: Any) -> None:
        raise pickle.UnpicklingError("an array's type is given a state")


class _Array:
    """Stands for `numpy.core.multiarray._reconstruct`, and is then the array it makes."""

    __slots__ = ("pixels",)

    pixels: NDArray[np.uint8]

    def __init__(self, kind: Any, *_: Any):
        if kind is not _NDArray:
            raise pickle.UnpicklingError("an array of an unknown type")

    def __setstate__(self, state: _Tuple) -> None:
        _, shape, dtype, fortran, data = state
        if not isinstance(dtype, _DType) or dtype.code not in ("u1", "|u1"):
            raise pickle.UnpicklingError("an array that is not of uint8")
        if not isinstance(data, bytes) or not all(type(side) is int and side >= 0 for side in shape):
            raise pickle.UnpicklingError("an array without shape or bytes")
        if len(data) != math.prod(shape):
            raise pickle.UnpicklingError(f"{len(data)} bytes for an array of shape {shape}")
        self.pixels = np.frombuffer(data, np.uint8).reshape(shape, order="F" if fortran else "C")


_KNOWN = {
    ("numpy.core.multiarray", "_reconstruct"): _Array,
    ("numpy._core.multiarray", "_reconstruct"): _Array,
    ("numpy", "ndarray"): _NDArray,
    ("numpy", "dtype"): _DType,
}


class _Unpickler(pickle._Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        """Return the placeholder of a name that arrays need; refuse all others."""
        if (module, name) not in _KNOWN:
            raise pickle.UnpicklingError(f"it names {module}.{name}, expected only arrays of numpy")
        return _KNOWN[module, name]


def read_pickle(data: bytes, name: str) -> dict[str, Any]:
    """Return a pickled dict, by text keys, with arrays of uint8 among its values; text of Python 2 stays bytes.

    Raises
    ------
    ValueError
        It is damaged, holds something else, or names anything but numpy's arrays; nothing of it has been run.
    """
    try:
        found = _Unpickler(io.BytesIO(data), encoding="bytes").load()
    except MemoryError:
        raise
    except Exception as error:  # a damaged pickle can raise nearly every type there is
        raise ValueError(f"{name} cannot be read: {error or type(error).__name__}") from error
    if not isinstance(found, dict):
        raise ValueError(f"{name} holds a {type(found).__name__}, expected a dict")
    return {_text(key): value.pixels if isinstance(value, _Array) else value for key, value in found.items()}


def _text(key: Any) -> str:
    return key.decode("latin-1") if isinstance(key, bytes) else str(key)
