"""The catalogue's variants as nodes, to compare a file with."""

from typing import NamedTuple

from .. import _native
from ..network.catalog import catalog
from .chain import Node, Shape


def weight_shape(node: Node, before: Shape) -> tuple[int, ...]:
    """Return the conventional shape of a weighted node's weight; `before` is the shape of its input."""
    outputs, (channels, height, width) = int(node.fields["outputs"]), before
    if node.kind == "dense":
        return outputs, channels * height * width
    kernel = int(node.fields["kernel"])
    if node.kind == "locally_connected":
        return *_places(node, before), outputs, channels, kernel, kernel
    return outputs, channels // int(node.fields["groups"]), kernel, kernel


def bias_shape(node: Node, before: Shape) -> tuple[int, ...]:
    """Return the shape of a weighted node's bias."""
    places = _places(node, before) if node.kind == "locally_connected" else ()
    return *places, int(node.fields["outputs"])


def _places(node: Node, before: Shape) -> tuple[int, int]:
    """Return the height and width of a locally connected node's output."""
    top, left, bottom, right = map(int, node.fields["pad"].split(","))
    kernel, stride, (_, height, width) = int(node.fields["kernel"]), int(node.fields["stride"]), before
    return (height + top + bottom - kernel) // stride + 1, (width + left + right - kernel) // stride + 1


def with_outputs(node: Node, outputs: int | str | None) -> Node:
    """Return a weighted node with another width; None leaves it."""
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
