"""From a chain of nodes and the tensors in a file to a model."""

from typing import TypeVar

import numpy as np

from .._support.arrays import copy_into
from ..errors import CheckpointCorruptError
from ..network.base import BaseModel
from ..network.spec_text import cut_behind
from ..preprocessing.preprocessing import Preprocessing
from .chain import Chain, Node, Part
from .graphs import adopt_names
from .layouts import Array, reversed_channels
from .stored import FLOATS
from .templates import bias_shape, weight_shape

Kind = TypeVar("Kind", bound=BaseModel)


def assemble(kind: type[Kind], chain: Chain, place: str, up_to: str | None = None) -> Kind:
    """Build the model of a chain and read its weights; all shapes are checked before memory is taken.

    Parameters
    ----------
    up_to : str, optional
        The last layer: weights of later ones are not read.

    Raises
    ------
    ValueError
        The nodes do not fit each other, or a tensor does not fit its node.
    CheckpointCorruptError
        Weights are not finite.
    MemoryError
        The model does not fit into memory.
    """
    chain = with_softmax(adopt_names(chain))
    _check_shapes(chain, place)
    spec = chain.spec(chain.variant or "network")
    text = spec if up_to is None else cut_behind(spec, chain.variant, up_to, "load")
    model = kind.from_spec(text, "zeros", variant=chain.variant)
    first = next((node.name for node in chain.nodes if node.is_weighted), "")
    for name, target in model.parameters().items():
        parts = chain.parameters.get(name, [])
        turned = chain.reads_bgr and name == f"{first}.weight" and target.ndim == 4 and target.shape[1] == 3
        for part in parts:
            _fill(target, part._replace(layout=reversed_channels(part.layout)) if turned else part, place)
        if name in chain.factors:
            _multiply(target, chain.factors[name], f"{place}: {name}")
    if chain.preprocessing is not None:
        model.preprocessing = _in_rgb(chain.preprocessing) if chain.reads_bgr else chain.preprocessing
    if chain.classes is not None and text == spec:
        model.classes = chain.classes
    return model


def with_softmax(chain: Chain) -> Chain:
    """Return the chain with the softmax that a model for classes ends with, if it ends with a layer of classes."""
    last = chain.nodes[-1] if chain.nodes else None
    if last is not None and last.is_weighted and chain.shapes()[-1][1:] == (1, 1):
        chain.nodes = [*chain.nodes, Node.make("softmax", "prob")]
    return chain


def parameter_shapes(chain: Chain) -> dict[str, tuple[int, ...]]:
    """Return the conventional shape of every parameter of a chain."""
    shapes: dict[str, tuple[int, ...]] = {}
    for node, before in zip(chain.nodes, [chain.input, *chain.shapes()], strict=False):
        if node.is_weighted:
            shapes[f"{node.name}.weight"] = weight_shape(node, before)
            shapes[f"{node.name}.bias"] = bias_shape(node, before)
    return shapes


def _check_shapes(chain: Chain, place: str) -> None:
    shapes = parameter_shapes(chain)
    for name, shape in shapes.items():
        parts = chain.parameters.get(name, [])
        if not parts and name.endswith(".weight"):
            raise ValueError(f"{place}: it has no weights for {name.removesuffix('.weight')}")
        covered = 0
        for part in parts:
            if part.stored.dtype.char not in FLOATS:
                raise ValueError(f"{place}: {part.stored.name} has dtype {part.stored.dtype}, expected a float")
            # A view of one number that stands for the whole parameter: nothing of its size is allocated.
            try:
                view = part.layout(np.broadcast_to(np.float32(0), shape))
            except (IndexError, ValueError):
                view = np.empty(0, np.float32)
            if view.shape != part.stored.shape:
                came, expected = part.stored.shape, view.shape if view.size else shape
                raise ValueError(f"{place}: {part.stored.name} has shape {came}, where {name} needs {expected}")
            covered += view.size
        if parts and covered != np.prod(shape, dtype=object):
            raise ValueError(f"{place}: {name} needs {np.prod(shape, dtype=object):,} values, the file has {covered:,}")


def _fill(target: Array, part: Part, place: str) -> None:
    view = part.layout(target)
    for rows, values in part.stored.pieces():
        with np.errstate(over="ignore"):
            values = values.astype(np.float32, copy=False)
        if not np.isfinite(values).all():
            raise CheckpointCorruptError(f"{place}: {part.stored.name} holds values that are not finite in float32")
        copy_into(view[rows], values)


def _multiply(target: Array, factors: Array, what: str) -> None:
    """Multiply the weights of each output by its factor."""
    with np.errstate(over="ignore", invalid="ignore"):
        target *= factors.reshape(-1, *[1] * (target.ndim - 1))
    if not np.isfinite(target).all():
        raise CheckpointCorruptError(f"{what} is not finite with the normalisation behind it")


def _in_rgb(preprocessing: Preprocessing) -> Preprocessing:
    scale = preprocessing.scale
    return preprocessing.replace(mean=preprocessing.mean[..., ::-1], scale=None if scale is None else scale[::-1])
