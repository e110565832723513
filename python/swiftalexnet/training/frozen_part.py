"""The part of a network that training leaves as it is: its first nodes, up to the first that learns or draws lots."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .. import _native
from ..network import parameters
from ..network.base import BaseModel
from ..network.freezing import layer_of
from ..recipes.recipe import Recipe
from .rates import Rates

_RANDOM = ("dropout",)  # kinds of nodes that are different in every step


class FrozenPart(NamedTuple):
    """The first nodes of a network.

    `node` is the last of them, `shape` what it puts out, [height, width, channels]; `spec` has their lines, and
    `weights` the parameters' names.
    """

    node: str
    shape: tuple[int, int, int]
    spec: tuple[str, ...]
    weights: tuple[str, ...]

    def arrays(self, model: BaseModel) -> dict[str, NDArray[np.float32]]:
        """Return the part's parameters, as arrays in the engine's memory."""
        own = parameters.by_name(model.network, _native.VALUE)
        return {name: own[name] for name in self.weights}


def frozen_part(model: BaseModel, recipe: Recipe) -> FrozenPart:
    """Return the part of a model that a recipe does not train.

    Raises
    ------
    ValueError
        There is none, or nothing but that.
    """
    frozen = Rates(recipe, model.multipliers()).frozen()
    trained = [name for name in parameters.names(model.network) if name not in frozen]
    if not trained:
        raise ValueError(
            "fit: cache_features: every parameter is frozen, so nothing would be trained: unfreeze the last"
        )
    learning = set(map(layer_of, trained))
    nodes = model.network.nodes()
    end = next(at for at, (name, kind, *_) in enumerate(nodes) if name in learning or kind in _RANDOM)
    inside = {name for name, *_ in nodes[:end]}
    weights = tuple(name for name in parameters.names(model.network) if layer_of(name) in inside)
    if not weights:
        raise ValueError(
            f"fit: cache_features: {trained[0]} is trained, and no frozen parameter comes before it: freeze the first "
            "layers, for example model.freeze('conv') or model.freeze(up_to='pool5')"
        )
    channels, height, width = nodes[end - 1][4]
    lines = tuple(model.spec.splitlines()[1 : end + 1])  # without the network's name
    return FrozenPart(nodes[end - 1][0], (height, width, channels), lines, weights)
