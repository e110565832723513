"""A quantised model's graph: pairs of QuantizeLinear and DequantizeLinear where the engine rounds to eight bits.

Runtimes turn what lies between two pairs into integer operators. Activations are uint8, weights int8 with one scale for
each output, biases int32 with the scale of the sums.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...network.quantization import Quantization, Rounding
from ...network.rounded_weights import integers_of
from ..chain import Node, Shape
from .nodes_written import Written, write_node

_BIAS_LEVELS = 1 << 20  # of a bias whose output has no weights, and so no scale of its own
_LARGEST_BIAS = 2**31 - 1
_FUSING = ("convolution", "dense")  # kinds of nodes with which the engine computes a ReLU behind them in one step


class RoundedGraph:
    """Writes the nodes of a quantised model to a graph.

    Parameters
    ----------
    graph : Written
        With the weights of the model as they are in its memory: rounded ones are replaced by their integers.
    quantization : Quantization
    """

    def __init__(self, graph: Written, quantization: Quantization):
        self._graph, self._quantization = graph, quantization
        self._round("data", quantization.activations["data"])

    def write(self, node: Node, before: Shape, after: Shape, follower: str | None) -> None:
        """Append a node; `follower` is the kind of the next one, None behind the last that computes.

        Raises
        ------
        UnsupportedError, ValueError
            See `write_node`; a weight has been changed since the model was quantised.
        """
        graph = self._graph
        if node.kind == "dropout":
            self._multiply(node)
            return
        if node.kind == "dense" and graph.is_map:
            graph.flatten(node.name)
            self._round(f"{node.name}.flatten", self._held)
        if f"{node.name}.weight" in self._quantization.weights:
            self._hold_weights(node.name)
        write_node(graph, node, before, after)
        if follower is None or (node.kind in _FUSING and follower == "relu"):
            return
        own = self._quantization.activations[node.name]
        self._round(node.name, self._held if node.kind == "max_pool" else own)

    def _round(self, name: str, rounding: Rounding) -> None:
        """Round what the last node has written."""
        self._graph.add("QuantizeLinear", f"{name}.quantize", self._graph.top, *self._constants(name, rounding))
        self._bytes = self._graph.top
        self._read(name, rounding)

    def _read(self, name: str, rounding: Rounding) -> None:
        """Turn the last bytes into the numbers that they stand for."""
        self._graph.add("DequantizeLinear", f"{name}.dequantize", self._bytes, *self._constants(name, rounding))
        self._held = rounding

    def _constants(self, name: str, rounding: Rounding) -> tuple[str, str]:
        scale = self._graph.constant(f"{name}.scale", rounding.scale)
        return scale, self._graph.constant(f"{name}.zero_point", rounding.zero_point, np.uint8)

    def _multiply(self, node: Node) -> None:
        """Write dropout, which leaves the bytes as they are: in the paper's form they stand for other numbers."""
        if node.fields["form"] == "paper2012":
            kept = np.float32(1) - np.float32(node.fields["probability"])
            scale = float(np.float32(self._held.scale) * kept)
            self._read(node.name, Rounding(scale, self._held.zero_point))

    def _hold_weights(self, name: str) -> None:
        """Give a layer's weights and biases as integers, under the names that the layer reads."""
        weight, bias = f"{name}.weight", f"{name}.bias"
        scales, values = self._quantization.weights[weight], self._graph.tensors[bias]
        integers = integers_of(weight, self._graph.tensors.pop(weight), scales)
        is_empty = ~integers.reshape(len(integers), -1).any(1)
        finest = np.abs(values) / np.float32(self._held.scale * _BIAS_LEVELS)
        scales = np.where(is_empty & (finest >= np.finfo(np.float32).tiny), finest, scales)
        self._dequantize(weight, integers, scales)
        sums = scales * np.float32(self._held.scale)
        levels = np.rint(values.astype(np.float64) / np.maximum(sums, np.finfo(np.float32).tiny))
        if (np.abs(levels) <= _LARGEST_BIAS).all() and (sums >= np.finfo(np.float32).tiny).all():
            del self._graph.tensors[bias]
            self._dequantize(bias, levels.astype(np.int32), sums)

    def _dequantize(self, name: str, integers: NDArray[Any], scales: NDArray[np.float32]) -> None:
        """Add a tensor of integers, with a scale for each of its first axis, as the numbers that they stand for."""
        held = self._graph.constant(f"{name}.integers", integers, integers.dtype)
        scale = self._graph.constant(f"{name}.scale", scales)
        zeros = self._graph.constant(f"{name}.zero_point", np.zeros(len(scales)), integers.dtype)
        self._graph.name("DequantizeLinear", name, held, scale, zeros, axis=0)
