"""The engine's nodes as ONNX's, operator set 17."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import UnsupportedError
from ..chain import Node, Shape
from .adaptive import averages

Array = NDArray[Any]


@dataclass
class Written:
    """A graph in the making: nodes in order, and the constants that they read.

    Attributes
    ----------
    helper : module
        `onnx.helper`.
    operation : str
        For messages: "export".
    nodes : list of NodeProto
    tensors : dict of str to array
        Initialisers by name: weights are the engine's own memory.
    top : str
        The tensor behind the last node.
    is_map : bool
        Whether it has dimensions batch, channels, height, width; else one row for each image.
    """

    helper: Any
    operation: str
    nodes: list[Any] = field(default_factory=list)
    tensors: dict[str, Array] = field(default_factory=dict)
    top: str = "data"
    is_map: bool = True

    def add(self, kind: str, name: str, *inputs: str, **attributes: Any) -> None:
        """Append a node that reads the last tensor, or `inputs`; and make its output the last.

        Every name ends with a dot and a word of its own, so that no node's name can be another's.
        """
        made = self.helper.make_node(kind, list(inputs or (self.top,)), [f"{name}.output"], name, **attributes)
        self.nodes.append(made)
        self.top = f"{name}.output"

    def name(self, kind: str, output: str, *inputs: str, **attributes: Any) -> None:
        """Append a node whose output is a tensor beside the network's, such as a layer's weights."""
        self.nodes.append(self.helper.make_node(kind, list(inputs), [output], f"{output}.node", **attributes))

    def constant(self, name: str, values: Any, dtype: Any = np.float32) -> str:
        """Add an initialiser; return its name."""
        self.tensors[name] = np.asarray(values, dtype)
        return name

    def flatten(self, name: str) -> None:
        """Turn a map into rows: channels, height, width."""
        if self.is_map:
            self.add("Flatten", f"{name}.flatten", axis=1)
            self.is_map = False

    def unsupported(self, node: Node, what: str) -> UnsupportedError:
        """Return an error that names a node."""
        return UnsupportedError(f"{self.operation}: node {node.name} ({node.kind}): {what}")


def write_node(graph: Written, node: Node, before: Shape, after: Shape) -> None:
    """Append a node of the engine.

    Raises
    ------
    UnsupportedError
        Operator set 17 has no node, or row of nodes, that computes the same.
    """
    writer = _WRITERS.get(node.kind)
    if writer is None:
        raise graph.unsupported(node, "ONNX has no such operator")
    writer(graph, node, before, after)


def _convolution(graph: Written, node: Node, before: Shape, after: Shape) -> None:
    kernel, stride = _pair(node, "kernel"), _pair(node, "stride")
    weights = graph.top, f"{node.name}.weight", f"{node.name}.bias"
    groups = int(node.fields["groups"])
    graph.add("Conv", node.name, *weights, kernel_shape=kernel, strides=stride, pads=_pads(node), group=groups)


def _dense(graph: Written, node: Node, before: Shape, after: Shape) -> None:
    graph.flatten(node.name)
    graph.add("Gemm", node.name, graph.top, f"{node.name}.weight", f"{node.name}.bias", transB=1)


def _activation(graph: Written, node: Node, before: Shape, after: Shape) -> None:
    graph.add({"relu": "Relu", "tanh": "Tanh", "sigmoid": "Sigmoid"}[node.kind], node.name)


def _max_pool(graph: Written, node: Node, before: Shape, after: Shape) -> None:
    ceil_mode = _ceil(graph, node, before, after)
    kernel, stride = _pair(node, "kernel"), _pair(node, "stride")
    graph.add("MaxPool", node.name, kernel_shape=kernel, strides=stride, pads=_pads(node), ceil_mode=ceil_mode)


def _average_pool(graph: Written, node: Node, before: Shape, after: Shape) -> None:
    ceil_mode, counts = _ceil(graph, node, before, after), int(node.fields["count_include_pad"])
    if ceil_mode and counts:
        raise graph.unsupported(node, "it rounds up and counts padding, where ONNX's runtimes differ")
    window: dict[str, Any] = {
        "kernel_shape": _pair(node, "kernel"),
        "strides": _pair(node, "stride"),
        "pads": _pads(node),
    }
    graph.add("AveragePool", node.name, **window, ceil_mode=ceil_mode, count_include_pad=counts)


def _adaptive_average_pool(graph: Written, node: Node, before: Shape, after: Shape) -> None:
    size, (_, height, width) = int(node.fields["size"]), before
    if size == 1:
        graph.add("GlobalAveragePool", node.name)
    elif height % size == 0 and width % size == 0:
        window = [height // size, width // size]
        graph.add("AveragePool", node.name, kernel_shape=window, strides=window)
    else:
        rows = graph.constant(f"{node.name}.rows", averages(height, size))
        columns = graph.constant(f"{node.name}.columns", averages(width, size).T)
        graph.add("MatMul", f"{node.name}.over_rows", rows, graph.top)
        graph.add("MatMul", node.name, graph.top, columns)


def _response_norm(graph: Written, node: Node, before: Shape, after: Shape) -> None:
    size, groups = int(node.fields["size"]), int(node.fields["groups"])
    if size % 2 == 0:
        raise graph.unsupported(node, f"size {size}: ONNX places the middle of an even window differently")
    if not graph.is_map:
        raise graph.unsupported(node, "it reads a vector, expected a map")
    alpha = float(node.fields["alpha"]) * (1 if node.fields["alpha_over_n"] == "1" else size)
    norm: dict[str, Any] = {
        "size": size,
        "alpha": alpha,
        "beta": float(node.fields["beta"]),
        "bias": float(node.fields["k"]),
    }
    if groups == 1:
        graph.add("LRN", node.name, **norm)
        return
    channels, height, width = before
    # Groups become images of their own: no window then crosses a limit.
    apart = graph.constant(f"{node.name}.apart", [-1, channels // groups, height, width], np.int64)
    together = graph.constant(f"{node.name}.together", [-1, channels, height, width], np.int64)
    graph.add("Reshape", f"{node.name}.split", graph.top, apart)
    graph.add("LRN", node.name, **norm)
    graph.add("Reshape", f"{node.name}.join", graph.top, together)


def _spatial_response_norm(graph: Written, node: Node, before: Shape, after: Shape) -> None:
    """Write x / (k + alpha · mean of x²)^beta: the mean counts zeros outside, so that it is the sum by size²."""
    name, size, top = node.name, int(node.fields["size"]), graph.top
    first, last = size // 2, size - 1 - size // 2
    alpha = float(node.fields["alpha"]) * (1 if node.fields["alpha_over_n"] == "1" else size**2)
    graph.add("Mul", f"{name}.squares", top, top)
    pads = [first, first, last, last]
    graph.add("AveragePool", f"{name}.means", kernel_shape=[size, size], pads=pads, count_include_pad=1)
    for kind, part, value in (
        ("Mul", "alpha", alpha),
        ("Add", "k", node.fields["k"]),
        ("Pow", "beta", node.fields["beta"]),
    ):
        graph.add(kind, f"{name}.{part}", graph.top, graph.constant(f"{name}.{part}", float(value)))
    graph.add("Div", name, top, graph.top)


def _dropout(graph: Written, node: Node, before: Shape, after: Shape) -> None:
    """Dropout does nothing at inference; the paper's form multiplies instead."""
    probability = float(node.fields["probability"])
    graph.add("Dropout", node.name, graph.top, graph.constant(f"{node.name}.ratio", probability))
    if node.fields["form"] == "paper2012":
        kept = graph.constant(f"{node.name}.kept", 1 - probability)
        graph.add("Mul", f"{node.name}.scale", graph.top, kept)


def _softmax(graph: Written, node: Node, before: Shape, after: Shape) -> None:
    graph.add("Softmax", node.name, axis=1)


_WRITERS: dict[str, Callable[[Written, Node, Shape, Shape], None]] = {
    "convolution": _convolution,
    "dense": _dense,
    "relu": _activation,
    "tanh": _activation,
    "sigmoid": _activation,
    "max_pool": _max_pool,
    "average_pool": _average_pool,
    "adaptive_average_pool": _adaptive_average_pool,
    "response_norm": _response_norm,
    "spatial_response_norm": _spatial_response_norm,
    "dropout": _dropout,
    "softmax": _softmax,
}


def _pair(node: Node, name: str) -> list[int]:
    return [int(node.fields[name])] * 2


def _pads(node: Node) -> list[int]:
    """ONNX's order is the engine's: top, left, bottom, right."""
    return [int(side) for side in node.fields["pad"].split(",")]


def _ceil(graph: Written, node: Node, before: Shape, after: Shape) -> int:
    """Return ceil_mode, after checking that ONNX's rule gives the engine's number of windows.

    The engine, like Caffe and PyTorch, drops a last window that would start in the padding; operator set 17 does not.
    """
    if node.fields["ceil"] == "0":
        return 0
    kernel, stride, (top, left, bottom, right) = int(node.fields["kernel"]), int(node.fields["stride"]), _pads(node)
    rows, columns = before[1] + top + bottom - kernel, before[2] + left + right - kernel
    if (-(rows // -stride) + 1, -(columns // -stride) + 1) != after[1:]:
        raise graph.unsupported(node, "rounding up, it leaves out a window that starts in the padding; ONNX does not")
    return 1
