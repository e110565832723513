"""Which network of the catalogue a file of tensors holds: by the shapes of its layers, in order."""

from collections.abc import Iterable, Sequence
from itertools import takewhile
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .chain import Chain, Node, Part, shapes_of, spec_text
from .templates import nodes_of, weight_shape, with_outputs


class Layer(NamedTuple):
    """A layer with weights, as a file that has only tensors shows it.

    Attributes
    ----------
    name : str
        Its name in the file.
    shape : tuple of int
        Of its weight in the conventional order.
    weight : Part
    bias : Part or None
    factor : array of float32, [out], or None
        What the weight is multiplied by: see `Chain.factors`.
    """

    name: str
    shape: tuple[int, ...]
    weight: Part
    bias: Part | None = None
    factor: NDArray[np.float32] | None = None


class Difference(NamedTuple):
    """The first layer in which a file differs from a variant."""

    variant: str
    layers_alike: int
    text: str


def chain_of(layers: Sequence[Layer], names: Iterable[str], place: str, only_features: bool = False) -> Chain:
    """Return the network of the first variant whose layers fit; widths, classes and colour channels may be others.

    Parameters
    ----------
    layers : sequence of Layer
        In the order of computation.
    names : iterable of str
        The catalogue's names to compare with, the likeliest first.
    place : str
        The file, for messages.
    only_features : bool
        The file has only the convolutions: the network ends before the first dense layer.

    Raises
    ------
    ValueError
        None fits: the message names the nearest variant and the first layer that differs.
    """
    differences = []
    for name in names:
        found = _fitted(name, layers, only_features)
        if isinstance(found, Chain):
            return found
        differences.append(found)
    if not differences:
        raise ValueError(f"{place}: no network of the catalogue has layers of these names")
    nearest = max(differences, key=lambda difference: difference.layers_alike)
    raise ValueError(f"{place}: the nearest network is {nearest.variant}, but {nearest.text}")


def _fitted(variant: str, layers: Sequence[Layer], only_features: bool) -> Chain | Difference:
    """Return a variant with the widths of the layers, or where it first differs."""
    channels = _channels_in(layers)
    template = nodes_of(variant, 0, channels, 0)
    if only_features:
        template = template._replace(nodes=list(features_of(template.nodes)))
    weighted = [node for node in template.nodes if node.is_weighted]
    widths = {node.name: layer.shape[0] for node, layer in zip(weighted, layers, strict=False)}
    nodes = [with_outputs(node, widths.get(node.name)) for node in template.nodes]
    try:
        shapes = [template.input, *shapes_of(spec_text(variant, template.input, nodes))]
    except ValueError as error:  # widths that the groups do not divide
        return Difference(variant, 0, str(error))
    parameters: dict[str, list[Part]] = {}
    factors = {}
    rest = iter(layers)
    for alike, (node, shape) in enumerate((n, s) for n, s in zip(nodes, shapes, strict=False) if n.is_weighted):
        layer = next(rest, None)
        if layer is None:
            return Difference(variant, alike, f"the file ends before {node.name}")
        if layer.shape != (expected := weight_shape(node, shape)):
            differs = f"{layer.name} has shape {layer.shape}, where {node.name} has {expected}"
            return Difference(variant, alike, differs)
        parameters[f"{node.name}.weight"] = [layer.weight]
        if layer.bias is not None:
            parameters[f"{node.name}.bias"] = [layer.bias]
        if layer.factor is not None:
            factors[f"{node.name}.weight"] = layer.factor
    if (extra := next(rest, None)) is not None:
        return Difference(variant, len(weighted), f"the file has another layer, {extra.name} of {extra.shape}")
    return Chain(template.input, nodes, parameters, factors, variant=variant)


def features_of(nodes: Iterable[Node]) -> Iterable[Node]:
    """Return the nodes before the dense layers and what prepares their input."""
    return takewhile(lambda node: node.kind not in ("dense", "dropout", "adaptive_average_pool"), nodes)


def _channels_in(layers: Sequence[Layer]) -> int:
    """Return the colour channels that the first layer reads, 0 if that cannot be said."""
    first = layers[0].shape if layers else ()
    return first[1] if len(first) == 4 else 0
