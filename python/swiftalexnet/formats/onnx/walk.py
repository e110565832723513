"""From a graph to a chain: each node becomes one of the engine's, a change of arrangement, or a constant."""

from collections.abc import Callable, Mapping

import numpy as np

from ...errors import MALFORMED
from .constants import Constant
from .operation import Operation
from .reading import Reading

Handler = Callable[[Reading, Operation], None]


def read_nodes(reading: Reading, operations: list[Operation], handlers: Mapping[str, Handler]) -> None:
    """Turn the nodes of a graph into a chain.

    Raises
    ------
    UnsupportedError
        The engine has no such node, or the graph is no chain.
    ValueError
        The graph is malformed.
    """
    for node in operations:
        try:
            # Numbers that become infinite are found when they are used: as weights, or in a preprocessing.
            with np.errstate(over="ignore", invalid="ignore"):
                _read_node(reading, node, handlers)
        except MALFORMED as error:
            if str(node) in str(error):
                raise
            raise node.malformed(str(error)) from error


def _read_node(reading: Reading, node: Operation, handlers: Mapping[str, Handler]) -> None:
    if node.domain not in ("", "ai.onnx"):
        raise node.unsupported(f"an operator of {node.domain[:80]!r}, expected one of ONNX")
    inputs = [reading.values.get(name) for name in node.inputs if name]
    if inputs and all(isinstance(value, Constant) for value in inputs) and _fold(reading, node):
        return
    handlers.get(node.kind, read_unknown)(reading, node)


def read_unknown(reading: Reading, node: Operation) -> None:
    """Refuse a node."""
    raise node.unsupported("the engine has no such node")


def _fold(reading: Reading, node: Operation) -> bool:
    """Compute a node whose inputs are constants; return whether it could be."""
    values = [reading.optional(node, at) for at in range(len(node.inputs))]
    first = values[0]
    if first is None:
        return False
    result = _moved(reading, node, first) or reading.folding.apply(node, values)
    if result is not None:
        reading.give(node, result)
    return result is not None


def _moved(reading: Reading, node: Operation, first: Constant) -> Constant | None:
    """Return what a node makes of weights that stay in their file; None if it computes with them."""
    if node.kind in ("Identity", "Dropout") or (node.kind == "Cast" and first.is_float and _is_to_float(node)):
        return first
    if node.kind == "Transpose":
        return first.transposed(node.integers("perm") or list(range(len(first.shape)))[::-1])
    if node.kind == "Reshape" and first.is_float:
        return first.reshaped(reading.numbers(node, 1, "shape") or [])
    return None


def _is_to_float(node: Operation) -> bool:
    return node.integer("to", 0) in (1, 10, 11, 16)
