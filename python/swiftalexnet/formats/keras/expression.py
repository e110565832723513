"""A network of the engine as a list of Keras's layers, each as Keras's description has it, with its weights."""

import re
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from ...errors import UnsupportedError
from ...network.base import BaseModel
from ...network.layer_names import keras_names
from ..chain import Node, Shape
from ..layouts import Array, dense_hwc, hwio, in_out
from .options import same_padding

_FUNCTIONS = ("relu", "tanh", "sigmoid", "softmax")
_LAST: dict[str, Any] = {"data_format": "channels_last"}


class Expressed(NamedTuple):
    """A layer of Keras.

    Attributes
    ----------
    kind : str
        Its class.
    config : dict
        Its options, with its name.
    weights : dict of str to array
        Views of the engine's memory in Keras's order, by "kernel" and "bias"; a dense kernel may have more dimensions.
    """

    kind: str
    config: dict[str, Any]
    weights: dict[str, Array]


def expressed(model: BaseModel) -> list[Expressed]:
    """Return the layers that compute what a model computes.

    Raises
    ------
    UnsupportedError
        Keras has no layer for a node; the message names it.
    """
    nodes = [Node.parse(line) for line in model.spec.splitlines()[2:]]
    return _Writer(model).layers(nodes, [row[4] for row in model.network.nodes()])


class _Writer:
    def __init__(self, model: BaseModel):
        self._parameters = model.parameters()
        self._theirs = {ours: theirs for theirs, ours in keras_names(model.variant).items()}
        self._layers: list[Expressed] = []
        self._names: set[str] = set()
        self._is_flat = False

    def layers(self, nodes: Sequence[Node], shapes: Sequence[Shape]) -> list[Expressed]:
        """Return the layers of nodes; `shapes[i]` is the input of node i."""
        for index, node in enumerate(nodes):
            after = nodes[index + 1] if index + 1 < len(nodes) else None
            before = nodes[index - 1] if index else None
            if node.is_weighted and node.kind in ("convolution", "dense"):
                function = after if after is not None and after.kind in _FUNCTIONS else None
                self._weighted(node, function, shapes[index])
            elif node.kind in _FUNCTIONS:
                if before is None or not before.is_weighted:
                    self._add("Activation", node.name, {"activation": node.kind})
            elif node.kind in ("max_pool", "average_pool"):
                self._pool(node, shapes[index], shapes[index + 1])
            elif node.kind == "adaptive_average_pool":
                self._adaptive_pool(node, shapes[index])
            elif node.kind == "dropout" and node.fields["form"] == "inverted":
                self._add("Dropout", node.name, {"rate": float(node.fields["probability"])})
            else:
                raise UnsupportedError(f"export: Keras has no layer for {node.kind.replace('_', ' ')} {node.name}")
        return self._layers

    def _weighted(self, node: Node, function: Node | None, shape: Shape) -> None:
        weight, bias = (self._parameters[f"{node.name}.{part}"] for part in ("weight", "bias"))
        name = self._theirs.get(function.name, node.name) if function is not None else node.name
        options: dict[str, Any] = {"activation": function.kind if function is not None else "linear", "use_bias": True}
        outputs = int(node.fields["outputs"])
        if node.kind == "dense":
            if not self._is_flat:
                self._add("Flatten", "flatten", _LAST)
                self._is_flat = True
            _, height, width = shape
            matrix = dense_hwc(height, width)(weight) if height * width > 1 else in_out(weight)
            self._add("Dense", name, {"units": outputs} | options, {"kernel": matrix, "bias": bias})
            return
        padding = self._padding(node, shape)
        if padding is None:
            top, left, bottom, right = map(int, node.fields["pad"].split(","))
            self._add("ZeroPadding2D", f"{name}_pad", {"padding": [[top, bottom], [left, right]]} | _LAST)
        kernel, stride = int(node.fields["kernel"]), int(node.fields["stride"])
        window: dict[str, Any] = {"kernel_size": [kernel] * 2, "strides": [stride] * 2, "padding": padding or "valid"}
        filters = {"filters": outputs, "groups": int(node.fields["groups"]), "dilation_rate": [1, 1]}
        self._add("Conv2D", name, filters | window | _LAST | options, {"kernel": hwio(weight), "bias": bias})

    def _pool(self, node: Node, before: Shape, after: Shape) -> None:
        kernel, stride = int(node.fields["kernel"]), int(node.fields["stride"])
        padding = self._padding(node, before)
        sizes = [-(-side // stride) if padding == "same" else (side - kernel) // stride + 1 for side in before[1:]]
        counts_zeros = node.fields.get("count_include_pad") == "1" and padding == "same"
        if padding is None or sizes != list(after[1:]) or counts_zeros:
            edge = f"{before[1]} × {before[2]}"
            raise UnsupportedError(f"export: Keras cannot pool {edge} as {node.name} does, whose windows pass the edge")
        kind = "MaxPooling2D" if node.kind == "max_pool" else "AveragePooling2D"
        window: dict[str, Any] = {"pool_size": [kernel] * 2, "strides": [stride] * 2, "padding": padding}
        self._add(kind, self._theirs.get(node.name, node.name), window | _LAST)

    def _adaptive_pool(self, node: Node, before: Shape) -> None:
        size, height, width = int(node.fields["size"]), *before[1:]
        if height % size or width % size:
            raise UnsupportedError(
                f"export: Keras cannot pool {height} × {width} to {size} × {size} as {node.name} does"
            )
        window = [height // size, width // size]
        if window != [1, 1]:
            options = {"pool_size": window, "strides": window, "padding": "valid"}
            self._add("AveragePooling2D", node.name, options | _LAST)

    def _padding(self, node: Node, shape: Shape) -> str | None:
        """Return Keras's word for the padding of a window; None if it has none."""
        kernel, stride = int(node.fields["kernel"]), int(node.fields["stride"])
        top, left, bottom, right = map(int, node.fields["pad"].split(","))
        if not any((top, left, bottom, right)):
            return "valid"
        same = [same_padding(side, kernel, stride) for side in shape[1:]]
        return "same" if same == [(top, bottom), (left, right)] else None

    def _add(self, kind: str, name: str, options: dict[str, Any], weights: dict[str, Array] | None = None) -> None:
        config = {"name": self._free(name), "trainable": True, "dtype": "float32", **options}
        self._layers.append(Expressed(kind, config, weights or {}))

    def _free(self, name: str) -> str:
        """Return a name that TensorFlow accepts and no layer has."""
        base = re.sub(r"[^A-Za-z0-9_.-]", "_", name)
        base = base if base[0].isalnum() and base.isascii() else f"layer_{base}"
        free, number = base, 2
        while free in self._names:
            free, number = f"{base}_{number}", number + 1
        self._names.add(free)
        return free


def description(layers: Iterable[Expressed], input_shape: Shape, name: str) -> dict[str, Any]:
    """Return Keras 2's description of a model, which Keras 3 reads as well."""
    channels, height, width = input_shape
    first = {"batch_input_shape": [None, height, width, channels], "dtype": "float32", "name": "input_1"}
    listed = [{"class_name": "InputLayer", "config": first | {"sparse": False, "ragged": False}}]
    listed += [{"class_name": layer.kind, "config": layer.config} for layer in layers]
    return {"class_name": "Sequential", "config": {"name": name, "layers": listed}}
