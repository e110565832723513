"""A chain under construction, from MatConvNet's layers."""

from ...errors import UnsupportedError
from ...files.matlab.arrays import MatArray
from ..chain import MOST_NODES, Chain, Node, Part, Shape, plain_names, shapes_of, spec_text
from .fields import text_of


class Builder:
    """The chain so far."""

    def __init__(self, input_shape: Shape, place: str):
        self.input, self.place = input_shape, place
        self.nodes: list[Node] = []
        self.parameters: dict[str, list[Part]] = {}

    @property
    def shape(self) -> Shape:
        """Channels, height and width of what the nodes so far return."""
        return self.shape_after([])

    def shape_after(self, more: list[Node]) -> Shape:
        """Return the shape of what the nodes so far and some more return."""
        nodes = [*self.nodes, *more]
        return shapes_of(spec_text("matconvnet", self.input, nodes))[-1] if nodes else self.input

    def name(self, layer: MatArray, kind: str) -> str:
        """Return a name that no node has."""
        base = text_of(layer, "name") or kind
        taken = {node.name for node in self.nodes}
        return next(name for number in range(1, MOST_NODES + 2) if (name := _numbered(base, number)) not in taken)

    def add(self, node: Node) -> None:
        """Add a node."""
        if len(self.nodes) >= MOST_NODES - 1:
            raise UnsupportedError(f"{self.place}: it has more than {MOST_NODES:,} layers")
        self.nodes.append(node)

    def chain(self) -> Chain:
        """Return the chain, with names that the engine accepts."""
        names = plain_names(self.nodes)
        nodes = [node._replace(name=names[node.name]) for node in self.nodes]
        split = ((key.rpartition("."), parts) for key, parts in self.parameters.items())
        return Chain(self.input, nodes, {f"{names[layer]}.{part}": parts for (layer, _, part), parts in split})


def _numbered(base: str, number: int) -> str:
    return base if number == 1 else f"{base}_{number}"
