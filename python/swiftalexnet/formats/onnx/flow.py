"""The one tensor that goes through a chain of nodes, and how a graph arranges it at a place.

The engine's maps have axes C, H, W. A graph's tensor has the same numbers in dimensions of its own: B, C, H, W as
usual, B, H, W, C behind a transposition, B, CHW when it is flattened. `dims` names the engine's axes within each
dimension, in order; the batch, B, is read as one image. Axes of size 1 may stand anywhere or be left out.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ..chain import Shape

NCHW, NHWC = ("B", "C", "H", "W"), ("B", "H", "W", "C")
Sides = tuple[int, int, int, int]  # top, left, bottom, right


@dataclass(frozen=True)
class Flow:
    """The tensor behind the first `place` nodes of the chain.

    Attributes
    ----------
    place : int
    shape : (int, int, int)
        Channels, height and width.
    dims : tuple of str
        The engine's axes in each of the graph's dimensions.
    pad : (int, int, int, int)
        Zeros around the map that a Pad node has added, and that the next node will.
    groups : int
        Channels lie in that many groups, which the graph's first dimension counts: see `split`.
    """

    place: int
    shape: Shape
    dims: tuple[str, ...] = NCHW
    pad: Sides = (0, 0, 0, 0)
    groups: int = 1

    def size(self, axis: str) -> int:
        """Length of one of the engine's axes; 1 for the batch."""
        return {"B": 1, "C": self.shape[0], "H": self.shape[1], "W": self.shape[2]}[axis]

    @property
    def sizes(self) -> list[int]:
        """The graph's shape for one image."""
        top, left, bottom, right = self.pad
        more = {"H": top + bottom, "W": left + right}
        sizes = [math.prod(self.size(axis) + more.get(axis, 0) for axis in axes) for axes in self.dims]
        return sizes if self.groups == 1 else [self.groups, sizes[1] // self.groups, *sizes[2:]]

    @property
    def order(self) -> str:
        """The axes longer than 1 in the order of the numbers: "CHW", "HWC"."""
        return "".join(axis for axes in self.dims for axis in axes if self.size(axis) > 1)

    @property
    def is_plain(self) -> bool:
        """Whether it has neither zeros around it nor channels in groups."""
        return self.pad == (0, 0, 0, 0) and self.groups == 1

    def is_map(self, dims: tuple[str, ...] = NCHW) -> bool:
        """Whether its dimensions are those of `dims`."""
        return list(map(self._long, self.dims)) == list(map(self._long, dims))

    @property
    def is_matrix(self) -> bool:
        """Whether it has one row of numbers for each image."""
        return len(self.dims) == 2 and not self._long(self.dims[0])

    def dimension(self, axis: int) -> int:
        """Return the number of a dimension, which may be counted from the end.

        Raises
        ------
        ValueError
            There is no such dimension.
        """
        if not -len(self.dims) <= axis < len(self.dims):
            raise ValueError(f"axis {axis} of a tensor of {len(self.dims)} dimensions")
        return axis % len(self.dims)

    def transposed(self, order: Sequence[int]) -> "Flow | None":
        """Return it with its dimensions in another order; None if they are not as many, or the batch is not first."""
        if sorted(order) != list(range(len(self.dims))) or order[0] != 0 or not self.is_plain:
            return None
        return replace(self, dims=tuple(self.dims[at] for at in order))

    def reshaped(self, sizes: Sequence[int]) -> "Flow | None":
        """Return it with other dimensions; None if an axis would be cut, or the batch is not first."""
        if not self.is_plain or not sizes or sizes[0] != 1:
            return None
        rest = list(self.order)
        dims = ["B"]
        for size in sizes[1:]:
            axes, product = "", 1
            while rest and product < size:
                axis = rest.pop(0)
                axes, product = axes + axis, product * self.size(axis)
            if product != size:
                return None
            dims.append(axes)
        return None if rest else replace(self, dims=tuple(dims))

    def split(self, sizes: Sequence[int]) -> "Flow | None":
        """Return it with its channels in groups, so that the first dimension counts images and groups; or put together.

        None if it is something else that these sizes do. Neighbours across channels then end at a group's limit.
        """
        channels, height, width = self.shape
        if not self.is_map() or self.pad != (0, 0, 0, 0) or len(sizes) != 4 or list(sizes[2:]) != [height, width]:
            return None
        groups = sizes[0]
        if groups < 1 or groups * sizes[1] != channels or 1 not in (groups, self.groups):
            return None
        return replace(self, groups=groups)

    def _long(self, axes: str) -> str:
        return "".join(axis for axis in axes if self.size(axis) > 1)
