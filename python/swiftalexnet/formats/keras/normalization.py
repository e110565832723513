"""Batch normalisation as part of the layer before it, or as a convolution of 1 × 1 with a group a channel."""

import numpy as np

from ...errors import CheckpointCorruptError
from ..chain import Part, convolution
from ..layouts import conventional
from ..stored import Stored
from .config import KerasLayer
from .graph import Graph, Values

_LIMIT = 1e30  # of factors, so that products stay in float32


def add_batch_normalization(graph: Graph, layer: KerasLayer) -> None:
    """Add a `BatchNormalization`: γ (x − mean) / √(variance + ε) + β, with the statistics of training."""
    channels, height, width = graph.shape
    axis = layer.config.get("axis", -1)
    axis = axis[0] if isinstance(axis, list) and len(axis) == 1 else axis
    if axis not in ((-1, 1) if graph.is_flat else (-1, 3)):
        raise graph.refuse(layer, f"has axis {axis!r}, expected the channels")
    if graph.is_flat and height * width != 1:
        raise graph.refuse(layer, "follows Flatten, expected it before")
    epsilon = float(layer.config.get("epsilon", 1e-3))
    weights = graph.weights(layer)
    if not {"moving_mean", "moving_variance"} <= weights.keys():
        raise ValueError(f"{graph.place}: it has no mean and variance for {layer}")

    def vector(role: str, default: float) -> Values:
        return graph.vector(weights, role, layer, default, channels)

    variance = vector("moving_variance", 1) + epsilon
    if not (variance > 0).all():
        raise CheckpointCorruptError(f"{graph.place}: the variance of {layer} is below 0")
    factor = vector("gamma", 1) / np.sqrt(variance)
    shift = vector("beta", 0) - vector("moving_mean", 0) * factor
    if not (np.abs([factor, shift]) < _LIMIT).all():
        raise CheckpointCorruptError(f"{graph.place}: the factors of {layer} are too large")
    last = graph.nodes[-1] if graph.nodes else None
    if last is not None and last.is_weighted and not any(graph.padding):
        _fold(graph, last.name, factor, shift)
        return
    node = convolution(graph.name(layer.name), channels, 1, groups=channels)
    weight = Stored.of_array(f"{layer.name}/gamma", factor.astype(np.float32).reshape(-1, 1, 1, 1))
    graph.add_weighted(node, Part(weight, conventional), _bias(layer.name, shift))
    graph.notes.append(f"{layer} follows no weights, and became a convolution of 1 × 1 in {channels} groups")


def _fold(graph: Graph, name: str, factor: Values, shift: Values) -> None:
    """Multiply the outputs of a weighted node, and add to them."""
    parts = graph.parameters.get(f"{name}.bias")
    if parts:
        bias = parts[0].stored
        if bias.shape != factor.shape:
            raise ValueError(f"{graph.place}: {bias.name} has shape {bias.shape}, expected {factor.shape}")
        shift = bias.array().astype(np.float64) * factor + shift
    key = f"{name}.weight"
    graph.factors[key] = (factor * graph.factors.get(key, np.float32(1))).astype(np.float32)
    graph.parameters[f"{name}.bias"] = [Part(_bias(name, shift))]


def _bias(name: str, values: Values) -> Stored:
    return Stored.of_array(f"{name}/bias", values.astype(np.float32))
