"""Tensors in files: known by type and shape, read in pieces when they are needed."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._support.arrays import require_memory

PIECE = 8 << 20  # bytes in memory at a time, besides what the tensor is read into
MOST_DIMENSIONS = 8
FLOATS = ("e", "f", "d")  # half, single, double: what weights can be


@dataclass(frozen=True)
class Stored:
    """A tensor in a file.

    Attributes
    ----------
    name : str
        Its name in the file, for messages.
    shape : tuple of int
    dtype : numpy.dtype
        Of what `read` returns.
    read : callable
        `read(start, stop)` returns elements `start` to `stop`, counted in the file's order, as an array of one
        dimension.
    order : tuple of int, optional
        The axes from the slowest to the fastest in the file, unless that is C order.
    """

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    read: Callable[[int, int], NDArray[Any]]
    order: tuple[int, ...] | None = None

    @classmethod
    def of_array(cls, name: str, array: NDArray[Any]) -> "Stored":
        """Return an array in memory as a tensor."""
        flat = np.ascontiguousarray(array).reshape(-1)
        return cls(name, array.shape, array.dtype, lambda start, stop: flat[start:stop])

    @property
    def size(self) -> int:
        """Number of elements."""
        return math.prod(self.shape)

    def reshaped(self, *shape: int) -> "Stored":
        """Return the same elements in another shape.

        Raises
        ------
        ValueError
            It has another number of elements.
        """
        if math.prod(shape) != self.size:
            raise ValueError(f"{self.name} has shape {self.shape}, expected {math.prod(shape)} values")
        if self.order is None:
            return replace(self, shape=shape)
        flat = cache(lambda: self.array().reshape(-1))
        return replace(self, shape=shape, order=None, read=lambda start, stop: flat()[start:stop])

    def transposed(self) -> "Stored":
        """Return a matrix with its dimensions swapped."""
        is_c_order = self.order is None
        return replace(self, shape=self.shape[::-1], order=(1, 0) if is_c_order else None)

    def array(self) -> NDArray[Any]:
        """Return the whole tensor.

        Raises
        ------
        MemoryError
            It does not fit into memory.
        """
        require_memory(self.shape, self.dtype.itemsize, f"reading {self.name}")
        sides = self.shape if self.order is None else tuple(self.shape[axis] for axis in self.order)
        return self._in_place(self.read(0, self.size), sides)

    def pieces(self) -> Iterator[tuple[tuple[slice, ...], NDArray[Any]]]:
        """Yield consecutive parts, about `PIECE` bytes at a time: an index of the whole, and the values there."""
        if not self.shape:
            yield (), self.read(0, 1).reshape(())
            return
        order = self.order or tuple(range(len(self.shape)))
        shape = [self.shape[axis] for axis in order]
        place, row = 0, math.prod(shape[1:])
        while row * self.dtype.itemsize > PIECE and place + 1 < len(shape):
            place, row = place + 1, row // shape[place + 1]
        rows = max(PIECE // max(row * self.dtype.itemsize, 1), 1)
        start = 0
        for before in np.ndindex(tuple(shape[:place])):
            for first in range(0, shape[place], rows):
                last = min(first + rows, shape[place])
                stop = start + (last - first) * row
                slices = [*(slice(each, each + 1) for each in before), slice(first, last)]
                slices += [slice(None)] * (len(shape) - len(slices))
                index = tuple(slices[order.index(axis)] for axis in range(len(shape)))
                sides = (*[1] * place, last - first, *shape[place + 1 :])
                yield index, self._in_place(self.read(start, stop), sides)
                start = stop

    def _in_place(self, flat: NDArray[Any], sides: tuple[int, ...]) -> NDArray[Any]:
        """Return elements as an array of `sides`, which are in the file's order, with its axes in ours."""
        array = flat.reshape(sides)
        if self.order is None:
            return array
        return array.transpose([self.order.index(axis) for axis in range(len(sides))])
