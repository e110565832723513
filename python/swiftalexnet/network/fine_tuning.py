"""A trained network for other classes: all layers except the last keep their weights."""

import re
from typing import TypeVar

from .. import _native
from .._support.arrays import as_integer, as_seed
from ..errors import UnsupportedError
from . import parameters
from .base import BaseModel
from .catalog import first_weights

Kind = TypeVar("Kind", bound=BaseModel)

_OUTPUTS = re.compile(r"(?<=\boutputs=)\d+")
_INITIALIZATION = "glorot"  # for networks without a name; suitable for layers of any width


def with_classes(model: Kind, num_classes: int, seed: int = 0, initialization: str | None = None) -> Kind:
    """Return a copy of a model for another number of classes.

    Weights and factors of all layers except the last, and the preprocessing with its mean, are those of `model`; the
    last layer is new, and the classes have no names until `fit` sets them.

    Parameters
    ----------
    model : Model
    num_classes : int
    seed : int
        Seed of the last layer's weights.
    initialization : str, optional
        How they are drawn; by default the variant's own, or `glorot` for a network without a name.

    Raises
    ------
    TypeError, ValueError
        A number out of its range, or an unknown initialisation.
    UnsupportedError
        The network does not end with a dense layer or convolution and the softmax.
    MemoryError
        The copy does not fit into memory.
    """
    count = as_integer(num_classes, "num_classes", "with_classes", 1, 2**31 - 1)
    seed = as_seed(seed, "seed", "with_classes")
    lines = model.spec.splitlines()
    last = len(lines) - 2
    if not _OUTPUTS.search(lines[last]):
        raise UnsupportedError(
            f"with_classes: the network ends with {lines[last]!r}, expected a dense layer or convolution last"
        )
    lines[last] = _OUTPUTS.sub(str(count), lines[last], count=1)
    if initialization is None:
        initialization = first_weights(model.variant or "") or _INITIALIZATION
    other = type(model).from_spec("\n".join(lines) + "\n", initialization, seed, model.variant)
    new = f"{lines[last].split()[1]}."
    kept = {name: array for name, array in model.parameters().items() if not name.startswith(new)}
    parameters.load(other.network, _native.VALUE, kept, False, "with_classes")
    factors = {name: pair for name, pair in model.multipliers().items() if name in kept}
    parameters.restore_multipliers(other.network, other.multipliers() | factors)
    other.preprocessing, other.source = model.preprocessing, model.source
    return other
