"""Models as files, and as parts for pickle: weights, specification, factors, preprocessing, class names."""

import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from .. import _native
from ..errors import MALFORMED, CheckpointCorruptError
from ..files import safetensors
from ..files.paths import as_path
from ..preprocessing.preprocessing import Preprocessing
from . import parameters
from .base import BaseModel
from .known_answers import KnownAnswers
from .parameters import Multipliers
from .quantization import Quantization
from .rounded_weights import integers_of, restore, rounded_parameters
from .source import Source
from .spec_text import cut_behind

if TYPE_CHECKING:
    from pathlib import Path

_SCALES = ".scales"  # behind the name of a parameter whose weights are integers
_MEAN, _WHITENING, _ANSWERS = "preprocessing.mean", "preprocessing.whitening", "known_answers"
_QUANTIZATION = "quantization"
_LARGEST_HALF = 65504.0  # of a float of 16 bits

Tensors = dict[str, NDArray[Any]]
Kind = TypeVar("Kind", bound=BaseModel)


def save(model: BaseModel, path: str | os.PathLike[str], float16: bool = False) -> None:
    """Write the state of a model between two training steps, atomically: see `Model.save`."""
    target = as_path(path, "path", "save")
    if float16 and model.quantization is not None:
        raise ValueError("save: float16 of a quantised model, whose weights have 8 bits, expected False")
    with model.network.hold("save", False):
        header, tensors = model_to_parts(model, float16)
        half = model.parameters() if float16 else {}
        for name, array in half.items():
            if (largest := float(max(array.max(), -array.min()))) > _LARGEST_HALF:
                raise ValueError(f"save: {name} has values up to {largest:g}, float16 goes to {_LARGEST_HALF:g}")
        safetensors.write(target, tensors, {"model": header}, half)


def model_to_parts(model: BaseModel, float16: bool = False) -> tuple[dict[str, Any], Tensors]:
    """Return (header, tensors) for `model_from_parts`. The weights are arrays in the engine's memory, not copies.

    Of a quantised model, rounded weights are int8 arrays of their own, and their scales stand beside them.

    Raises
    ------
    NonFiniteError
        A weight is infinite or NaN, and such a file could not be loaded; the message names the parameter.
    ValueError
        A quantised model's weights have been changed.
    """
    model.network.require_finite(_native.VALUE, "save")
    header: dict[str, Any] = {
        "version": _native.VERSION,
        "specification": model.spec,
        "variant": model.variant,
        "classes": model.classes,
        "preprocessing": model.preprocessing.to_json(),
    }
    if factors := parameters.changed(model.multipliers()):
        header["multipliers"] = factors
    if model.source is not None:
        header["source"] = model.source.to_json()
    tensors: Tensors = {**model.parameters(), _MEAN: np.asarray(model.preprocessing.mean)}
    if model.quantization is not None:
        header[_QUANTIZATION] = model.quantization.to_json()
        for name, scales in model.quantization.weights.items():
            tensors |= {name: integers_of(name, tensors[name], scales), f"{name}{_SCALES}": scales}
    if model.known_answers is not None:
        header[_ANSWERS] = model.known_answers.to_json(float16)
        tensors[_ANSWERS] = model.known_answers.outputs
    if model.preprocessing.whitening is not None:
        tensors[_WHITENING] = model.preprocessing.whitening
    return header, tensors


def load(kind: type[Kind], path: str | os.PathLike[str], up_to: str | None = None) -> Kind:
    """Read a model of class `kind` from a model file or a training checkpoint: see `swiftalexnet.load`."""
    source = as_path(path, "path", "load")
    with safetensors.opened(source) as file:
        whole = file.sections["model"]
        try:
            header = whole if up_to is None else _cut(whole, up_to)
        except ValueError as error:
            refusal = error  # the caller's mistake, which is no damage of the file
        else:
            return _read(kind, source, file, header, header == whole)
    raise refusal


def _cut(header: dict[str, Any], up_to: str) -> dict[str, Any]:
    """Return the header of a network that ends with a layer; only an unknown layer is a ValueError."""
    if len(header["specification"].splitlines()) < 3:
        raise LookupError("a network without layers")
    return header | {"specification": cut_behind(header["specification"], header["variant"], up_to, "load")}


def _read(kind: type[Kind], source: "Path", file: safetensors.Reader, header: dict[str, Any], whole: bool) -> Kind:
    """Read a model, or with another header than the file's the first layers of one."""
    try:
        model = _with_weights(kind, header, file.read_into)
        if whole:
            file.check_rest()
            return _completed(model, header, file)
        return _completed(model, _of_part(header, model), file)
    except CheckpointCorruptError:
        raise
    except MALFORMED as error:
        raise CheckpointCorruptError(f"{source} does not contain a model: {error}") from error


def _of_part(header: dict[str, Any], model: BaseModel) -> dict[str, Any]:
    """Return the header of a whole model for its first layers: without classes and answers, factors of their own."""
    factors = {name: pair for name, pair in header.get("multipliers", {}).items() if name in model.parameters()}
    rest = {key: value for key, value in header.items() if key != _ANSWERS}
    if _QUANTIZATION in header:
        nodes = {name for name, *_ in model.network.nodes()}
        fields = header[_QUANTIZATION]
        kept = {name: pair for name, pair in fields["activations"].items() if name in nodes}
        rest[_QUANTIZATION] = fields | {"activations": kept}
    return rest | {"classes": None, "multipliers": factors}


def model_from_parts(kind: type[Kind], header: dict[str, Any], tensors: Tensors) -> Kind:
    """Rebuild a model of class `kind`."""

    def copy(name: str, target: NDArray[Any], finite: bool) -> None:
        target[...] = tensors[name]

    return _completed(_with_weights(kind, header, copy), header, tensors)


def _with_weights(
    kind: type[Kind], header: dict[str, Any], read_into: Callable[[str, NDArray[Any], bool], None]
) -> Kind:
    """Build a model and read its weights; other tensors, such as those of a checkpoint, are ignored."""
    model = kind.from_spec(header["specification"], "zeros", variant=header["variant"])
    rounded = rounded_parameters(model.network) if _QUANTIZATION in header else ()
    for name, target in model.parameters().items():
        if name in rounded:
            integers, scales = np.empty(target.shape, np.int8), np.empty(target.shape[:1], np.float32)
            read_into(name, integers, True)
            read_into(f"{name}{_SCALES}", scales, True)
            restore(integers, scales, target)
        else:
            read_into(name, target, True)
    return model


def _completed(model: Kind, header: dict[str, Any], tensors: Mapping[str, NDArray[Any]]) -> Kind:
    """Set everything of a model except its weights."""
    parameters.restore_multipliers(model.network, _multipliers(header, model.multipliers()))
    model.preprocessing = preprocessing_from_parts(header, tensors)
    model.classes = header["classes"]
    if _ANSWERS in header:
        model.known_answers = KnownAnswers.from_json(header[_ANSWERS], tensors[_ANSWERS])
    if _QUANTIZATION in header:
        scales = {name: tensors[f"{name}{_SCALES}"] for name in rounded_parameters(model.network)}
        model.quantization = Quantization.from_json(header[_QUANTIZATION], scales)
    model.source = Source.from_json(header["source"]) if "source" in header else None
    return model


def how_rounded(header: dict[str, Any]) -> str:
    """Return the end of a line that says what a model is: how it is quantised, nothing if it is not."""
    return f"; {Quantization.from_json(header[_QUANTIZATION], {}).title}" if _QUANTIZATION in header else ""


def preprocessing_from_parts(header: dict[str, Any], tensors: Mapping[str, NDArray[Any]]) -> Preprocessing:
    """Rebuild the preprocessing of a model."""
    return Preprocessing.from_json(header["preprocessing"], tensors[_MEAN], tensors.get(_WHITENING))


def _multipliers(header: dict[str, Any], ones: Multipliers) -> Multipliers:
    """Return the factors by parameter name; those not in the header are 1."""
    named: dict[str, Any] = header.get("multipliers", {})
    if unknown := named.keys() - ones.keys():
        raise ValueError(f"factors of {sorted(unknown)}, which the network does not have")
    return ones | {name: (float(rate), float(decay)) for name, (rate, decay) in named.items()}
