"""What an extraction is: layers, model, preprocessing and arithmetic as JSON, and in what two of them differ."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import _native
from .._support.arithmetic import INT8, PRECISIONS, WEIGHTS
from .._support.digests import array_digest, weights_digest
from .._support.json import to_json
from .._support.native_arguments import Arithmetic
from ..network.base import BaseModel
from ..network.spec_text import cut_behind
from .feature_layers import Layers
from .feature_results import FORMAT
from .feature_target import Target

_MOST_NAMED = 3  # differences in a message
_NOT_COMPARED = ("package", "source", "images", "offsets")


def describe(model: BaseModel, layers: Layers, target: Target, arithmetic: Arithmetic, images: dict[str, Any]) -> Any:
    """Return the fields of the JSON file beside the arrays, but for the images themselves.

    Parameters
    ----------
    model : Model
    layers : Layers
    target : Target
    arithmetic : Arithmetic
    images : dict
        How they are read.
    """
    files = target.files(list(layers.shapes), "features")
    rows = {
        name: {"node": node, "file": files[node], "shape": list(layers.shapes[node])}
        for name, node in layers.nodes.items()
    }
    settings = model.preprocessing.to_json()
    learned = {"mean": model.preprocessing.mean, "whitening": model.preprocessing.whitening}
    info = _native.runtime_info()
    fields = {
        "format": FORMAT,
        "package": _native.VERSION,
        "layers": rows,
        **layers.form._asdict(),
        "model": {"variant": model.variant, "sha256": _digest_of_weights(model, layers.last)},
        "source": None if model.source is None else model.source.to_json(),
        "preprocessing": settings | {name: _shown_or_digest(array) for name, array in learned.items()},
        "arithmetic": {
            "precision": PRECISIONS[arithmetic.precision],
            "weights": WEIGHTS[arithmetic.int8_dense_weights],
            "fast_math": bool(arithmetic.fast_math),
            "instruction_set": info["instruction_set"],
            "gemm": info["gemm"],
        }
        | _ranges(model, arithmetic),
        "reading": images,
    }
    return json.loads(json.dumps(fields))  # as it will be read


def differences(there: Mapping[str, Any], here: Mapping[str, Any]) -> str:
    """Return in what two descriptions differ, "" if in nothing that matters for the features."""
    different = {path: pair for path, *pair in _different(there, here) if path.split(".")[0] not in _NOT_COMPARED}
    if "layers" in different:
        different.pop("model.sha256", None)  # it is that of the weights up to the last of these layers
    found = [f"{path} is {_short(one)} there and {_short(other)} here" for path, (one, other) in different.items()]
    rest = len(found) - _MOST_NAMED
    return "; ".join(found[:_MOST_NAMED]) + (f"; and {rest} more differences" if rest > 0 else "")


def _different(there: Any, here: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    if not (isinstance(there, Mapping) and isinstance(here, Mapping)):
        if there != here:
            yield path, there, here
        return
    if path == "layers" and there.keys() != here.keys():
        yield path, ", ".join(there), ", ".join(here)
        return
    for key in dict.fromkeys([*there, *here]):
        yield from _different(there.get(key), here.get(key), f"{path}.{key}".lstrip("."))


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= 80 else f"{text[:64]}…"


def _digest_of_weights(model: BaseModel, last: str) -> str:
    """Return the SHA-256 of the network up to its last node asked for, and of these weights, in the engine's order."""
    text = "" if last == "data" else cut_behind(model.spec, model.variant, last, "features")
    nodes = {line.split()[1] for line in text.splitlines()[2:]}
    with model.network.hold("features", False):
        arrays = {name: array for name, array in model.parameters().items() if name.rpartition(".")[0] in nodes}
        return weights_digest(arrays, text)


def _ranges(model: BaseModel, arithmetic: Arithmetic) -> dict[str, str]:
    """Return a digest of the ranges that int8 rounds to; nothing in another precision."""
    if arithmetic.precision != INT8 or model.quantization is None:
        return {}
    return {"ranges": f"sha256 {weights_digest({}, to_json(model.quantization.to_json()))}"}


def _shown_or_digest(array: NDArray[np.float32] | None) -> Any:
    """Return a few numbers themselves, of a large array its digest."""
    if array is None:
        return None
    if array.size <= 4:
        return [float(value) for value in array.ravel()]
    return f"sha256 {array_digest(array)}"
