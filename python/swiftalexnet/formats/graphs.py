"""Which network of the catalogue a graph is; its nodes then get the catalogue's names."""

from collections.abc import Sequence
from functools import cache

import numpy as np

from ..network.catalog import catalog
from .chain import Chain, Node, Shape, shapes_of, spec_text
from .templates import Template, nodes_of, with_outputs

_ROUNDING = 1e-6  # relative, between a file's numbers and the table's


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
            widths = sum(
                a.fields.get("outputs") == b.fields.get("outputs") for a, b in zip(acting, theirs, strict=True)
            )
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
    widths = [node.fields["outputs"] for node in chain.nodes if node.is_weighted]
    if height != width or len(widths) != _weighted_count(variant):
        return None
    try:
        template = nodes_of(variant, 0, channels, height)
        rest = iter(widths)
        nodes = [with_outputs(n, int(next(rest, n.fields["outputs"]))) if n.is_weighted else n for n in template.nodes]
        shapes_of(spec_text("t", template.input, nodes))
    except ValueError:
        return None
    return Template(template.input, nodes)


@cache
def _weighted_count(variant: str) -> int:
    return sum(node.is_weighted for node in nodes_of(variant, 0, 0, 0).nodes)


def _acting(nodes: Sequence[Node], shapes: Sequence[Shape]) -> list[Node]:
    """Return the nodes that change something at test; `shapes[i]` is the input of node i."""
    inputs_and_outputs = zip(nodes, shapes, shapes[1:], strict=False)
    return [node for node, before, after in inputs_and_outputs if not _idle(node, before, after)]


def _idle(node: Node, before: Shape, after: Shape) -> bool:
    if node.kind in ("dropout", "softmax"):
        return True
    window = node.fields.get("kernel", "1") == "1" and node.fields.get("stride", "1") == "1"
    return "pool" in node.kind and before == after and (window or node.kind == "adaptive_average_pool")


def _alike(ours: Node, theirs: Node) -> bool:
    """Whether two nodes compute the same, but for the width, and for how a pool without a last window rounds."""
    a, b = _per_size(ours), _per_size(theirs)
    return ours.kind == theirs.kind and all(_equal(a.get(k), b.get(k)) for k in (a.keys() | b.keys()) - {"ceil"})


def _per_size(node: Node) -> dict[str, str]:
    """Return the fields; a normalisation's alpha that is not divided by the window's size becomes one that is."""
    fields = node.fields
    if node.kind != "response_norm" or fields["alpha_over_n"] != "0":
        return fields
    return fields | {"alpha": str(float(fields["alpha"]) * int(fields["size"])), "alpha_over_n": "1"}


def _equal(a: str | None, b: str | None) -> bool:
    if a is None or b is None or a == b:
        return a == b
    try:
        return bool(np.isclose(float(a), float(b), rtol=_ROUNDING, atol=0))
    except ValueError:
        return False


def _renamed(chain: Chain, variant: str, names: dict[str, str], template: Template) -> Chain:
    """Return the chain with the template's nodes, and with the template's dropout if it has none of its own."""
    theirs = {node.name: node for node in template.nodes}
    acting = {names[ours.name]: _as(theirs[names[ours.name]], ours) for ours in chain.nodes if ours.name in names}
    if any(node.kind == "dropout" for node in chain.nodes):
        nodes = _with_own_idle(chain, names, acting, template)
    else:
        nodes = [acting.get(node.name, node) for node in template.nodes]

    def renamed(name: str) -> str:
        layer, _, part = name.rpartition(".")
        return f"{names[layer]}.{part}"

    parameters = {renamed(name): parts for name, parts in chain.parameters.items()}
    factors = {renamed(name): values for name, values in chain.factors.items()}
    fields = {"parameters": parameters, "factors": factors, "variant": variant, "nodes": nodes}
    return Chain(**{**chain.__dict__, **fields})


def _as(theirs: Node, ours: Node) -> Node:
    """Return the table's form of a node, with the file's width and rounding."""
    return theirs._replace(fields=theirs.fields | {k: ours.fields[k] for k in ("outputs", "ceil") if k in ours.fields})


def _with_own_idle(chain: Chain, names: dict[str, str], acting: dict[str, Node], template: Template) -> list[Node]:
    """Return the chain's nodes; those that change nothing get names by what they stand behind."""
    free: dict[tuple[str, str], Node] = {}
    behind = ""
    for node in template.nodes:
        if node.name in acting:
            behind = node.name
        else:
            free.setdefault((behind, _family(node)), node)
    nodes, behind = [], ""
    for node in chain.nodes:
        if node.name in names:
            behind = names[node.name]
            nodes.append(acting[behind])
        elif (known := free.pop((behind, _family(node)), None)) is not None:
            nodes.append(known if "pool" in node.kind else node._replace(name=known.name))
        else:
            taken = acting.keys() | {node.name for node in template.nodes}
            nodes.append(node._replace(name=f"{node.name}_") if node.name in taken else node)
    return nodes


def _family(node: Node) -> str:
    return "pool" if "pool" in node.kind else node.kind
