"""Arithmetic of the short arrays that a graph computes sizes with."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..stored import Stored
from .constants import LARGEST, Constant, target_sizes
from .operation import Operation

_MOST = 1 << 18  # elements of all arrays that are read or made


class Folding:
    """Computes constants from constants, as long as they are short."""

    def __init__(self) -> None:
        self._left = _MOST

    def apply(self, node: Operation, values: Sequence[Constant | None]) -> Constant | None:
        """Return the result of a node whose inputs are constants; None if its operator is not one for sizes."""
        function = _FUNCTIONS.get(node.kind)
        if function is None:
            return None
        sizes = [value.stored.size for value in values if value is not None]
        self._left -= sum(sizes)
        if max(sizes) > LARGEST or self._left < 0:
            raise node.unsupported("it computes too many numbers that do not depend on the input")
        arrays = [None if value is None else value.values() for value in values]
        result = function(node, arrays)
        return self.keep(node, np.asarray(result))

    def keep(self, node: Operation, result: NDArray[Any]) -> Constant:
        """Return an array as a constant."""
        self._left -= result.size
        if result.size > LARGEST or self._left < 0:
            raise node.unsupported("it computes too many numbers that do not depend on the input")
        return Constant(Stored.of_array(node.name, result))


Arrays = Sequence[Any]


def _axes(node: Operation, arrays: Arrays, at: int) -> list[int] | None:
    """Return axes, which older operator sets have as an attribute and newer ones as an input."""
    if len(arrays) > at and arrays[at] is not None:
        return [int(axis) for axis in arrays[at].reshape(-1)]
    return node.integers("axes")


def _squeeze(node: Operation, arrays: Arrays) -> Any:
    axes = _axes(node, arrays, 1)
    return np.squeeze(arrays[0], None if axes is None else tuple(axes))


def _unsqueeze(node: Operation, arrays: Arrays) -> Any:
    return np.expand_dims(arrays[0], tuple(_axes(node, arrays, 1) or ()))


def _slice(node: Operation, arrays: Arrays) -> Any:
    array = arrays[0]
    given = [None if a is None else [int(n) for n in a.reshape(-1)] for a in arrays[1:]] + [None] * 4
    starts = given[0] if given[0] is not None else node.integers("starts") or []
    ends = given[1] if given[1] is not None else node.integers("ends") or []
    axes = given[2] if given[2] is not None else node.integers("axes") or list(range(len(starts)))
    steps = given[3] if given[3] is not None else [1] * len(starts)
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        cut = [slice(None)] * array.ndim
        cut[axis] = slice(start, end if end >= -(2**31) else None, step)
        array = array[tuple(cut)]
    return array


def _reshape(node: Operation, arrays: Arrays) -> Any:
    sizes = arrays[1].reshape(-1).tolist() if len(arrays) > 1 else node.integers("shape") or []
    return arrays[0].reshape(target_sizes(arrays[0].shape, sizes))


def _concat(node: Operation, arrays: Arrays) -> Any:
    if sum(array.size for array in arrays) > LARGEST:
        raise node.unsupported("it joins too many numbers that do not depend on the input")
    return np.concatenate(arrays, node.integer("axis", 1))


def _constant_of_shape(node: Operation, arrays: Arrays) -> Any:
    shape = [int(size) for size in arrays[0].reshape(-1)]
    if any(size < 0 for size in shape) or math.prod(shape) > LARGEST:
        raise node.unsupported(f"it makes {shape} equal numbers: expected them in the file")
    value = node.tensor("value")
    if value is not None and value.size != 1:
        raise node.malformed(f"its value has {value.size:,} numbers, expected one")
    return np.full(shape, np.float32(0) if value is None else value.array().reshape(-1)[0])


def _gather(node: Operation, arrays: Arrays) -> Any:
    array, places = arrays
    if array.size * places.size > LARGEST:
        raise node.unsupported("it picks too many numbers that do not depend on the input")
    return np.take(array, places, axis=node.integer("axis", 0))


def _divide(node: Operation, arrays: Arrays) -> Any:
    a, b = arrays
    if a.dtype.kind not in "iu":
        return a / b
    if not np.all(b):
        raise node.malformed("it divides by 0")
    return np.trunc(a / b).astype(a.dtype)


def _elementwise(function: Callable[[Any, Any], Any]) -> Callable[[Operation, Arrays], Any]:
    def apply(node: Operation, arrays: Arrays) -> Any:
        a, b = arrays
        if math.prod(np.broadcast_shapes(a.shape, b.shape)) > LARGEST:
            raise node.unsupported("it computes too many numbers that do not depend on the input")
        return function(a, b)

    return apply


# TensorProto's numbers of the types that sizes and weights are cast to.
_CASTS = {1: np.float32, 6: np.int32, 7: np.int64, 9: np.bool_, 10: np.float16, 11: np.float64}


def _cast(node: Operation, arrays: Arrays) -> Any:
    kind = _CASTS.get(node.integer("to", 0))
    if kind is None:
        raise node.unsupported(f"a cast to ONNX data type {node.integer('to', 0)}")
    return arrays[0].astype(kind)


_FUNCTIONS: dict[str, Callable[[Operation, Arrays], Any]] = {
    "Add": _elementwise(np.add),
    "Sub": _elementwise(np.subtract),
    "Mul": _elementwise(np.multiply),
    "Div": _divide,
    "Cast": _cast,
    "Concat": _concat,
    "ConstantOfShape": _constant_of_shape,
    "Gather": _gather,
    "ReduceProd": lambda node, arrays: np.prod(arrays[0], keepdims=bool(node.integer("keepdims", 1))),
    "Reshape": _reshape,
    "Shape": lambda node, arrays: np.array(arrays[0].shape[_shape_span(node, arrays[0].ndim)], np.int64),
    "Slice": _slice,
    "Squeeze": _squeeze,
    "Unsqueeze": _unsqueeze,
}


def _shape_span(node: Operation, dimensions: int) -> slice:
    return slice(node.integer("start", 0), node.integer("end", dimensions))
