"""The catalogue's variants as nodes, to compare a file with."""

from functools import lru_cache
from typing import NamedTuple

from .. import _native
from ..network.catalog import catalog
from .chain import Node, Shape

_KEPT = 64  # templates: the catalogue's own, and as many for images of another size


def weight_shape(node: Node, before: Shape) -> tuple[int, ...]:
    """Return the conventional shape of a weighted node's weight; `before` is the shape of its input."""
    outputs, (channels, height, width) = int(node.fields["outputs"]), before
    if node.kind == "dense":
        return outputs, channels * height * width
    kernel = int(node.fields["kernel"])
    return outputs, channels // int(node.fields["groups"]), kernel, kernel


def with_outputs(node: Node, outputs: int | str | None) -> Node:
    """Return a weighted node with another width; None leaves it."""
    return node if outputs is None else node._replace(fields=node.fields | {"outputs": str(outputs)})


class Template(NamedTuple):
    """A variant as nodes."""

    input: Shape
    nodes: list[Node]


@lru_cache(_KEPT)
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
