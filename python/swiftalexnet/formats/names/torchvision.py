"""Tensors with torchvision's and timm's names: `features.0.weight`, `classifier.6.bias`, `pre_logits.fc1.weight`."""

import math
import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...network.catalog import catalog
from ...network.layer_names import torchvision_names
from ...preprocessing.defaults import default_preprocessing
from ..chain import Chain, Part
from ..layouts import conventional
from ..stored import Stored
from ..variants import Layer, chain_of

_NAME = re.compile(r"(features|classifier|pre_logits\.fc|head\.fc)\.?(\d{0,4})\.(\w+)")
_SECTIONS = ("features", "classifier", "pre_logits.fc", "head.fc")
_PARTS = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
_EPSILON = 1e-5  # torch.nn.BatchNorm2d's, which files do not hold
_VGG_LAST_MAP = 7  # timm's fc1 is a convolution over 7 × 7


class _Module(NamedTuple):
    """The tensors of one module: `features.3` has `weight` and `bias`."""

    section: str
    number: int
    tensors: dict[str, Stored]

    @property
    def name(self) -> str:
        return f"{self.section}{'.' if self.section in ('features', 'classifier') else ''}{self.number}"

    @property
    def is_norm(self) -> bool:
        return "running_mean" in self.tensors


def has_torchvision_names(names: Iterable[str]) -> bool:
    """Whether some tensors have torchvision's names."""
    return any(name.startswith("features.0.") for name in names)


def chain_from(tensors: Mapping[str, Stored], variant: str | None, place: str, strict: bool = True) -> Chain:
    """Return the network of tensors with torchvision's names, preprocessing as torchvision's weights want it.

    The normalisation of a `_bn` network is folded into the convolution before it, in float64: with s = γ / √(σ² + ε),
    the weights become s · w and the bias β + s · (b − μ).

    Raises
    ------
    ValueError
        A tensor has another name, or no variant fits: see `variants.chain_of`. If only the classifier is another, the
        message says so; `strict=False` leaves it out.
    """
    modules, unused = _modules(tensors)
    candidates = [variant] if variant else [name for name in catalog() if torchvision_names(name)]
    try:
        chain = _fitted(modules, candidates, place)
    except ValueError as error:
        features = [module for module in modules if module.section == "features"]
        if len(features) == len(modules):
            raise
        chain = _fitted_features(features, candidates, error)
        if strict:
            way = f"load(…, strict=False) reads its convolutions alone, which are those of {chain.variant}"
            raise ValueError(f"{error}; {way}") from error
        unused = [name for name in tensors if not name.startswith("features.")]
        modules = features
    chain.unused = unused
    channels, height, _ = chain.input
    chain.preprocessing = default_preprocessing("owt", height, channels)
    if channels != 3:
        chain.notes.append(
            f"images of {channels} channels: mean and scale are torchvision's for colour images, in turn"
        )
    if any(module.is_norm for module in modules):
        chain.notes.append("batch normalisation is folded into the convolutions")
    return chain


def _fitted(modules: list[_Module], candidates: Iterable[str], place: str) -> Chain:
    """Return the network that modules fit, each at its place."""
    layers = _layers(modules)
    only_features = (
        bool(layers) and all(len(layer.shape) == 4 for layer in layers) and modules[-1].section == "features"
    )
    chain = chain_of(layers, candidates, place, only_features=only_features)
    _check_places(chain, modules, place)
    return chain


def _fitted_features(features: list[_Module], candidates: Iterable[str], error: ValueError) -> Chain:
    """Return the network that convolutions fit; raise `error`, why the whole fits none, if they fit none either."""
    try:
        return _fitted(features, candidates, "")
    except ValueError:
        raise error from None


def _modules(tensors: Mapping[str, Stored]) -> tuple[list[_Module], list[str]]:
    """Return the modules in the order of computation, and the names of tensors that are not of such a network."""
    found: dict[tuple[int, int], _Module] = {}
    unused = []
    for name, stored in tensors.items():
        match = _NAME.fullmatch(name)
        if match is None or match[3] not in _PARTS:
            unused.append(name)
            continue
        section, number, part = match[1], int(match[2] or 0), match[3]
        key = _SECTIONS.index(section), number
        found.setdefault(key, _Module(section, number, {})).tensors[part] = stored
    return [found[key] for key in sorted(found)], unused


def _layers(modules: list[_Module]) -> list[Layer]:
    layers: list[Layer] = []
    for module in modules:
        if module.is_norm and layers:
            layers[-1] = _folded(layers[-1], module)
        elif "weight" in module.tensors:
            layers.append(_layer(module))
    return layers


def _layer(module: _Module) -> Layer:
    weight = module.tensors["weight"]
    if module.section in ("pre_logits.fc", "head.fc") and len(weight.shape) == 4:
        weight = weight.reshaped(weight.shape[0], math.prod(weight.shape[1:]))
    bias = module.tensors.get("bias")
    return Layer(module.name, weight.shape, Part(weight), None if bias is None else Part(bias))


def _folded(layer: Layer, norm: _Module) -> Layer:
    """Return a convolution that computes what it and the normalisation behind it do."""

    def values(part: str, otherwise: float) -> NDArray[np.float64]:
        stored = norm.tensors.get(part)
        shape = norm.tensors["running_mean"].shape
        if stored is not None and stored.shape != layer.shape[:1]:
            raise ValueError(f"{stored.name} has shape {stored.shape}, expected {layer.shape[:1]}")
        return np.full(shape, otherwise) if stored is None else stored.array().astype(np.float64)

    variance = values("running_var", 1)
    if (variance < 0).any():
        raise ValueError(f"{norm.name}.running_var has values below 0")
    factor = values("weight", 1) / np.sqrt(variance + _EPSILON)
    before = 0 if layer.bias is None else layer.bias.stored.array().astype(np.float64)
    bias = values("bias", 0) + factor * (before - values("running_mean", 0))
    stored = Stored.of_array(f"{norm.name}.bias", bias.astype(np.float32))
    return layer._replace(factor=factor.astype(np.float32), bias=Part(stored, conventional))


def _check_places(chain: Chain, modules: list[_Module], place: str) -> None:
    """Refuse modules that stand elsewhere than in the variant: their pools would be elsewhere, too."""
    ours = {ours: theirs for theirs, ours in torchvision_names(chain.variant).items()}
    if not ours or not all(module.section in ("features", "classifier") for module in modules):
        return
    norms = 0
    nodes = iter(node.name for node in chain.nodes if node.is_weighted)
    for module in modules:
        if module.is_norm:
            norms += 1
        elif "weight" in module.tensors and (node := next(nodes, None)):
            number = module.number - (norms if module.section == "features" else 0)
            if ours[node] != f"{module.section}.{number}":
                raise ValueError(f"{place}: {module.name} is where {chain.variant} has {ours[node]}, {node}")
