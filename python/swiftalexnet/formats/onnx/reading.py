"""What has been read of a graph so far: the chain's nodes, and what each tensor is."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..chain import MOST_NODES, Node, Part, Shape, shapes_of, spec_text
from ..stored import Stored
from .constants import Constant
from .flow import Flow
from .folding import Folding
from .front import Front
from .operation import Operation
from .values import Value

_SUFFIXES = (".weight", "_weight", "_w_0", "_w", "_W", "/kernel:0", "/kernel", ".kernel", ".w_0")


@dataclass
class Reading:
    """What has been read of a graph.

    Attributes
    ----------
    shape : (int, int, int)
        Of the input, behind `front`.
    values : dict of str to Value
        By the graph's name of the tensor.
    nodes : list of Node
        With names that may be any text, each once.
    parameters, factors, notes
        See `Chain`.
    front : Front
        What is done to the image before the first node.
    """

    shape: Shape
    values: dict[str, Value]
    front: Front
    nodes: list[Node] = field(default_factory=list)
    parameters: dict[str, list[Part]] = field(default_factory=dict)
    factors: dict[str, NDArray[np.float32]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    folding: Folding = field(default_factory=Folding)

    # ---- Inputs of a node ----

    def flow(self, node: Operation, at: int = 0) -> Flow:
        """Return the input that must be the chain's tensor, as it stands behind the last node.

        Raises
        ------
        UnsupportedError
            It is another, so that the graph is no chain.
        """
        value = self._value(node, at)
        if not isinstance(value, Flow):
            raise node.unsupported("it does not read the tensor that goes through the network")
        self.require_last(node, value)
        return value

    def require_last(self, node: Operation, flow: Flow) -> None:
        """Raise UnsupportedError unless a tensor stands behind the last node."""
        if flow.place != len(self.nodes):
            behind = self.nodes[flow.place - 1].name if flow.place else "the input"
            raise node.unsupported(f"a second branch behind {behind}: expected one node after the other")

    def constant(self, node: Operation, at: int) -> Constant:
        """Return an input that must be a constant."""
        value = self._value(node, at)
        if not isinstance(value, Constant):
            raise node.unsupported(f"input {at} depends on the image, expected a constant")
        return value

    def optional(self, node: Operation, at: int) -> Constant | None:
        """Return an input that must be a constant, or None if it is left out."""
        return self.constant(node, at) if node.input(at) else None

    def scalar(self, node: Operation, at: int) -> float | None:
        """Return an input that must be one number, or None if it is left out."""
        found = self.optional(node, at)
        return None if found is None else float(found.values(1).reshape(-1)[0])

    def numbers(self, node: Operation, at: int, name: str) -> list[int] | None:
        """Return whole numbers that newer operator sets have as an input and older ones as an attribute."""
        found = self.optional(node, at)
        return node.integers(name) if found is None else [int(number) for number in found.values(16).reshape(-1)]

    def _value(self, node: Operation, at: int) -> Value:
        name = node.input(at)
        if name not in self.values:
            raise node.malformed(f"input {at} is {name[:80]!r}, which the file does not have before it")
        return self.values[name]

    # ---- Results of a node ----

    def give(self, node: Operation, value: Value) -> None:
        """Set a node's first output."""
        if not node.outputs or not node.outputs[0]:
            raise node.malformed("it has no output")
        self.values[node.outputs[0]] = value

    def add(self, node: Operation, flow: Flow, made: Node, dims: tuple[str, ...] | None = None) -> Flow:
        """Append a node of the engine and return the tensor behind it, in the given dimensions or in the old ones.

        Raises
        ------
        ValueError, UnsupportedError
            The engine refuses the node; the message names it.
        """
        if not flow.is_plain:
            raise node.unsupported("zeros around the map, or channels in groups, before it")
        if len(self.nodes) == MOST_NODES:
            raise node.unsupported(f"the network has more than {MOST_NODES} nodes")
        try:
            (shape,) = shapes_of(spec_text("network", flow.shape, [made._replace(name="node")]))
        except ValueError as error:
            raise node.malformed(str(error)) from None
        except NotImplementedError as error:
            raise node.unsupported(str(error)) from None
        self.nodes.append(made)
        result = Flow(len(self.nodes), shape, flow.dims if dims is None else dims)
        self.give(node, result)
        return result

    def name_for(self, node: Operation, weight: Constant | None = None) -> str:
        """Return a name for a node of the engine that no other has: its weights' where they have a name for it."""
        base = node.name
        if weight is not None:
            suffix = next((s for s in _SUFFIXES if weight.name.endswith(s)), "")
            base = weight.name.removesuffix(suffix) if suffix else base
        taken = {made.name for made in self.nodes}
        name, count = base, 2
        while name in taken:
            name, count = f"{base}_{count}", count + 1
        return name

    def bias_parts(self, name: str, *terms: NDArray[Any] | Constant | None) -> None:
        """Set the bias of a node to the sum of terms: one constant stays in the file."""
        given = [term for term in terms if term is not None]
        if len(given) == 1 and isinstance(given[0], Constant):
            self.parameters[f"{name}.bias"] = [given[0].part()]
        elif given:
            arrays = [term.values().astype(np.float64) if isinstance(term, Constant) else term for term in given]
            total = sum(arrays[1:], arrays[0]).astype(np.float32)
            self.parameters[f"{name}.bias"] = [Part(Stored.of_array(f"{name}.bias", total))]

    def last_weighted(self, flow: Flow) -> Node | None:
        """Return the node before a place if it has weights and what stands there is just its result."""
        made = self.nodes[flow.place - 1] if flow.place else None
        return made if made is not None and made.is_weighted and flow.is_plain else None
