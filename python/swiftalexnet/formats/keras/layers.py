"""What each class of Keras's layers is in the engine; a class that is not here is refused, and no code is run."""

from collections.abc import Callable

from ..chain import Node, Part, average_pool, convolution, dense, dropout, max_pool
from ..layouts import hwio
from ..names.keras import dense_part
from .config import KerasLayer
from .graph import Graph
from .normalization import add_batch_normalization
from .options import activation_name, require, square, whole, window
from .preprocessing import add_normalization, add_rescaling

_FUNCTIONS = ("relu", "tanh", "sigmoid")


def add_layer(graph: Graph, layer: KerasLayer) -> None:
    """Add a layer to the chain.

    Raises
    ------
    UnsupportedError
        The engine has no such layer, or not with these options.
    ValueError
        Its options or weights are damaged.
    """
    if (add := _LAYERS.get(layer.kind)) is None:
        raise graph.refuse(layer, "is no layer that the engine has")
    add(graph, layer)


def _convolution(graph: Graph, layer: KerasLayer) -> None:
    kernel, stride = square(graph, layer, "kernel_size"), square(graph, layer, "strides", 1)
    if square(graph, layer, "dilation_rate", 1) != 1:
        raise graph.refuse(layer, "is dilated")
    sides = [own + zeros for own, zeros in zip(window(graph, layer, kernel, stride), graph.padding, strict=True)]
    graph.padding = [0, 0, 0, 0]
    outputs = whole(graph, layer, layer.config["filters"], "filters")
    groups = whole(graph, layer, layer.config.get("groups", 1), "groups")
    node = convolution(graph.name(layer.name), outputs, kernel, stride, sides, groups)
    _add_weighted(graph, layer, node, 0)


def _dense(graph: Graph, layer: KerasLayer) -> None:
    channels, height, width = graph.shape
    if not graph.is_flat and height * width != 1:
        raise graph.refuse(layer, "reads a map, expected Flatten or a global pool before it")
    graph.is_flat = True
    node = dense(graph.name(layer.name), whole(graph, layer, layer.config["units"], "units"))
    _add_weighted(graph, layer, node, channels if height * width > 1 else 0, height)


def _add_weighted(graph: Graph, layer: KerasLayer, node: Node, channels: int, height: int = 0) -> None:
    """Add a layer with kernel, bias and activation; `channels` and `height` of the map before a dense layer."""
    weights = graph.weights(layer)
    if (kernel := weights.get("kernel")) is None:
        raise ValueError(f"{graph.place}: it has no weights for {layer}")
    dimensions = 4 if node.kind == "convolution" else 2
    if len(kernel.shape) != dimensions:
        raise ValueError(f"{graph.place}: {kernel.name} has shape {kernel.shape}, expected {dimensions} dimensions")
    part = Part(kernel, hwio) if dimensions == 4 else dense_part(kernel, channels, height)
    graph.add_weighted(node, part, weights.get("bias"))
    _function(graph, layer, activation_name(layer.config.get("activation")))


def _max_pool(graph: Graph, layer: KerasLayer) -> None:
    kernel = square(graph, layer, "pool_size", 2)
    stride = square(graph, layer, "strides", kernel)
    graph.add(max_pool(graph.name(layer.name), kernel, stride, window(graph, layer, kernel, stride)))


def _average_pool(graph: Graph, layer: KerasLayer) -> None:
    kernel = square(graph, layer, "pool_size", 2)
    stride = square(graph, layer, "strides", kernel)
    graph.add(average_pool(graph.name(layer.name), kernel, stride, window(graph, layer, kernel, stride)))


def _global_average_pool(graph: Graph, layer: KerasLayer) -> None:
    require(graph, layer, "data_format", "channels_last", None)
    if graph.is_flat:
        raise graph.refuse(layer, "reads a list, expected a map")
    graph.add(Node.make("adaptive_average_pool", graph.name(layer.name), size=1))
    graph.is_flat = not layer.config.get("keepdims")


def _global_max_pool(graph: Graph, layer: KerasLayer) -> None:
    require(graph, layer, "data_format", "channels_last", None)
    _, height, width = graph.shape
    if graph.is_flat or height != width:
        raise graph.refuse(layer, f"reads {height} × {width} values, expected a square map")
    graph.add(max_pool(graph.name(layer.name), height, height))
    graph.is_flat = not layer.config.get("keepdims")


def _flatten(graph: Graph, layer: KerasLayer) -> None:
    require(graph, layer, "data_format", "channels_last", None)
    graph.is_flat = True


def _dropout(graph: Graph, layer: KerasLayer) -> None:
    rate = float(layer.config["rate"])
    if not 0 <= rate < 1:
        raise ValueError(f"{graph.place}: {layer} has rate {rate:g}, expected 0 to below 1")
    require(graph, layer, "noise_shape", None)
    if rate:
        graph.add(dropout(graph.name(layer.name), rate))


def _activation(graph: Graph, layer: KerasLayer) -> None:
    _function(graph, layer, activation_name(layer.config.get("activation")))


def _relu(graph: Graph, layer: KerasLayer) -> None:
    require(graph, layer, "max_value", None)
    for option in ("negative_slope", "threshold"):
        require(graph, layer, option, 0.0, 0, None)
    _function(graph, layer, "relu")


def _softmax(graph: Graph, layer: KerasLayer) -> None:
    require(graph, layer, "axis", -1)
    _function(graph, layer, "softmax")


def _function(graph: Graph, layer: KerasLayer, function: str) -> None:
    """Add an elementwise function, or the softmax at the end."""
    if not function:
        return
    if function not in (*_FUNCTIONS, "softmax"):
        raise graph.refuse(layer, f"has the activation {function[:60]!r}, expected one of {', '.join(_FUNCTIONS)}")
    if function == "softmax" and not graph.is_flat:
        raise graph.refuse(layer, "has a softmax over a map, expected it over classes")
    graph.add(Node.make(function, graph.name(f"{layer.name}_{function}")))


def _zero_padding(graph: Graph, layer: KerasLayer) -> None:
    require(graph, layer, "data_format", "channels_last", None)
    value = layer.config["padding"]
    pair = value if isinstance(value, list) else [value, value]
    sides = [side if isinstance(side, list) else [side, side] for side in pair]
    (top, bottom), (left, right) = sides
    added = [whole(graph, layer, side, "padding") for side in (top, left, bottom, right)]
    graph.padding = [zeros + more for zeros, more in zip(graph.padding, added, strict=True)]


def _nothing(graph: Graph, layer: KerasLayer) -> None:
    """Add nothing for a layer that only acts in training, or not at all."""


def _training_only(graph: Graph, layer: KerasLayer) -> None:
    graph.notes.append(f"{layer} acts in training only, and was left out")


_LAYERS: dict[str, Callable[[Graph, KerasLayer], None]] = {
    "InputLayer": _nothing,
    "Conv2D": _convolution,
    "Convolution2D": _convolution,
    "Dense": _dense,
    "MaxPooling2D": _max_pool,
    "AveragePooling2D": _average_pool,
    "GlobalAveragePooling2D": _global_average_pool,
    "GlobalMaxPooling2D": _global_max_pool,
    "Flatten": _flatten,
    "Dropout": _dropout,
    "Activation": _activation,
    "ReLU": _relu,
    "Softmax": _softmax,
    "ZeroPadding2D": _zero_padding,
    "BatchNormalization": add_batch_normalization,
    "Rescaling": add_rescaling,
    "Normalization": add_normalization,
    **dict.fromkeys(
        ("RandomFlip", "RandomRotation", "RandomZoom", "RandomTranslation", "RandomContrast", "RandomBrightness"),
        _training_only,
    ),
}
