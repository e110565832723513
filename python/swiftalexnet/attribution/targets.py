"""What is explained: for each image the logit of a class, or the activation of a unit."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._support.arrays import as_integer
from .._support.choices import choose
from .._support.kinds import as_items
from ..errors import UnsupportedError
from ..network.base import BaseModel
from ..network.layer_names import node_name

Float32 = NDArray[np.float32]
Indices = NDArray[np.int64]


class Chosen(NamedTuple):
    """What is explained of a batch of images.

    Attributes
    ----------
    targets : array of int64, [batch]
        The class, or the channel.
    units : array of int64, [batch]
        Its index among all outputs of the node: of a channel, the position with the largest activation.
    scores : array of float32, [batch]
    """

    targets: Indices
    units: Indices
    scores: Float32


class Score:
    """The number that is explained: a class's logit, or the largest activation of a layer's channel.

    Parameters
    ----------
    model : Model
    target : int, str, sequence of these, or None
        A class by its index or name, or a channel by its index; one for all images, or one an image. By default each
        image's own largest.
    layer : str, optional
        The layer of the unit; by default the network's classes.
    count : int
        Number of images.
    operation : str
        The beginning of messages.

    Raises
    ------
    ValueError
        An unknown layer or class, a target out of range, or another number of targets.
    UnsupportedError
        The network has no classes, and no layer is given.
    """

    def __init__(self, model: BaseModel, target: Any, layer: str | None, count: int, operation: str):
        rows = {row.name: row for row in model.summary().rows if row.kind != "input"}
        self.layer = None if layer is None else node_name(model.variant, layer, rows, operation)
        if self.layer is None and not model.has_classes:
            raise UnsupportedError(
                f"{operation}: the network has no classes: with_classes(n) adds them; all methods but the Grad-CAMs "
                "also explain a unit, with layer= and its channel as the target"
            )
        self.node = self.layer or logits_node(model)
        size = rows[self.node].output[0] if self.layer else model.num_classes
        self._names = model.classes if self.layer is None else None
        self._targets = as_targets(target, count, size, self._names, operation)

    def name(self, target: int) -> str:
        """Return what a target is called."""
        if self.layer is not None:
            return f"{self.layer} {target}"
        return self._names[target] if self._names else str(target)

    def choose(self, outputs: Float32, rows: slice) -> Chosen:
        """Return what is explained of the images `rows`, given the node's outputs [batch, channels, …]."""
        flat = outputs.reshape(len(outputs), -1)
        positions = flat.shape[1] // outputs.shape[1]
        if self._targets is None:
            units = flat.argmax(axis=1)
        else:
            targets = self._targets[rows]
            maps = flat.reshape(len(flat), -1, positions)
            units = targets * positions + maps[np.arange(len(flat)), targets].argmax(axis=1)
        return Chosen(units // positions, units, flat[np.arange(len(flat)), units])


def cotangent(units: Indices, shape: tuple[int, ...]) -> Float32:
    """Return the gradient of the chosen outputs with respect to all outputs [batch, …]: a one for each image."""
    one = np.zeros(shape, np.float32)
    one.reshape(len(one), -1)[np.arange(len(one)), units] = 1
    return one


def logits_node(model: BaseModel) -> str:
    """Return the name of the node that computes the classes' scores: the softmax's input.

    Raises
    ------
    UnsupportedError
        The network has no classes.
    """
    _ = model.num_classes  # which raises if there are none
    last = model.summary().rows[-1]
    return last.input if last.kind == "softmax" else last.name


def as_targets(target: Any, count: int, size: int, names: Sequence[str] | None, operation: str) -> Indices | None:
    """Return the index of a class or channel for each of `count` images; None for each image's own largest.

    Raises
    ------
    TypeError, ValueError
        Not an index below `size`, not a class's name, or another number of targets than images.
    """

    def index(value: Any) -> int:
        if not isinstance(value, str):
            return as_integer(value, "target", operation, 0, size - 1)
        if names is None:
            raise ValueError(
                f"{operation}: target is {value!r}, expected 0 to {size - 1}: there are no names of classes"
            )
        return list(names).index(choose(operation, "class", value, names))

    if target is None:
        return None
    if is_single(target):
        return np.full(count, index(target), np.int64)
    items = target if isinstance(target, (list, tuple, np.ndarray)) else as_items(target, "target", operation, count)
    if len(items) != count:
        raise ValueError(f"{operation}: {len(items)} targets for {count} images, expected one, or one an image")
    return np.array([index(item) for item in items], np.int64)


def is_single(target: Any) -> bool:
    """Return whether it is one target and not a sequence of them: an array without dimensions is one, too."""
    return isinstance(target, str) or not isinstance(target, Iterable) or getattr(target, "ndim", 1) == 0
