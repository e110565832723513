"""A trained network for other classes, or only its first layers: what stays keeps its weights."""

import re
from collections.abc import Iterable
from typing import TypeVar

from .. import _native
from .._support.arrays import as_integer, as_seed
from ..errors import UnsupportedError
from ..preprocessing.preprocessing import Preprocessing
from . import parameters
from .base import BaseModel
from .catalog import catalog, first_weights
from .spec_text import cut_behind

Kind = TypeVar("Kind", bound=BaseModel)

_OUTPUTS = re.compile(r"(?<=\boutputs=)\d+")
_INITIALIZATION = "glorot"  # for networks without a name; suitable for layers of any width


def with_classes(model: Kind, num_classes: int, seed: int = 0, initialization: str | None = None) -> Kind:
    """Return a copy of a model for another number of classes.

    Weights and factors of all layers except the last, and the preprocessing with its mean, are those of `model`; the
    last layer is new, and the classes have no names until `fit` sets them. Of a quantised model, the copy computes with
    its rounded weights in float32, as training needs it.

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
    if not model.has_classes:
        return _with_head(model, count, seed, initialization)
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
    return keep(model, other, [name for name in model.parameters() if not name.startswith(new)], "with_classes")


def _with_head(model: Kind, count: int, seed: int, initialization: str | None) -> Kind:
    """Return a network without classes as its variant has it, the layers that it lacks being new."""
    if model.variant not in catalog():
        raise UnsupportedError("with_classes: the network has no classes, and no variant that says which layers follow")
    family, row = catalog()[model.variant]
    channels, size, _ = model.input_shape
    whole = _native.spec(family, row.name, count, channels, size, "relu", "", 0).splitlines()
    own = model.spec.splitlines()
    end = next((at + 1 for at, line in enumerate(whole) if line.split()[1] == own[-1].split()[1]), len(whole))
    text = "\n".join([*own, *whole[end:]]) + "\n"
    other = type(model).from_spec(text, initialization or row.initialization, seed, model.variant)
    return keep(model, other, list(model.parameters()), "with_classes")


def up_to(model: Kind, layer: str) -> Kind:
    """Return a copy of a model that ends with one of its layers, and whose file holds only what is before it.

    Its `features` are those of the whole model. It has no classes unless the layer computes them. Of a quantised model
    it is quantised, too, and its last layer is not rounded, as logits never are.

    Parameters
    ----------
    model : Model
    layer : str
        The last node, "pool5"; torchvision's and Keras's names are understood, too.

    Raises
    ------
    ValueError
        The network has no such node.
    MemoryError
        The copy does not fit into memory.
    """
    text = cut_behind(model.spec, model.variant, layer, "up_to")
    other = type(model).from_spec(text, "zeros", variant=model.variant)
    other = keep(model, other, list(other.parameters()), "up_to")
    if model.quantization is not None:
        nodes = {name for name, *_ in other.network.nodes()}
        other.quantization = model.quantization.within(nodes, other.parameters())
    if text == model.spec:
        other.classes = model.classes
    return other


def keep(
    model: Kind, other: Kind, names: Iterable[str], operation: str, preprocessing: Preprocessing | None = None
) -> Kind:
    """Return `other` with the named parameters, the factors, the source and the preprocessing of `model`.

    Parameters
    ----------
    model, other : Model
    names : iterable of str
        Parameters that both have in the same shape.
    operation : str
        For messages.
    preprocessing : Preprocessing, optional
        In place of that of `model`, for a network that reads another size.
    """
    own = model.parameters()
    kept = {name: own[name] for name in names}
    parameters.load(other.network, _native.VALUE, kept, False, operation)
    factors = {name: pair for name, pair in model.multipliers().items() if name in kept}
    parameters.restore_multipliers(other.network, other.multipliers() | factors)
    other.preprocessing, other.source = preprocessing or model.preprocessing, model.source
    return other
