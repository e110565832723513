"""The constants of a graph: weights, which stay in their file, and numbers that sizes are computed with."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..chain import Part
from ..layouts import Array, Layout, conventional
from ..stored import FLOATS, Stored

LARGEST = 1 << 16  # elements of an array that is computed with


@dataclass(frozen=True)
class Constant:
    """A tensor that does not depend on the input.

    Attributes
    ----------
    stored : Stored
    order : tuple of int or None
        Its dimensions are those of `stored` in this order, if a node has transposed it.
    """

    stored: Stored
    order: tuple[int, ...] | None = None

    @property
    def name(self) -> str:
        """Name of the tensor."""
        return self.stored.name

    @property
    def shape(self) -> tuple[int, ...]:
        """Its shape in the graph."""
        shape = self.stored.shape
        return shape if self.order is None else tuple(shape[at] for at in self.order)

    @property
    def is_float(self) -> bool:
        """Whether it can be a weight."""
        return self.stored.dtype.char in FLOATS

    def transposed(self, order: Sequence[int]) -> "Constant":
        """Return it with its dimensions in another order."""
        if sorted(order) != list(range(len(self.shape))):
            raise ValueError(f"{self.name} of shape {self.shape} transposed by {list(order)}")
        now = self.order or tuple(range(len(self.shape)))
        return Constant(self.stored, tuple(now[at] for at in order))

    def reshaped(self, sizes: Sequence[int]) -> "Constant | None":
        """Return it with other dimensions, still in its file; None if it has been transposed."""
        if self.order is not None:
            return None
        return Constant(self.stored.reshaped(*target_sizes(self.shape, sizes)))

    def values(self, at_most: int = LARGEST) -> NDArray[Any]:
        """Return the numbers.

        Raises
        ------
        ValueError
            There are more than `at_most`.
        """
        if self.stored.size > at_most:
            raise ValueError(f"{self.name} has {self.stored.size:,} numbers, expected at most {at_most:,} here")
        array = self.stored.array()
        return array if self.order is None else array.transpose(self.order)

    def part(self, layout: Layout = conventional) -> Part:
        """Return it as the content of a parameter; `layout` is a view of the parameter in this constant's shape."""
        if self.order is None:
            return Part(self.stored, layout)
        back = np.argsort(self.order).tolist()

        def restored(array: Array) -> Array:
            return layout(array).transpose(back)

        return Part(self.stored, restored)


def target_sizes(shape: Sequence[int], sizes: Sequence[int]) -> list[int]:
    """Return the sizes that a Reshape makes: 0 is the old size, and one -1 is what remains.

    Raises
    ------
    ValueError
        They do not have as many elements as `shape`.
    """
    made = [shape[at] if size == 0 and at < len(shape) else size for at, size in enumerate(sizes)]
    count = math.prod(shape)
    if made.count(-1) == 1:
        rest = -math.prod(made)
        made[made.index(-1)] = count // rest if rest > 0 else 0
    if any(size < 0 for size in made) or math.prod(made) != count:
        raise ValueError(f"a tensor of {list(shape)} cannot be reshaped to {list(sizes)}")
    return made
