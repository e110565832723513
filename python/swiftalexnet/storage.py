"""Models as files: weights, specification, factors, preprocessing, class names; and the parts that pickle uses."""

import os
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import _native, parameters
from .errors import MALFORMED, CheckpointCorruptError
from .formats import safetensors
from .networks import Model
from .parameters import Multipliers
from .preprocessing import Preprocessing

_MEAN, _WHITENING = "preprocessing.mean", "preprocessing.whitening"

Tensors = dict[str, NDArray[Any]]


def save(model: Model, path: str | os.PathLike[str]) -> None:
    """Write a model, atomically."""
    header, tensors = model_to_parts(model)
    safetensors.write(path, tensors, {"model": header})


def load(path: str | os.PathLike[str]) -> Model:
    """Read a model from its own file or from a training checkpoint.

    Raises
    ------
    OSError
        The file cannot be read.
    CheckpointCorruptError
        It is damaged, or not this package's.
    """
    tensors, sections = safetensors.read(path)
    try:
        return model_from_parts(sections["model"], tensors)
    except MALFORMED as error:
        raise CheckpointCorruptError(f"{path} does not hold a model: {error}") from error


def model_to_parts(model: Model) -> tuple[dict[str, Any], Tensors]:
    """Return (header, tensors): all that `model_from_parts` needs."""
    header: dict[str, Any] = {
        "version": _native.VERSION,
        "specification": model.spec,
        "variant": model.variant,
        "classes": model.classes,
        "preprocessing": model.preprocessing.to_json(),
    }
    if factors := parameters.changed(model.multipliers()):
        header["multipliers"] = factors
    tensors = {**model.state_dict(), _MEAN: np.asarray(model.preprocessing.mean)}
    if model.preprocessing.whitening is not None:
        tensors[_WHITENING] = model.preprocessing.whitening
    return header, tensors


def model_from_parts(header: dict[str, Any], tensors: Tensors) -> Model:
    """Rebuild a model; tensors that are not its own (those of a checkpoint) are left aside."""
    variant = header["variant"]
    if not isinstance(variant, str | None):
        raise TypeError(f"variant is {variant!r}, expected a name or none")
    model = Model.from_spec(header["specification"], "zeros", variant=variant)
    model.load_state_dict({name: tensors[name] for name in model.parameters()})
    parameters.restore_multipliers(model.network, _multipliers(header, model.multipliers()))
    model.preprocessing = preprocessing_from_parts(header, tensors)
    model.classes = _classes(header["classes"], model.num_classes)
    return model


def preprocessing_from_parts(header: dict[str, Any], tensors: Tensors) -> Preprocessing:
    """Rebuild the preprocessing of a model."""
    return Preprocessing.from_json(header["preprocessing"], tensors[_MEAN], tensors.get(_WHITENING))


def _multipliers(header: dict[str, Any], ones: Multipliers) -> Multipliers:
    """Return the factors by parameter name; those that the header does not name are 1."""
    named: dict[str, Any] = header.get("multipliers", {})
    if unknown := named.keys() - ones.keys():
        raise ValueError(f"factors of {sorted(unknown)}, which the network does not have")
    return ones | {name: (float(rate), float(decay)) for name, (rate, decay) in named.items()}


def _classes(names: Any, count: int) -> tuple[str, ...] | None:
    if names is None:
        return None
    if not isinstance(names, (list, tuple)) or not all(isinstance(name, str) for name in names):
        raise TypeError("classes are no list of names")
    if len(names) != count:
        raise ValueError(f"{len(names)} classes are named, the network has {count}")
    return tuple(names)
