"""Tensors in files: known by type and shape, read in pieces when they are needed."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
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
        `read(start, stop)` returns elements `start` to `stop`, counted in C order of `shape`, as an array of one
        dimension.
    """

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    read: Callable[[int, int], NDArray[Any]]

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
        return replace(self, shape=shape)

    def array(self) -> NDArray[Any]:
        """Return the whole tensor.

        Raises
        ------
        MemoryError
            It does not fit into memory.
        """
        require_memory(self.shape, self.dtype.itemsize, f"reading {self.name}")
        return self.read(0, self.size).reshape(self.shape)

    def pieces(self) -> Iterator[tuple[tuple[int | slice, ...], NDArray[Any]]]:
        """Yield consecutive parts, about `PIECE` bytes at a time: an index of the whole, and the values there."""
        if not self.shape:
            yield (), self.read(0, 1).reshape(())
            return
        axis, row = 0, math.prod(self.shape[1:])
        while row * self.dtype.itemsize > PIECE and axis + 1 < len(self.shape):
            axis, row = axis + 1, row // self.shape[axis + 1]
        rows = max(PIECE // max(row * self.dtype.itemsize, 1), 1)
        start = 0
        for before in np.ndindex(self.shape[:axis]):
            for first in range(0, self.shape[axis], rows):
                last = min(first + rows, self.shape[axis])
                stop = start + (last - first) * row
                yield (
                    (*before, slice(first, last)),
                    self.read(start, stop).reshape(last - first, *self.shape[axis + 1 :]),
                )
                start = stop
