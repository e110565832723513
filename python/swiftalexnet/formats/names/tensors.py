"""A network from tensors alone: whose names they have, and the reader of those names."""

import re
from collections.abc import Mapping, Sequence

from ...network.catalog import catalog
from ..chain import Chain, Part
from ..contents import Options
from ..stored import Stored
from ..variants import Layer, chain_of
from . import keras as keras_names
from . import torchvision as torchvision_names

_WRAPPER = "module."  # torch.nn.DataParallel's, before or within a name
_BEGINNINGS = ("features.", "classifier.", "conv1.", "conv1_1.")  # of the first names of a network
_NUMBERED = re.compile(r"(?:(.*)\.)?(\d{1,4}\.\w+)", re.DOTALL)  # as in the state dict of `model.features` alone


def chain_by_names(tensors: Mapping[str, Stored], options: Options, place: str) -> Chain:
    """Return the network of tensors whose names are torchvision's, Keras's or this package's.

    Raises
    ------
    ValueError
        The names are nobody's, or the shapes fit no variant.
    """
    if keras_names.has_keras_names(tensors):
        return keras_names.keras_chain(tensors, options.variant, place)
    plain = numbered_features(without_prefix(tensors))
    if torchvision_names.has_torchvision_names(plain):
        return torchvision_names.chain_from(plain, options.variant, place, options.strict)
    if layers := _own_layers(plain):
        chain = chain_of(layers, candidates(plain, options.variant), place, say_which=True)
        used = {part.stored.name for parts in chain.parameters.values() for part in parts}
        chain.unused = [name for name, stored in tensors.items() if stored.name not in used]
        chain.notes.append(
            f"the file has no graph: strides, pads, norms and preprocessing are those of {chain.variant}"
        )
        return chain
    some = ", ".join(list(tensors)[:5])
    raise ValueError(f"{place}: its tensors have names of no network that this package knows: {some} …")


def without_prefix(tensors: Mapping[str, Stored]) -> dict[str, Stored]:
    """Return tensors without what wrappers put before their names, such as `module.`, `model.` or `backbone.`.

    Raises
    ------
    ValueError
        Two names become one.
    """
    shorter = {name.replace(_WRAPPER, ""): stored for name, stored in tensors.items()}
    if len(shorter) != len(tensors):
        raise ValueError(f"some names differ only in {_WRAPPER!r}")
    prefixes = (name[: name.find(begin)] for name in shorter for begin in _BEGINNINGS if begin in name)
    prefix = min(prefixes, key=len, default="")
    return {name.removeprefix(prefix): stored for name, stored in shorter.items()}


def numbered_features(tensors: Mapping[str, Stored]) -> Mapping[str, Stored]:
    """Return convolutions called by their numbers alone, `0.weight` or `encoder.0.weight`, as `features.0.weight`.

    Other tensors keep their names.
    """
    found = {name: _NUMBERED.fullmatch(name) for name in tensors}
    before = {None if match is None else match[1] or "" for match in found.values()}
    if len(before) != 1 or None in before or any(len(stored.shape) not in (0, 1, 4) for stored in tensors.values()):
        return tensors
    return {f"features.{match[2]}": tensors[name] for name, match in found.items() if match is not None}


def candidates(names: Mapping[str, Stored], variant: str | None) -> Sequence[str]:
    """Return the variants whose nodes have the names of the tensors' layers, or the one that the caller names."""
    if variant is not None:
        return [variant]
    return [name for name in catalog() if name.startswith("vgg-") == ("conv1_1.weight" in names)]


def _own_layers(tensors: Mapping[str, Stored]) -> list[Layer]:
    """Return layers of tensors named like `conv1.weight` and `conv1.bias`, in their order in the file."""
    layers = []
    for name, weight in tensors.items():
        layer, dot, part = name.rpartition(".")
        if dot and part == "weight":
            bias = tensors.get(f"{layer}.bias")
            layers.append(Layer(layer, weight.shape, Part(weight), None if bias is None else Part(bias)))
    return layers
