"""Which parameters a name means when layers are frozen."""

from collections.abc import Iterable
from typing import Any

from .. import _native
from .._support.kinds import as_items
from . import parameters
from .layer_names import node_name

_MOST_NAMES = 100_000


def beginnings(
    network: _native.Network, variant: str | None, names: Iterable[str | Iterable[str]], operation: str
) -> tuple[str, ...]:
    """Return the beginnings of this network's parameter names that names, or sequences of names, mean.

    A name that begins none of them may be torchvision's or Keras's of a layer or block ("features.0", "block5").
    """
    flat: list[Any] = []
    for each in names:
        flat += as_items(each, "names", operation, _MOST_NAMES) if isinstance(each, (tuple, list)) else [each]
    own, elsewhere = parameters.names(network), parameters.elsewhere(network, variant)
    found: list[str] = []
    for name in flat:
        theirs: list[str] = []
        if isinstance(name, str) and not any(each.startswith(name) for each in own):
            ends = (f"{name}.", f"{name}_")
            theirs = [ours for alias, ours in elsewhere.items() if alias.startswith(ends)]
        found += theirs or [name]  # what nothing begins with is refused by `require_prefixes`
    return tuple(found)


def parameters_up_to(network: _native.Network, variant: str | None, layer: str, operation: str) -> tuple[str, ...]:
    """Return the parameters of all layers up to and including one.

    Raises
    ------
    ValueError
        The network has no such layer, or no parameters up to it.
    """
    nodes = [name for name, *_ in network.nodes()]
    last = nodes.index(node_name(variant, layer, nodes, operation))
    layers = set(nodes[: last + 1])
    found = tuple(name for name in parameters.names(network) if layer_of(name) in layers)
    if not found:
        first = layer_of(parameters.names(network)[0]) if parameters.names(network) else "none"
        raise ValueError(f"{operation}: up_to is {layer!r}, but the first layer with parameters is {first}")
    return found


def layer_of(parameter: str) -> str:
    """Return the node of a parameter: "conv1" for "conv1.weight"."""
    return parameter.rpartition(".")[0]
