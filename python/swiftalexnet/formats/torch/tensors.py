"""Tensors and storages as PyTorch's pickles describe them."""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from ...files.pickles.arrays import ARRAYS
from ...files.pickles.values import Name, Opaque, ordered, text_of
from ..stored import MOST_DIMENSIONS, Stored

Read = Callable[[int, int], NDArray[Any]]

_BFLOAT16 = "BFloat16"  # the upper half of a float32
_FLOATS = {"Float": "f4", "Double": "f8", "Half": "f2", _BFLOAT16: "u2", "ComplexFloat": "c8", "ComplexDouble": "c16"}
_INTEGERS = {"Bool": "b1", "Byte": "u1", "Char": "i1", "Short": "i2", "Int": "i4", "Long": "i8", "Untyped": "u1"}
_KINDS = {**_FLOATS, **_INTEGERS, "QInt8": "i1", "QUInt8": "u1", "QInt32": "i4"}
_STORAGE = re.compile(r"torch\.(?:cuda\.|storage\._?)?(\w+)Storage")
_MOST_ELEMENTS = 1 << 40
_MOST_SIDES = 64
_LONGEST_KEY = 64


@dataclass(frozen=True)
class Storage:
    """A one-dimensional piece of memory.

    Attributes
    ----------
    kind : str
        Of `_KINDS`: "Float", "Half", "BFloat16", …
    dtype : numpy.dtype
        Of its numbers in the file.
    size : int
        Number of elements.
    read : callable
        `read(start, stop)` returns elements.
    """

    kind: str
    dtype: np.dtype[Any]
    size: int
    read: Read


@dataclass(frozen=True)
class StorageId:
    """What a pickle says of a storage: ('storage', type, key, device, elements, view of the legacy container)."""

    kind: str
    key: str
    size: int
    view: tuple[int, int] | None  # offset and elements within the storage

    @classmethod
    def parse(cls, identifier: Any) -> "StorageId | None":
        """Return the parts of a persistent identifier; None if it is not that of a storage.

        Raises
        ------
        ValueError
            A storage of a type that is not known, or whose size is none.
        """
        if not isinstance(identifier, tuple) or len(identifier) < 5 or text_of(identifier[0]) != "storage":
            return None
        kind, key, size = identifier[1], text_of(identifier[2]), identifier[4]
        match = _STORAGE.fullmatch(kind.text) if isinstance(kind, Name) else None
        if match is None or match[1] not in _KINDS or key is None or len(key) > _LONGEST_KEY:
            raise ValueError("it has a storage of an unknown type or without a key")
        view = identifier[5] if len(identifier) > 5 else None
        bounds = None if view is None else (view[1], view[2]) if isinstance(view, tuple) and len(view) == 3 else (-1, 0)
        if not all(type(each) is int and 0 <= each < _MOST_ELEMENTS for each in (size, *(bounds or ()))):
            raise ValueError(f"storage {key} has a size or a view that is not one")
        return cls(match[1], key, size, bounds)

    def dtype(self, order: str = "<") -> np.dtype[Any]:
        """Return the type of its numbers in the file."""
        return np.dtype(order + _KINDS[self.kind])


@dataclass(frozen=True)
class Tensor:
    """A view of a storage; strides count elements."""

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    def set_state(self, state: Any) -> None:
        """Leave out the attributes that a program gave it."""

    def stored(self, name: str) -> Stored:
        """Return the tensor under a name; bfloat16 becomes float32."""
        order = _order(self.shape, self.strides)
        read = self._gathered() if order is None else self._dense
        in_c_order = order is None or order == tuple(range(len(self.shape)))
        is_wide = self.storage.kind != _BFLOAT16
        dtype = self.storage.dtype if is_wide else np.dtype(np.float32)
        return Stored(name, self.shape, dtype, read if is_wide else _widened(read), None if in_c_order else order)

    def _dense(self, start: int, stop: int) -> NDArray[Any]:
        return self.storage.read(self.offset + start, self.offset + stop)

    def _gathered(self) -> Read:
        """Return a reader of a tensor with gaps, in C order; it keeps the tensor, which is rare and not large."""

        @cache
        def flat() -> NDArray[Any]:
            span = self.storage.read(self.offset, self.offset + _span(self.shape, self.strides))
            steps = tuple(stride * span.itemsize for stride in self.strides)
            return as_strided(span, self.shape, steps).reshape(-1)

        return lambda start, stop: flat()[start:stop]


def _widened(read: Read) -> Read:
    return lambda start, stop: (read(start, stop).astype(np.uint32) << 16).view(np.float32)


def _order(shape: tuple[int, ...], strides: tuple[int, ...]) -> tuple[int, ...] | None:
    """Return the axes from the slowest to the fastest; None if the elements have gaps between them."""
    wide = [axis for axis, side in enumerate(shape) if side != 1]
    wide.sort(key=lambda axis: (-strides[axis], axis))
    expected = 1
    for axis in reversed(wide):
        if strides[axis] != expected:
            return None
        expected *= shape[axis]
    if wide == sorted(wide):
        return tuple(range(len(shape)))
    return (*wide, *(axis for axis, side in enumerate(shape) if side == 1))


def _span(shape: tuple[int, ...], strides: tuple[int, ...]) -> int:
    """Return the number of elements from the first to the last."""
    if 0 in shape:
        return 0
    return 1 + sum((side - 1) * stride for side, stride in zip(shape, strides, strict=True))


def _tensor(storage: Any, offset: Any, shape: Any, strides: Any, *_: Any) -> Tensor | Opaque:
    """Return what `torch._utils._rebuild_tensor_v2` does."""
    if isinstance(storage, Opaque):
        return storage
    if not isinstance(storage, Storage) or not isinstance(shape, tuple) or not isinstance(strides, tuple):
        raise ValueError("a tensor without storage or shape")
    if len(shape) != len(strides) or not all(
        type(each) is int and 0 <= each < _MOST_ELEMENTS for each in (offset, *shape, *strides)
    ):
        raise ValueError("a tensor whose shape and strides are not integers")
    if offset + _span(shape, strides) > storage.size:
        raise ValueError(f"a tensor of shape {shape[:9]} from {offset} on in a storage of {storage.size:,} elements")
    if len(shape) > MOST_DIMENSIONS or math.prod(shape) > storage.size:
        return Opaque("tensor that repeats elements or has many dimensions")
    return Tensor(storage, offset, shape, strides)


def _first(data: Any, *_: Any) -> Any:
    """Return the tensor that a parameter has."""
    return data


def _of_type(make: Any, _: Any, arguments: Any, *__: Any) -> Any:
    """Return the tensor that an object of a class made of tensors has."""
    if isinstance(make, Name) and make.make is not None and isinstance(arguments, tuple):
        return make.make(*arguments)
    return Opaque("tensor of a class of its own")


def _size(sides: Any = ()) -> tuple[Any, ...]:
    """Return a `torch.Size`."""
    if not isinstance(sides, (list, tuple)) or len(sides) > _MOST_SIDES:
        raise ValueError("a size of something else than a few numbers")
    return tuple(sides)


NAMES: Mapping[tuple[str, str], Callable[..., Any]] = {
    **ARRAYS,
    ("collections", "OrderedDict"): ordered,
    ("torch", "Size"): _size,
    ("torch._utils", "_rebuild_tensor"): _tensor,
    ("torch._utils", "_rebuild_tensor_v2"): _tensor,
    ("torch._utils", "_rebuild_parameter"): _first,
    ("torch._utils", "_rebuild_parameter_with_state"): _first,
    ("torch.nn.parameter", "Parameter"): _first,
    ("torch.nn.parameter", "Buffer"): _first,
    ("torch._tensor", "_rebuild_from_type_v2"): _of_type,
}
