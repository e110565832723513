"""A network while it is built from stages."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import takewhile

from ..chain import MOST_NODES, Node, Part
from ..stored import Stored
from .layers import Layer

_FOREIGN = re.compile(r"[^A-Za-z0-9_.-]")
_LONGEST_NAME = 40


@dataclass
class State:
    """How far a network has been built.

    Attributes
    ----------
    names : list of str
        The layers of the stage before.
    channels : list of int
        Their channels.
    side : int
        Height and width of their maps.
    tensors : mapping of str to Stored
    place : str
        The file, for messages.
    nodes, parameters
        Those of the chain.
    """

    names: list[str]
    channels: list[int]
    side: int
    tensors: Mapping[str, Stored]
    place: str
    nodes: list[Node] = field(default_factory=list)
    parameters: dict[str, list[Part]] = field(default_factory=dict)

    def new_name(self, stage: Sequence[Layer], ending: str = "") -> str:
        """Return a name for a node that no other has: what the names of its towers begin with."""
        first, last = min(layer.name for layer in stage), max(layer.name for layer in stage)
        same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(first, last, strict=False)))
        base = _FOREIGN.sub("_", first[:same])[:_LONGEST_NAME].strip("_") or stage[0].kind
        base, taken = base + ending, {node.name for node in self.nodes}
        return next(name for name in (base, *(f"{base}_{i}" for i in range(2, MOST_NODES + 2))) if name not in taken)

    def read(self) -> dict[str, int]:
        """Return the channels by the layers of the stage before."""
        return dict(zip(self.names, self.channels, strict=True))

    def add(self, node: Node, parameters: Mapping[str, list[Part]] | None = None) -> None:
        """Append a node; `parameters` by "weight" and "bias"."""
        self.nodes.append(node)
        self.parameters |= {f"{node.name}.{part}": parts for part, parts in (parameters or {}).items()}
