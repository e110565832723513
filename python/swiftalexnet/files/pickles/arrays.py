"""numpy's arrays, types and numbers in pickles, of numpy 1 and 2."""

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .values import Name, Payload, text_of

_CODES = ("b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8")
_ORDERS = {"<": "<", ">": ">", "|": "<", "=": "<"}  # of one byte, or a native order: all machines of today
_MOST_DIMENSIONS = 32
_LONGEST_CODE = 16


class PickledType:
    """Stands for an instance of `numpy.dtype`.

    Attributes
    ----------
    code : str
        Such as "f4" or "O".
    order : str
        "<" or ">".
    """

    def __init__(self, code: Any, *_: Any):
        text = text_of(code)
        if text is None or len(text) > _LONGEST_CODE:
            raise ValueError("a type of numbers without a code")
        self.order = _ORDERS.get(text[:1], "<")
        self.code = text.lstrip("<>|=")

    def set_state(self, state: Any) -> None:
        """Take the order of bytes; fields and alignment belong to types that are not read."""
        order = text_of(state[1]) if isinstance(state, tuple) and len(state) > 1 else None
        if order not in _ORDERS:
            raise ValueError("a type of numbers without an order of bytes")
        self.order = _ORDERS[order]

    def dtype(self) -> np.dtype[Any] | None:
        """Return numpy's type if it is one of numbers."""
        return np.dtype(f"{self.order}{self.code}") if self.code in _CODES else None


class PickledArray:
    """Stands for an array of numpy.

    Attributes
    ----------
    shape : tuple of int
    dtype : numpy.dtype or None
        None if it is not of numbers.
    is_fortran : bool
        Whether the first dimension varies fastest.
    data : bytes, Payload or list
        A list if it is of objects.
    """

    def __init__(self, *_: Any) -> None:
        self.shape: tuple[int, ...] | None = None

    def set_state(self, state: Any) -> None:
        """Take shape, type and bytes, whose number must fit."""
        if not isinstance(state, tuple) or len(state) != 5:
            raise ValueError("an array without shape or bytes")
        self._set(*state[1:])

    def _set(self, shape: Any, kind: Any, is_fortran: Any, data: Any) -> None:
        if not isinstance(shape, tuple) or len(shape) > _MOST_DIMENSIONS or not isinstance(kind, PickledType):
            raise ValueError("an array without shape or type")
        if not all(type(side) is int and side >= 0 for side in shape):
            raise ValueError("an array whose shape is not of integers")
        count, self.dtype = math.prod(shape), kind.dtype()
        if kind.code.startswith("O"):  # "O8": a pointer has eight bytes
            if not isinstance(data, list) or len(data) != count:
                raise ValueError(f"an array of objects of shape {shape} without its objects")
        elif not isinstance(data, (bytes, Payload)):
            raise ValueError("an array without bytes")
        elif self.dtype is not None and size_of(data) != count * self.dtype.itemsize:
            raise ValueError(f"{size_of(data):,} bytes for an array of {self.dtype} of shape {shape}")
        self.shape, self.is_fortran, self.data = shape, bool(is_fortran), data

    def read(self, start: int, stop: int) -> NDArray[Any]:
        """Return numbers from `start` to `stop`, counted in the order of the bytes."""
        assert self.dtype is not None and not isinstance(self.data, list)
        first, last = start * self.dtype.itemsize, stop * self.dtype.itemsize
        return np.frombuffer(
            self.data[first:last] if isinstance(self.data, bytes) else self.data.read(first, last), self.dtype
        )

    def array(self) -> NDArray[Any]:
        """Return the array of numbers."""
        assert self.shape is not None
        return self.read(0, math.prod(self.shape)).reshape(self.shape, order="F" if self.is_fortran else "C")


def size_of(data: bytes | Payload) -> int:
    """Return the number of bytes."""
    return len(data) if isinstance(data, bytes) else data.size


def _reconstruct(kind: Any, *_: Any) -> PickledArray:
    if not isinstance(kind, Name) or kind.text not in ("numpy.ndarray", "numpy.matrix"):
        raise ValueError("an array of another class than numpy's")
    return PickledArray()


def _from_buffer(data: Any, kind: Any, shape: Any, order: Any, *_: Any) -> PickledArray:
    """Return an array of protocol 5."""
    array = PickledArray()
    array.set_state((1, shape, kind, text_of(order) == "F", data))
    return array


def _scalar(kind: Any, data: Any) -> Any:
    """Return a number as Python's."""
    array = PickledArray()
    array.set_state((1, (), kind, False, data))
    return None if array.dtype is None else array.array().item()


def _class(*_: Any) -> Any:
    raise ValueError("an array that is made by its class")


ARRAYS: Mapping[tuple[str, str], Callable[..., Any]] = {
    **{(f"numpy.{core}.multiarray", "_reconstruct"): _reconstruct for core in ("core", "_core")},
    **{(f"numpy.{core}.multiarray", "scalar"): _scalar for core in ("core", "_core")},
    **{(f"numpy.{core}.numeric", "_frombuffer"): _from_buffer for core in ("core", "_core")},
    ("numpy", "ndarray"): _class,
    ("numpy", "dtype"): PickledType,
}
