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


_UNUSUAL = ("vgg-A-LRN",)  # has the shapes of vgg-A, which is the one that anybody has


def chain_of(
    layers: Sequence[Layer], names: Iterable[str], place: str, only_features: bool = False, say_which: bool = False
) -> Chain:
    """Return the network of the first variant whose layers fit; widths, classes and colour channels may be others.

    A variant with the same widths comes before those with others.

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
    say_which : bool
        The caller must say which, where several fit: nothing else in the file tells them apart.

    Raises
    ------
    ValueError
        None fits: the message names the nearest variant and the first layer that differs. Or several fit.
    """
    found = [_fitted(name, layers, only_features) for name in names]
    differences = [each for each in found if isinstance(each, Difference)]
    fitting = [each for each in found if isinstance(each, Chain)]
    if alike := [chain for chain in fitting if _has_its_widths(chain)] or fitting:
        usual = [str(chain.variant) for chain in alike if chain.variant not in _UNUSUAL]
        if say_which and len(usual) > 1:
            ways = "pass the right one as variant=, or read a file that has the graph"
            raise ValueError(f"{place} has no graph, and the layers of {', '.join(usual)} all fit: {ways}")
        return alike[0]
    if not differences:
        raise ValueError(f"{place}: no network of the catalogue has layers of these names")
    nearest = max(differences, key=lambda difference: difference.layers_alike)
    raise ValueError(f"{place}: the nearest network is {nearest.variant}, but {nearest.text}")


def _has_its_widths(chain: Chain) -> bool:
    """Whether the layers before the classes are as wide as the catalogue's."""
    theirs = [node for node in nodes_of(str(chain.variant), 0, chain.input[0], 0).nodes if node.is_weighted]
    ours = [node for node in chain.nodes if node.is_weighted]
    return all(a.fields["outputs"] == b.fields["outputs"] for a, b in zip(ours[:-1], theirs, strict=False))


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
