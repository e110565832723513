"""The layers whose outputs are asked for, and the form in which they are given: pooled, flattened, rounded."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._support.choices import choose
from .._support.kinds import as_items
from .._support.native_arguments import Arithmetic
from .._support.shown import shown
from ..errors import NonFiniteError
from ..network.base import BaseModel
from ..network.layer_names import node_name
from .inputs import network_input
from .pooling import POOLS

DTYPES = ("float32", "float16")

_NHWC = 1  # the engine's code of its own layout, in which nothing is transposed
_LARGEST_HALF = 65504.0  # of a float of 16 bits
_BYTES_AT_ONCE = 128 << 20  # of the engine's outputs; a few times as much is in use

Rows = dict[str, NDArray[Any]]  # by node, [images, …]


class Form(NamedTuple):
    """How outputs are given.

    Attributes
    ----------
    pool : {"avg", "max", "gem"} or None
        Of maps over space: see `pooling`.
    flatten : bool
        Maps as vectors in the order channels, rows, columns.
    dtype : {"float32", "float16"}
    """

    pool: str | None = None
    flatten: bool = False
    dtype: str = "float32"

    @classmethod
    def checked(cls, pool: Any, flatten: Any, dtype: Any, operation: str) -> "Form":
        """Return the caller's form.

        Raises
        ------
        TypeError, ValueError
            An unknown word, or `flatten` that is neither True nor False.
        """
        if pool is not None:
            choose(operation, "pool", pool, POOLS)
        if not isinstance(flatten, (bool, np.bool_)):
            raise TypeError(f"{operation}: flatten is {shown(flatten)}, expected True or False")
        names = [*DTYPES, *(np.dtype(name) for name in DTYPES), *(np.dtype(name).type for name in DTYPES)]
        if not any(dtype is name or (type(dtype) is type(name) and dtype == name) for name in names):
            choose(operation, "dtype", dtype, DTYPES)
        return cls(pool, bool(flatten), np.dtype(dtype).name)

    def shape(self, output: tuple[int, ...]) -> tuple[int, ...]:
        """Return the shape of an image's features, given that of the node's output: [C, H, W], or [C]."""
        if self.pool is not None or len(output) == 1:
            return output[:1]
        return (math.prod(output),) if self.flatten else output


class Layers:
    """The layers of one call.

    Parameters
    ----------
    model : Model
    names : sequence of str
        As the caller gave them.
    form : Form
    arithmetic : Arithmetic
    operation : str
        The beginning of messages.

    Attributes
    ----------
    nodes : dict of str to str
        The network's node by the caller's name; a name given twice is there once.
    shapes : dict of str to tuple of int
        Of an image's features, by node.

    Raises
    ------
    TypeError, ValueError
        Not a list of names, or a layer that the network does not have.
    """

    def __init__(self, model: BaseModel, names: Sequence[str], form: Form, arithmetic: Arithmetic, operation: str):
        if isinstance(names, str):
            raise TypeError(f"{operation}: layers is {shown(names)}, expected a list of layer names: [{names!r}]")
        given = as_items(names, "layers", operation)
        if not given:
            raise TypeError(f"{operation}: layers is {shown(names)}, expected a list of layer names")
        self._model, self._arithmetic, self.form, self._operation = model, arithmetic, form, operation
        outputs = {row.name: row.output for row in model.summary().rows}
        self.nodes = {name: node_name(model.variant, name, outputs, operation) for name in given}
        self._outputs = {node: outputs[node] for node in dict.fromkeys(self.nodes.values())}
        self.shapes = {node: form.shape(output) for node, output in self._outputs.items()}
        order = list(outputs)
        self.last = max(self._outputs, key=order.index)
        self._captured: Rows = {}

    def image_bytes(self) -> int:
        """Return the bytes of an image's features."""
        return sum(map(math.prod, self.shapes.values())) * np.dtype(self.form.dtype).itemsize

    def at_once(self, batch_size: int) -> int:
        """Return a batch size, or fewer images if their outputs are large: what is computed does not depend on it."""
        image_bytes = 4 * sum(map(math.prod, self._outputs.values()))
        return max(1, min(batch_size, _BYTES_AT_ONCE // image_bytes))

    def empty(self, count: int) -> Rows:
        """Return arrays for the features of so many images."""
        return {node: np.empty((count, *shape), self.form.dtype) for node, shape in self.shapes.items()}

    def compute(self, squares: NDArray[np.uint8], numbers: NDArray[Any], out: Rows) -> None:
        """Write the features of decoded images.

        Parameters
        ----------
        squares : array of uint8, [batch, size, size, channels]
            As decoded with the geometry of the model's preprocessing.
        numbers : array of int, [batch]
            The images' numbers, for messages.
        out : dict of str to array
            By node, [batch, …] with the shapes of `shapes`.

        Raises
        ------
        NonFiniteError
            A value is infinite or NaN; the message names the parameter or node that caused it.
        ValueError
            A value is too large for float16.
        """
        x = network_input(self._model, squares, "NHWC")
        captured = self._buffers(len(x))
        if computed := [node for node in captured if node != "data"]:
            arrays = tuple(captured[node] for node in computed)
            self._model.network.capture(x, _NHWC, tuple(computed), self._arithmetic, arrays)
        for node, target in out.items():
            values = x if node == "data" else captured[node]
            self._require_finite(node, values, x, numbers)
            self._put(node, values, target)

    def _buffers(self, count: int) -> Rows:
        """Return arrays for the engine's outputs, the same ones in every call."""
        if not self._captured or len(next(iter(self._captured.values()))) < count:
            self._captured = {
                node: np.empty((count, *shape[1:], shape[0]), np.float32)
                for node, shape in self._outputs.items()
                if node != "data"
            }
        return {node: array[:count] for node, array in self._captured.items()}

    def _put(self, node: str, values: NDArray[Any], target: NDArray[Any]) -> None:
        """Write a node's output [batch, height, width, channels], or [batch, channels], in the form asked for."""
        if values.ndim == 4:
            pooled = None if self.form.pool is None else POOLS[self.form.pool](values)
            values = values.transpose(0, 3, 1, 2) if pooled is None else pooled
        if self.form.dtype == "float32":
            target.reshape(values.shape)[...] = values
            return
        with np.errstate(over="ignore"):
            target.reshape(values.shape)[...] = values
        if np.isinf(target).any():
            largest = float(np.abs(values).max())
            raise ValueError(
                f"{self._operation}: {node} has values up to {largest:g}, float16 goes to {_LARGEST_HALF:g}: "
                "dtype='float32' holds them"
            )

    def _require_finite(self, node: str, values: NDArray[Any], x: NDArray[Any], numbers: NDArray[Any]) -> None:
        if np.isfinite(values).all():
            return
        number = int(np.argmin([np.isfinite(image).all() for image in values]))
        cause = self._model.network.non_finite_cause(x[number : number + 1], _NHWC, self._arithmetic)
        raise NonFiniteError(f"{self._operation}: {node} of image {numbers[number]} is not finite: {cause}")


def slices(arrays: Rows, rows: slice) -> Rows:
    """Return some rows of every array."""
    return {node: array[rows] for node, array in arrays.items()}
