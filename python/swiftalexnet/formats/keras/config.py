"""Keras's description of a model, JSON, as its layers in the order of computation; no class that it names is made."""

import json
import re
from collections import Counter
from dataclasses import dataclass
from typing import Any

from ...errors import CheckpointCorruptError, UnsupportedError

JSON_LIMIT = 1 << 20  # characters: twenty times that of VGG-19
_MOST_LAYERS = 1000
_DEEPEST = 8  # models within models
_MODELS = ("Sequential", "Functional", "Model")


@dataclass(frozen=True)
class KerasLayer:
    """A layer.

    Attributes
    ----------
    kind : str
        Its class.
    names : tuple of str
        Its name, after those of the models that it lies in.
    keys : tuple of str
        The same as Keras 3 calls them in a file of weights, by class and number: "conv2d_1".
    config : dict
        Its options.
    """

    kind: str
    names: tuple[str, ...]
    keys: tuple[str, ...]
    config: dict[str, Any]

    @property
    def name(self) -> str:
        """Its own name."""
        return self.names[-1]

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


def parse_config(text: str, place: str) -> list[KerasLayer]:
    """Return the layers of a model.

    Raises
    ------
    CheckpointCorruptError
        It is no such JSON.
    UnsupportedError
        The layers are no chain.
    """
    if len(text) > JSON_LIMIT:
        raise CheckpointCorruptError(f"{place}: the model's description is longer than {JSON_LIMIT:,} characters")
    try:
        layers = _layers_of(json.loads(text), (), (), place)
    except (AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
        raise CheckpointCorruptError(f"{place}: the model's description is damaged: {error!r}") from error
    if len(layers) > _MOST_LAYERS:
        raise UnsupportedError(f"{place}: the model has {len(layers):,} layers, expected at most {_MOST_LAYERS:,}")
    return layers


def _layers_of(model: dict[str, Any], names: tuple[str, ...], keys: tuple[str, ...], place: str) -> list[KerasLayer]:
    if len(names) > _DEEPEST:
        raise UnsupportedError(f"{place}: models lie in models, more than {_DEEPEST} deep")
    if (kind := model["class_name"]) not in _MODELS:
        raise UnsupportedError(f"{place}: the model is a {kind}, expected one of {', '.join(_MODELS)}")
    body = model["config"]
    entries = body if isinstance(body, list) else body["layers"]
    if len(entries) > _MOST_LAYERS:
        raise UnsupportedError(f"{place}: the model has {len(entries):,} layers, expected at most {_MOST_LAYERS:,}")
    numbers: Counter[str] = Counter()
    inner: dict[str, tuple[dict[str, Any], KerasLayer]] = {}
    for entry in entries:
        layer = _layer(entry, names, keys, numbers)
        if layer.name in inner:
            raise ValueError(f"two layers are called {layer.name!r}")
        inner[layer.name] = entry, layer
    order = list(inner) if kind == "Sequential" else _order(body, inner, place)
    layers: list[KerasLayer] = []
    for name in order:
        entry, layer = inner[name]
        is_model = layer.kind in _MODELS
        layers += _layers_of(entry, layer.names, layer.keys, place) if is_model else [layer]
    if isinstance(body, dict) and not names and (shape := body.get("build_input_shape")) and layers:
        layers[0].config.setdefault("batch_shape", shape)
    return layers


def _layer(entry: dict[str, Any], names: tuple[str, ...], keys: tuple[str, ...], numbers: "Counter[str]") -> KerasLayer:
    kind = entry["class_name"]
    module = str(entry.get("module") or "keras")
    if not isinstance(kind, str) or module.partition(".")[0] not in ("keras", "tf_keras", "tensorflow"):
        kind = f"{module}.{kind}"
    config = entry["config"]
    name = entry.get("name") or (config.get("name") if isinstance(config, dict) else None) or kind
    base = _snake_case(kind)
    key = f"{base}_{numbers[base]}" if numbers[base] else base
    numbers[base] += 1
    return KerasLayer(kind, (*names, str(name)), (*keys, key), config if isinstance(config, dict) else {})


def _order(body: dict[str, Any], inner: dict[str, tuple[dict[str, Any], KerasLayer]], place: str) -> list[str]:
    """Return the names on the way from the input to the output; the layers must be one chain."""
    name = _only_name(body["output_layers"], f"{place}: the model", "outputs")
    order: list[str] = []
    while True:
        entry, layer = inner[name]
        if name in order:
            raise ValueError(f"{name!r} reads its own output")
        order.append(name)
        nodes = entry["inbound_nodes"]
        if not nodes:
            break
        if len(nodes) != 1:
            raise UnsupportedError(f"{place}: {layer} is used {len(nodes)} times; the engine computes chains")
        name = _input_of(nodes[0], f"{place}: {layer}")
    if left := [name for name in inner if name not in order]:
        raise UnsupportedError(f"{place}: {inner[left[0]][1]} lies in another branch; the engine computes chains")
    return order[::-1]


def _input_of(node: Any, place: str) -> str:
    """Return the layer whose output a call of a layer reads."""
    if isinstance(node, dict):  # Keras 3
        (tensors,) = node["args"][:1] or ((),)
        tensors = tensors if isinstance(tensors, list) else [tensors]
        return _only_name([tensor["config"]["keras_history"] for tensor in tensors], place, "inputs")
    return _only_name(node, place, "inputs")


def _only_name(places: list[Any], owner: str, what: str) -> str:
    """Return the layer of [[name, call, output]], or of [name, call, output]."""
    if places and isinstance(places[0], str):
        places = [places]
    if len(places) != 1:
        raise UnsupportedError(f"{owner} has {len(places)} {what}, expected one")
    return str(places[0][0])


def _snake_case(kind: str) -> str:
    """Return the name of a class as Keras turns it into that of a group."""
    words = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", re.sub(r"\W+", "", kind))
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", words).lower()
