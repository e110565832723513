"""Nodes that act on each number, or on each with its neighbours in other channels: activations, norms, dropout."""

from dataclasses import replace

import numpy as np

from ..chain import Node, dropout, response_norm
from .flow import Flow
from .operation import Operation
from .products import change_image, read_factors
from .reading import Reading
from .values import Squares

_ACTIVATIONS = {"Relu": "relu", "Tanh": "tanh", "Sigmoid": "sigmoid"}


def read_activation(reading: Reading, node: Operation) -> None:
    """Relu, Tanh, Sigmoid."""
    reading.add(node, reading.flow(node), Node.make(_ACTIVATIONS[node.kind], reading.name_for(node)))


def read_softmax(reading: Reading, node: Operation) -> None:
    """Softmax over the classes."""
    flow = reading.flow(node)
    axis = flow.dimension(node.integer("axis", 1 if node.opset < 13 else -1))
    # Up to operator set 12 over all dimensions from the axis on.
    over = flow.dims[axis:] if node.opset < 13 else flow.dims[axis : axis + 1]
    reached = "".join(a for axes in over for a in axes if flow.size(a) > 1)
    if axis == 0 or reached != flow.order or flow.order not in ("C", ""):
        raise node.unsupported(f"a softmax over dimension {axis} of {flow.sizes}, expected one over the classes")
    reading.add(node, flow, Node.make("softmax", reading.name_for(node)))


def read_dropout(reading: Reading, node: Operation) -> None:
    """Dropout: an attribute ratio up to operator set 11, then an input."""
    flow, ratio, training = reading.flow(node), reading.scalar(node, 1), reading.scalar(node, 2)
    if training:
        raise node.unsupported("it is set to training: expected a graph for inference")
    reading.add(node, flow, dropout(reading.name_for(node), node.number_of("ratio", 0.5) if ratio is None else ratio))


def read_response_norm(reading: Reading, node: Operation) -> None:
    """LRN: the window is centred, and alpha is divided by its size."""
    flow, size = reading.flow(node), node.integer("size", 0)
    if not flow.is_map() or any(flow.pad):
        raise node.unsupported("it does not read a map of batch, channels, height, width")
    if size % 2 == 0 and size > 0:
        raise node.unsupported(f"size {size}: ONNX and this engine place the middle of an even window differently")
    norm = response_norm(
        reading.name_for(node),
        size,
        node.number_of("alpha", 1e-4),
        node.number_of("beta", 0.75),
        node.number_of("bias", 1.0),
        groups=flow.groups,
    )
    result = reading.add(node, replace(flow, groups=1), norm)
    reading.give(node, replace(result, groups=flow.groups))


def read_multiplication(reading: Reading, node: Operation) -> None:
    """Mul: factors of a layer or of the image, the paper's dropout at test, or the squares for a normalisation."""
    first, second = (reading.values.get(node.input(at)) for at in (0, 1))
    if isinstance(first, Flow) and first == second:
        reading.require_last(node, first)
        reading.give(node, Squares(first))
        return
    at = 0 if isinstance(first, Flow) else 1
    flow, constant = reading.flow(node, at), reading.constant(node, 1 - at)
    if not reading.nodes:
        change_image(reading, node, flow, constant, lambda v: reading.front.multiply(v), one_number=True)
        return
    if read_factors(reading, node, flow, constant):
        return
    last = reading.nodes[-1]
    kept = float(constant.values(1).reshape(-1)[0]) if constant.stored.size == 1 else 0.0
    if last.kind != "dropout" or not np.isclose(kept, 1 - float(last.fields["probability"]), rtol=1e-6):
        raise node.unsupported("a product that is not the paper's dropout at test")
    reading.nodes[-1] = last._replace(fields=last.fields | {"form": "paper2012"})
    reading.give(node, flow)


def read_difference(reading: Reading, node: Operation) -> None:
    """Sub: the mean of the image."""
    flow, constant = reading.flow(node), reading.constant(node, 1)
    if reading.nodes:
        raise node.unsupported("a difference behind the first layer")
    change_image(reading, node, flow, constant, lambda values: reading.front.add(-values))


def read_quotient(reading: Reading, node: Operation) -> None:
    """Div: a divisor of the image."""
    flow, constant = reading.flow(node), reading.constant(node, 1)
    if reading.nodes:
        raise node.unsupported("a quotient behind the first layer")
    with np.errstate(divide="raise", invalid="raise"):
        change_image(reading, node, flow, constant, lambda values: reading.front.multiply(1 / values), one_number=True)
