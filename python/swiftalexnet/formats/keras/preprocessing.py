"""Layers of a Keras model that prepare pixels, and what is assumed where it has none."""

from typing import Any

import numpy as np

from ...preprocessing.preprocessing import Preprocessing
from ..chain import Chain
from ..names.keras import as_keras_vgg, is_keras_vgg
from .config import KerasLayer
from .graph import Graph, Values

_EPSILON = 1e-7  # Keras's own: the least deviation that is divided by


def add_rescaling(graph: Graph, layer: KerasLayer) -> None:
    """Add a `Rescaling`: pixel · scale + offset."""
    _require_first(graph, layer)
    scale, offset = (
        _values(graph, layer, layer.config.get(key, value)) for key, value in (("scale", 1), ("offset", 0))
    )
    graph.scale, graph.offset = graph.scale * scale, graph.offset * scale + offset


def add_normalization(graph: Graph, layer: KerasLayer) -> None:
    """Add a `Normalization`: (pixel − mean) / √variance, by its options or as learned."""
    _require_first(graph, layer)
    if layer.config.get("invert") or layer.config.get("axis", -1) not in (-1, 3, [-1], [3]):
        raise graph.refuse(layer, "is inverted or along another axis than the channels")
    channels = graph.input[0]
    given = [layer.config.get(key) for key in ("mean", "variance")]
    if None in given:
        weights = graph.weights(layer)
        if not {"mean", "variance"} <= weights.keys():
            raise ValueError(f"{graph.place}: it has no mean and variance for {layer}")
        mean, variance = (graph.vector(weights, role, layer, 0, channels) for role in ("mean", "variance"))
    else:
        mean, variance = (_values(graph, layer, value) for value in given)
    if not (variance >= 0).all():
        raise ValueError(f"{graph.place}: {layer} has a variance below 0")
    deviation = np.maximum(np.sqrt(variance), _EPSILON)
    graph.scale, graph.offset = graph.scale / deviation, (graph.offset - mean) / deviation


def prepare(graph: Graph, chain: Chain, layers: list[KerasLayer]) -> None:
    """Say how the images of a chain are prepared: by the model's own layers, as Keras's VGG, or not at all."""
    channels, height, width = chain.input
    if height != width:
        chain.notes.append(f"images of {height} × {width} pixels are not prepared: hand in tensors")
        return
    is_own = any(layer.kind in ("Rescaling", "Normalization") for layer in layers)
    if not is_own and channels == 3 and is_keras_vgg(layer.name for layer in layers):
        as_keras_vgg(chain)
        return
    if not (np.abs(graph.scale) > 0).all():
        raise graph.refuse(layers[0], "is followed by a scale of 0")
    mean, scale = 0 - graph.offset / graph.scale, graph.scale
    # The filter of `tf.image.resize`, which `image_dataset_from_directory` uses; it keeps no proportions.
    chain.preprocessing = Preprocessing(
        height,
        height,
        mean.astype(np.float32),
        None if (scale == 1).all() else scale.astype(np.float32),
        resample="opencv_bilinear",
        warp=True,
    )
    how = "as its own layers say" if is_own else "pixels of 0 to 255 are not scaled, because it has no layer for that"
    colors = "red, green, blue" if channels == 3 else f"{channels} channels"
    chain.notes.append(f"images are squeezed to {height} × {height} and read as {colors}; {how}")


def _require_first(graph: Graph, layer: KerasLayer) -> None:
    if graph.nodes or graph.is_flat or any(graph.padding):
        raise graph.refuse(layer, "follows other layers, expected it before them")


def _values(graph: Graph, layer: KerasLayer, value: Any) -> Values:
    """Return numbers of an option, one a channel."""
    while isinstance(value, dict):  # Keras 3 may write {"class_name": "__numpy__", "config": {"value": [0.5]}}
        value = value.get("config", {}).get("value") if "config" in value else None
    numbers = np.asarray(value, np.float64).reshape(-1)
    if numbers.size not in (1, graph.input[0]) or not np.isfinite(numbers).all():
        raise ValueError(f"{graph.place}: {layer} has {numbers.size} numbers, expected one a channel")
    return np.broadcast_to(numbers, graph.input[0]).astype(np.float64)
