"""Which network of the catalogue a file holds: by its graph, or by the shapes of its layers in order."""

from collections.abc import Iterable, Sequence
from itertools import takewhile
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .. import _native
from ..network.catalog import catalog
from .chain import Chain, Node, Part, Shape, shapes_of, spec_text

_ROUNDING = 1e-6  # relative, between a file's numbers and the table's


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


# ---- By layers ----


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
    nodes = [_with_outputs(node, widths.get(node.name)) for node in template.nodes]
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


def weight_shape(node: Node, input: Shape) -> tuple[int, ...]:
    """Return the conventional shape of a weighted node's weight."""
    outputs, (channels, height, width) = int(node.fields["outputs"]), input
    if node.kind == "dense":
        return outputs, channels * height * width
    kernel = int(node.fields["kernel"])
    return outputs, channels // int(node.fields["groups"]), kernel, kernel


def _with_outputs(node: Node, outputs: int | None) -> Node:
    return node if outputs is None else node._replace(fields=node.fields | {"outputs": str(outputs)})


class Template(NamedTuple):
    """A variant as nodes."""

    input: Shape
    nodes: list[Node]


def nodes_of(variant: str, classes: int, channels: int, image_size: int) -> Template:
    """Return a variant's input and nodes; 0 is the variant's own number.

    Raises
    ------
    ValueError
        The image is too small for it.
    """
    family, row = catalog()[variant]
    text = _native.spec(family, row.name, classes, channels, image_size, "relu", "", 0)
    _, data, *lines = text.splitlines()
    size = dict(word.split("=") for word in data.split()[1:])
    shape = int(size["channels"]), int(size["height"]), int(size["width"])
    return Template(shape, [Node.parse(line) for line in lines])


# ---- By graph ----


def adopt_names(chain: Chain) -> Chain:
    """Return the chain with the names of the catalogue's variant that it is, or as it is if it is none.

    Nodes that change nothing at test (dropout, pools of one pixel) may be missing or more: a graph without dropout gets
    the variant's. Widths may differ from the variant's; the variant with equal widths is preferred.
    """
    acting = _acting(chain.nodes, [chain.input, *chain.shapes()])
    equal_widths, best = -1, None
    for variant in catalog():
        template = _template_for(chain, variant)
        if template is None:
            continue
        theirs = _acting(template.nodes, [template.input, *shapes_of(spec_text("t", template.input, template.nodes))])
        if len(theirs) == len(acting) and all(map(_alike, acting, theirs)):
            widths = sum(a.fields.get("outputs") == b.fields.get("outputs") for a, b in zip(acting, theirs, strict=True))
            widths -= chain.variant is not None and variant != chain.variant
            if widths > equal_widths:
                equal_widths, best = widths, (variant, template, theirs)
    if best is None:
        return chain
    variant, template, theirs = best
    theirs_of = {ours.name: named.name for ours, named in zip(acting, theirs, strict=True)}
    return _renamed(chain, variant, theirs_of, template)


def _template_for(chain: Chain, variant: str) -> Template | None:
    """Return the variant for the chain's images with the chain's widths; None if it has no such form."""
    channels, height, width = chain.input
    if height != width:
        return None
    try:
        template = nodes_of(variant, 0, channels, height)
        widths = [node.fields["outputs"] for node in chain.nodes if node.is_weighted]
        rest = iter(widths)
        nodes = [_with_outputs(n, int(next(rest, n.fields["outputs"]))) if n.is_weighted else n for n in template.nodes]
        shapes_of(spec_text("t", template.input, nodes))
    except ValueError:
        return None
    return Template(template.input, nodes) if len(widths) == sum(n.is_weighted for n in nodes) else None


def _acting(nodes: Sequence[Node], shapes: Sequence[Shape]) -> list[Node]:
    """Return the nodes that change something at test; `shapes[i]` is the input of node i."""
    return [node for node, before, after in zip(nodes, shapes, shapes[1:], strict=False) if not _idle(node, before, after)]


def _idle(node: Node, before: Shape, after: Shape) -> bool:
    if node.kind in ("dropout", "softmax"):
        return True
    window = node.fields.get("kernel", "1") == "1" and node.fields.get("stride", "1") == "1"
    return "pool" in node.kind and before == after and (window or node.kind == "adaptive_average_pool")


def _alike(ours: Node, theirs: Node) -> bool:
    """Whether two nodes compute the same, but for the width, and for how a pool without a last window rounds."""
    ignored = {"ceil"}
    keys = (ours.fields.keys() | theirs.fields.keys()) - ignored
    return ours.kind == theirs.kind and all(_equal(ours.fields.get(k), theirs.fields.get(k)) for k in keys)


def _equal(a: str | None, b: str | None) -> bool:
    if a is None or b is None or a == b:
        return a == b
    try:
        return bool(np.isclose(float(a), float(b), rtol=_ROUNDING, atol=0))
    except ValueError:
        return False


def _renamed(chain: Chain, variant: str, names: dict[str, str], template: Template) -> Chain:
    """Return the chain with new names, and with the template's dropout if it has none of its own."""
    has_dropout = any(node.kind == "dropout" for node in chain.nodes)
    by_name = {names[node.name]: node for node in chain.nodes if node.name in names}
    nodes = []
    if has_dropout:
        kept = set(names.values())
        for node in chain.nodes:
            nodes.append(node._replace(name=names.get(node.name, node.name if node.name not in kept else f"{node.name}_")))
    else:
        nodes = [by_name[t.name]._replace(name=t.name) if t.name in by_name else t for t in template.nodes]

    def renamed(name: str) -> str:
        layer, _, part = name.rpartition(".")
        return f"{names[layer]}.{part}"

    parameters = {renamed(name): parts for name, parts in chain.parameters.items()}
    factors = {renamed(name): values for name, values in chain.factors.items()}
    fields = {"parameters": parameters, "factors": factors, "variant": variant, "nodes": nodes}
    return Chain(**{**chain.__dict__, **fields})


