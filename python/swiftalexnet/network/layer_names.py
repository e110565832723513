"""Other frameworks' names for layers, where they have the same network: the engine derives them from its own."""

from collections.abc import Iterable
from functools import cache

from .. import _native
from .._support.choices import choose, plain_text


def torchvision_names(variant: str | None) -> dict[str, str]:
    """Return our names by torchvision's: `features.N` and `classifier.N`."""
    return dict(_names(variant, "torchvision"))


def keras_names(variant: str | None) -> dict[str, str]:
    """Return our names by those of Keras, whose layers include their activation: `block1_conv1` is `relu1_1`."""
    return dict(_names(variant, "keras"))


@cache
def _names(variant: str | None, framework: str) -> tuple[tuple[str, str], ...]:
    """Return pairs of their names and ours."""
    lines = _native.variant_layer_names(plain_text(variant or ""), framework).splitlines()
    return tuple((theirs, ours) for theirs, _, ours in (line.partition(" ") for line in lines))


def node_name(variant: str | None, layer: str, nodes: Iterable[str], operation: str = "features") -> str:
    """Return the node that `layer` means in a network.

    Names are the network's own, torchvision's (thingsvision's, too) and Keras's. `features` and `classifier`, the parts
    of torchvision's networks, mean their last layers, and so does `avgpool` where the network has no such node, because
    it changes nothing in images of the network's own size.

    Raises
    ------
    ValueError
        No node has this name.
    """
    theirs = torchvision_names(variant)
    parts = {name.partition(".")[0]: node for name, node in theirs.items()}  # the last one counts
    own = list(nodes)
    if "features" in parts and "avgpool" not in own:
        parts["avgpool"] = parts["features"]
    names = parts | theirs | keras_names(variant)
    there = {alias: node for alias, node in names.items() if node in own}
    return choose(operation, "layer", there.get(layer, layer) if isinstance(layer, str) else layer, own, also=there)
