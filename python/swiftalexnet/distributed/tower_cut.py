"""How a network is divided between two towers, each of which owns half of every feature map by channels.

The 2012 paper ran its network so on two GPUs (Krizhevsky et al. 2012, section 3.5): a tower computes a chain of layers,
a *segment*, on its own, and reads the other's channels only where a layer needs them, the *crossings*.
"""

import re
from typing import NamedTuple

from .. import _native
from ..errors import UnsupportedError
from ..network.base import BaseModel

TOWERS = 2

Shape = tuple[int, int, int]


class Segment(NamedTuple):
    """What a tower computes between two exchanges.

    Attributes
    ----------
    source : str
        What it reads: "image", "exchanged" (the towers' outputs of the segment before, side by side), or "own".
    reads : range
        The channels of the whole map that it reads.
    channels : range
        The outputs that the tower owns: all, except after a norm whose window spans the towers.
    spec : str
        The layers, as a network of their own.
    input, output : (int, int, int)
        Height, width and channels.
    """

    source: str
    reads: range
    channels: range
    spec: str
    input: Shape
    output: Shape


class Crossing(NamedTuple):
    """One exchange, as a tower sees it.

    Attributes
    ----------
    reads : range
        The channels of the whole map that the tower reads from here on; none if the other one goes on alone.
    own : range
        Its own channels of that map.
    wanted : range
        Its own channels that the other tower reads.
    missing : range
        The other's channels that it reads itself.
    """

    reads: range
    own: range
    wanted: range
    missing: range


class Cut:
    """Both towers of a network.

    Raises
    ------
    ValueError
        A layer cannot be divided by two.
    UnsupportedError
        A layer reads the whole map in groups.
    """

    def __init__(self, spec: str):
        self.towers = [_segments(spec, tower) for tower in range(TOWERS)]
        self.steps = max(map(len, self.towers))

    def segment(self, tower: int, step: int) -> Segment | None:
        """Return what a tower computes in a step; None where the other one computes alone."""
        segments = self.towers[tower]
        return segments[step] if step < len(segments) else None

    def crossing(self, tower: int, step: int) -> Crossing | None:
        """Return the exchange before a step; None where each tower goes on with its own."""
        if all(segment.source != "exchanged" for segment in filter(None, self._both(step))):
            return None
        other, width = 1 - tower, len(self.towers[tower][step - 1].channels)
        own, theirs = (range(each * width, (each + 1) * width) for each in (tower, other))
        reads = [segment.reads if segment else range(0) for segment in self._both(step)]
        return Crossing(reads[tower], own, _overlap(own, reads[other]), _overlap(theirs, reads[tower]))

    def _both(self, step: int) -> list[Segment | None]:
        return [self.segment(tower, step) for tower in range(TOWERS)]


def has_towers(spec: str) -> bool:
    """Return whether some convolution separates two towers: it has an even number of groups."""
    groups = re.findall(r"^convolution .* groups=(\d+)", spec, re.MULTILINE)
    return any(int(number) % TOWERS == 0 for number in groups)


def require_two(model: BaseModel, ranks: int, operation: str) -> None:
    """Refuse a network without two towers, and another number of ranks.

    Raises
    ------
    ValueError
        Not two ranks.
    UnsupportedError
        The network has no two towers.
    """
    if ranks != TOWERS:
        raise ValueError(
            f"{operation}: the communicator has {ranks} ranks, expected {TOWERS}, one for each tower: "
            f"mpiexec -n {TOWERS} …"
        )
    if not has_towers(model.spec):
        raise UnsupportedError(
            f"{operation}: {model!r} has no two towers: no convolution has an even number of groups, as those of "
            "'paper' and 'chm145' do"
        )


def require_rule(rule: str, operation: str) -> None:
    """Refuse a rule whose update of a weight depends on the whole layer's.

    Raises
    ------
    UnsupportedError
        It is LARS.
    """
    if rule == "lars":
        raise UnsupportedError(f"{operation}: the rule 'lars' needs norms of whole layers, of which a tower has half")


def _segments(spec: str, tower: int) -> list[Segment]:
    """Read a cut's text."""
    found = []
    for part in _native.spec_cut(spec, tower, TOWERS).split("segment ")[1:]:
        head, _, own_spec = part.partition("\n")
        fields = dict(field.split("=") for field in head.split())
        reads, channels = (range(*map(int, fields[name].split(","))) for name in ("reads", "channels"))
        data = dict(field.split("=") for field in own_spec.splitlines()[1].split()[1:])
        depth, height, width = map(int, _native.spec_shapes(own_spec).splitlines()[-1].split())
        shape = int(data["height"]), int(data["width"]), int(data["channels"])
        found.append(Segment(fields["source"], reads, channels, own_spec, shape, (height, width, depth)))
    return found


def _overlap(first: range, second: range) -> range:
    return range(max(first.start, second.start), max(first.start, second.start, min(first.stop, second.stop)))
