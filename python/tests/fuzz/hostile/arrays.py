"""Hostile arrays made from a valid one: another type, shape, memory layout or size, or unexpected values."""

import array
import ctypes
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..world import World
from .objects import Liar, Planned

Array = NDArray[Any]


class Subclass(np.ndarray):
    """An instance of a subclass of arrays."""


class Wrapped:
    """Not an array, but an object that numpy converts to one."""

    def __init__(self, result: Any):
        self._result = result

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        if isinstance(self._result, Exception):
            raise self._result
        return self._result


def _misaligned(x: Array) -> Any:
    memory = bytearray(x.nbytes + 1)
    moved = np.frombuffer(memory, x.dtype, x.size, 1).reshape(x.shape)
    moved[...] = x
    return moved


def _spread(x: Array, sign: int) -> Any:
    """Return the same values with steps of two, forwards or backwards."""
    wide = np.empty((*x.shape[:-1], 2 * x.shape[-1]), x.dtype) if x.ndim else np.empty(2, x.dtype)
    view = wide[..., :: 2 * sign]
    view[...] = x
    return view


def _read_only(x: Array) -> Any:
    x = x.copy()
    x.flags.writeable = False
    return x


def _giant(extent: int) -> Callable[[Array, World], Any]:
    """Make one dimension huge without memory behind it."""

    def make(x: Array, world: World) -> Any:
        shape = list(x.shape or (1,))
        shape[world.random.randrange(len(shape))] = extent
        return np.lib.stride_tricks.as_strided(np.zeros(1, x.dtype), shape, (0,) * len(shape), writeable=False)

    return make


def _overflowing(x: Array, world: World) -> Any:
    """Return a shape whose product is as large as numpy allows."""
    shape = (2**31 - 1, 2**28, *(1,) * max(0, x.ndim - 2))
    return np.lib.stride_tricks.as_strided(np.zeros(1, x.dtype), shape, (0,) * len(shape), writeable=False)


def _with(value: float) -> Callable[[Array, World], Any]:
    """Put a value somewhere."""

    def make(x: Array, world: World) -> Any:
        x = x.copy()
        with np.errstate(all="ignore"):
            x.reshape(-1)[world.random.randrange(x.size)] = np.array(value).astype(x.dtype)
        return x

    return make


def _full(value: float) -> Callable[[Array, World], Any]:
    def make(x: Array, world: World) -> Any:
        with np.errstate(all="ignore"):
            return np.full(x.shape, np.array(value).astype(x.dtype), x.dtype)

    return make


def _of_type(name: str) -> Callable[[Array, World], Any]:
    def make(x: Array, world: World) -> Any:
        with np.errstate(all="ignore"):
            return np.zeros(x.shape, name) if name.startswith(("M8", "V", "m8")) else x.astype(name)

    return make


def _released(x: Array, world: World) -> Any:
    view = memoryview(x.copy())
    view.release()
    return view


def _deep(x: Array, world: World) -> Any:
    nest: list[Any] = []
    for _ in range(world.one_of(40, 3000)):
        nest = [nest]
    return nest


def _own_child(x: Array, world: World) -> Any:
    child: list[Any] = []
    child.append(child)
    return child


def _reshaped(x: Array, world: World) -> Any:
    """Return the values in another order of dimensions, or one more or less of them in a dimension."""
    if x.ndim and world.one_of(False, True):
        axis = world.random.randrange(x.ndim)
        return np.delete(x, 0, axis) if world.one_of(False, True) else np.concatenate([x, x.take([0], axis)], axis)
    return np.ascontiguousarray(x.transpose(world.random.sample(range(x.ndim), x.ndim)))


ARRAYS: dict[str, Callable[[Array, World], Any]] = {
    "list": lambda x, world: x.tolist(),
    "nested list": _deep,
    "list of itself": _own_child,
    "ragged": lambda x, world: [[1.0], [1.0, 2.0]],
    "number": lambda x, world: 1.5,
    "text": lambda x, world: "array",
    "bytes": lambda x, world: x.tobytes(),
    "bytearray": lambda x, world: bytearray(x.tobytes()),
    "array.array": lambda x, world: array.array("f", x.reshape(-1).astype(np.float32).tolist()),
    "ctypes": lambda x, world: (ctypes.c_float * 4)(),
    "memoryview": lambda x, world: memoryview(x),
    "released memoryview": _released,
    "generator": lambda x, world: (row for row in x),
    "range": lambda x, world: range(2**62),
    "array-like": lambda x, world: Wrapped(x),
    "array-like of a list": lambda x, world: Wrapped([1.0]),
    "array-like of nothing": lambda x, world: Wrapped(None),
    "array-like that raises": lambda x, world: Wrapped(Planned("array")),
    "liar": lambda x, world: Liar(world),
    "0-D": lambda x, world: np.array(1, x.dtype),
    "rank less": lambda x, world: x[0] if x.ndim and len(x) else x,
    "rank more": lambda x, world: x[None],
    "rank 30": lambda x, world: x.reshape((1,) * (30 - x.ndim) + x.shape),
    "flat": lambda x, world: x.reshape(-1).copy(),
    "other shape": _reshaped,
    "no rows": lambda x, world: x[:0],
    "no columns": lambda x, world: x[..., :0],
    "big-endian": lambda x, world: x.astype(x.dtype.newbyteorder(">" if sys.byteorder == "little" else "<")),
    "step": lambda x, world: _spread(x, 1),
    "negative stride": lambda x, world: _spread(x, -1),
    "zero stride": lambda x, world: np.broadcast_to(x.reshape(-1)[:1].reshape((1,) * x.ndim), x.shape),
    "overlapping rows": lambda x, world: np.lib.stride_tricks.as_strided(x.copy(), x.shape, (x.itemsize,) * x.ndim),
    "misaligned": lambda x, world: _misaligned(x),
    "Fortran order": lambda x, world: np.asfortranarray(x),
    "read-only": lambda x, world: _read_only(x),
    "masked": lambda x, world: np.ma.masked_less(x, 0.5) if x.dtype.kind in "fiu" else np.ma.masked_array(x),
    "subclass": lambda x, world: x.view(Subclass),
    "recarray": lambda x, world: x.view(np.recarray),
    "NaN": _with(np.nan),
    "infinity": _with(np.inf),
    "-infinity": _with(-np.inf),
    "3e38": _full(3e38),
    "1e-40": _full(1e-40),
    "-1": _full(-1),
    "zeros": _full(0),
    "2^31": _with(2**31),
    "2^62": _with(2.0**62),
    "2^31 long": _giant(2**31),
    "2^31 - 1 long": _giant(2**31 - 1),
    "2^40 long": _giant(2**40),
    "2^59 long": _giant(2**59),
    "overflowing": _overflowing,
    **{
        f"dtype {name}": _of_type(name)
        for name in ("f2", "f4", "f8", "g", "c8", "?", "i1", "u1", "i4", "i8", "u8", "O", "U3", "S3", "M8[s]", "V4")
    },
}


def hostile_array(x: Array, world: World) -> tuple[str, Any]:
    """Return a name and what it stands for."""
    name = world.random.choice(list(ARRAYS))
    try:
        with np.errstate(all="ignore"):
            return name, ARRAYS[name](x, world)
    except (ValueError, TypeError, OverflowError, MemoryError):  # not every array can become everything
        return "None", None
