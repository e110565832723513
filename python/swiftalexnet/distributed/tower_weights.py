"""Which part of every parameter a tower has, and parameters on their way between a tower and a whole network.

A tower has the weights and biases of its own outputs, with all the inputs that these read; the last layer is tower 0's
alone.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .team import Team
from .tower_cut import TOWERS

Float32 = NDArray[np.float32]
Places = tuple[slice, ...]


class Share(NamedTuple):
    """A parameter of the whole network.

    Attributes
    ----------
    shape : tuple of int
    order : tuple of int
        Its axes as the engine keeps them, the slowest first: in this order a tower's part is one block of memory.
    places : (Places or None, Places or None)
        What each tower has of it.
    """

    shape: tuple[int, ...]
    order: tuple[int, ...]
    places: tuple[Places | None, Places | None]

    def blank(self, tower: int) -> Float32:
        """Return an array for what a tower has, in the engine's order."""
        places = self.places[tower]
        if places is None:
            return np.empty(0, np.float32)
        part = [len(range(count)[place]) for count, place in zip(self.shape, places, strict=True)]
        return np.empty([part[axis] for axis in self.order], np.float32)

    def conventional(self, block: Float32) -> Float32:
        """Return the view of a block in the engine's order whose axes are in their usual order."""
        return block.transpose(np.argsort(self.order))


def shares(whole: Mapping[str, Float32], own: Mapping[str, Float32], tower: int) -> dict[str, Share]:
    """Return each parameter's share from the arrays of the whole network and of one tower."""
    found = {}
    for name, array in whole.items():
        order = tuple(sorted(range(array.ndim), key=lambda axis: -array.strides[axis]))
        places: list[Places | None] = [None] * TOWERS
        everything = (slice(None),) * array.ndim
        if name not in own:
            places[1 - tower] = everything
        elif own[name].shape == array.shape:
            places[tower] = everything
        else:
            places = [_half(array.shape, own[name].shape, each) for each in range(TOWERS)]
        found[name] = Share(array.shape, order, (places[0], places[1]))
    return found


def swap(team: Team, held: Mapping[str, Share], own: Mapping[str, Float32]) -> dict[str, Float32]:
    """Swap all parameters with the other tower; return its arrays by name."""
    came = {}
    for name, share in held.items():
        sent = own[name].transpose(share.order) if name in own else np.empty(0, np.float32)
        block = share.blank(1 - team.rank)
        team.swap(np.ascontiguousarray(sent), block)
        if block.size:
            came[name] = share.conventional(block)
    return came


def _half(whole: tuple[int, ...], part: tuple[int, ...], tower: int) -> Places:
    return tuple(
        slice(None) if some == count else slice(tower * some, (tower + 1) * some)
        for some, count in zip(part, whole, strict=True)
    )
