"""Models written as Keras 2's .h5, which Keras 3 reads as well."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..._support.optional import require
from ...files.atomic import replacing
from ...network.base import BaseModel
from ..layouts import Array
from ..stored import PIECE
from .expression import Expressed, description, expressed
from .own import ATTRIBUTE, own_text

_VERSION = "2.15.0"  # the last of Keras 2


def write(model: BaseModel, path: str | os.PathLike[str]) -> None:
    """Write a model as Keras's .h5: `keras.models.load_model` builds it, `load_weights` reads its weights by name.

    The layers of VGG have the names of keras.applications. Channels are red, green, blue, as the model reads them. How
    images are prepared, and the classes, stand in an attribute for `swiftalexnet.load`; Keras does not read it. The
    same model gives the same bytes.

    Raises
    ------
    ImportError
        h5py is not installed.
    UnsupportedError
        Keras has no layer for a node, such as local response normalisation; the message names it.
    OSError
        The file cannot be written; an old one is unchanged.
    """
    h5py: Any = require("h5py", "keras", "export")
    layers = expressed(model)
    text = json.dumps(description(layers, model.input_shape, "swiftalexnet"))
    with model.network.hold("export", False), replacing(path) as descriptor, _opened(h5py, descriptor) as h5:
        about = {"keras_version": _VERSION, "backend": "tensorflow"}
        h5.attrs.update({**about, "model_config": text, ATTRIBUTE: own_text(model)})
        group = h5.create_group("model_weights")
        group.attrs.update({**about, "layer_names": _texts(h5py, [layer.config["name"] for layer in layers])})
        for layer in layers:
            _write_layer(h5py, group, layer)


@contextmanager
def _opened(h5py: Any, descriptor: int) -> Iterator[Any]:
    """Open an empty file to write to; what the system refuses is an OSError of its own."""
    with os.fdopen(os.dup(descriptor), "r+b") as file, h5py.File(file, "w") as h5:
        yield h5


def _write_layer(h5py: Any, group: Any, layer: Expressed) -> None:
    name = layer.config["name"]
    inner = group.create_group(name)
    inner.attrs["weight_names"] = _texts(h5py, [f"{name}/{role}:0" for role in layer.weights])
    for role, view in layer.weights.items():
        shape = (
            (int(np.prod(view.shape[:-1])), view.shape[-1]) if layer.kind == "Dense" and view.ndim > 1 else view.shape
        )
        dataset = inner.create_dataset(f"{name}/{role}:0", shape, "<f4", track_times=False)
        _fill(dataset, view)


def _fill(dataset: Any, view: Array) -> None:
    """Write a view, a few rows at a time; a row of the view may be several of the dataset."""
    ratio = dataset.shape[0] // view.shape[0]
    step = max(PIECE // max(view[0].nbytes, 1), 1)
    for first in range(0, len(view), step):
        rows = np.ascontiguousarray(view[first : first + step])
        dataset[first * ratio : (first + len(rows)) * ratio] = rows.reshape(-1, *dataset.shape[1:])


def _texts(h5py: Any, texts: list[str]) -> Any:
    return np.array(texts, dtype=h5py.string_dtype())
