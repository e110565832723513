"""A chain under construction: what the layers of Keras add to."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import UnsupportedError
from ..chain import MOST_NODES, Chain, Node, Part, Shape, plain_names, shapes_of, spec_text
from ..stored import Stored
from .config import KerasLayer
from .stores import Store, Weights

Values = NDArray[np.float64]


class Graph:
    """Nodes so far, their parameters, and what waits for the next node.

    Attributes
    ----------
    input : (int, int, int)
    nodes : list of Node
    parameters, factors
        See `Chain`.
    is_flat : bool
        Whether the values are a list, no longer a map.
    padding : [int, int, int, int]
        Of the map before the next convolution: top, left, bottom, right.
    scale, offset : array of float64, [channels]
        Of pixels, before the first node.
    used : set of str
        Weights that layers have asked for.
    notes : list of str
    place : str
        The file, for messages.
    """

    def __init__(self, input_shape: Shape, store: Store, place: str):
        self.input, self._store, self.place = input_shape, store, place
        self.nodes: list[Node] = []
        self.parameters: dict[str, list[Part]] = {}
        self.factors: dict[str, NDArray[np.float32]] = {}
        self.is_flat = False
        self.padding = [0, 0, 0, 0]
        self.scale: Values = np.ones(input_shape[0])
        self.offset: Values = np.zeros(input_shape[0])
        self.notes: list[str] = []
        self.used: set[str] = set()
        self._names: set[str] = set()

    @property
    def shape(self) -> Shape:
        """Channels, height and width of what the nodes so far return."""
        return shapes_of(spec_text("keras", self.input, self.nodes))[-1] if self.nodes else self.input

    def name(self, base: str) -> str:
        """Return a name that no node has."""
        name, number = base, 2
        while name in self._names:
            name, number = f"{base}_{number}", number + 1
        self._names.add(name)
        return name

    def add(self, node: Node) -> None:
        """Add a node without parameters.

        Raises
        ------
        UnsupportedError
            There are too many, or zeros wait for a convolution.
        """
        if any(self.padding):
            raise UnsupportedError(f"{self.place}: ZeroPadding2D is followed by {node.name}, expected a Conv2D")
        if len(self.nodes) >= MOST_NODES - 1:
            raise UnsupportedError(f"{self.place}: the model has more than {MOST_NODES:,} nodes")
        self.nodes.append(node)

    def add_weighted(self, node: Node, weight: Part, bias: Stored | None) -> None:
        """Add a node with its parameters."""
        self.add(node)
        self.parameters[f"{node.name}.weight"] = [weight]
        if bias is not None:
            self.parameters[f"{node.name}.bias"] = [Part(bias)]

    def weights(self, layer: KerasLayer) -> Weights:
        """Return the weights of a layer."""
        weights = self._store.weights(layer)
        self.used |= {stored.name for stored in weights.values()}
        return weights

    def vector(self, weights: Weights, role: str, layer: KerasLayer, default: float, count: int) -> Values:
        """Return a small weight, one value a channel, or the default where the layer has none.

        Raises
        ------
        ValueError
            It has another shape, or values that are not finite.
        """
        if (tensor := weights.get(role)) is None:
            return np.full(count, default)
        if tensor.size != count or tensor.dtype.kind != "f":
            raise ValueError(
                f"{self.place}: {tensor.name} has shape {tensor.shape}, where {layer} has {count} channels"
            )
        values = tensor.array().reshape(-1).astype(np.float64)
        if not np.isfinite(values).all():
            raise ValueError(f"{self.place}: {tensor.name} holds values that are not finite")
        return values

    def refuse(self, layer: KerasLayer, why: str) -> UnsupportedError:
        """Return the error for a layer that the engine does not have."""
        return UnsupportedError(f"{self.place}: {layer} {why}")

    def chain(self) -> Chain:
        """Return the chain, with names that the engine accepts."""
        names = plain_names(self.nodes)
        nodes = [node._replace(name=names[node.name]) for node in self.nodes]

        def renamed(values: dict[str, Any]) -> dict[str, Any]:
            split = ((name.rpartition("."), value) for name, value in values.items())
            return {f"{names[layer]}.{part}": value for (layer, _, part), value in split}

        return Chain(self.input, nodes, renamed(self.parameters), renamed(self.factors), notes=self.notes)
