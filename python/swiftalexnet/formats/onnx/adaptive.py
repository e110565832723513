"""An adaptive average pool whose windows differ: two products with matrices of averages, which our exports have."""

import numpy as np
from numpy.typing import NDArray

from ..chain import Node
from .flow import Flow
from .operation import Operation
from .reading import Reading
from .values import Averaged


def averages(inputs: int, outputs: int) -> NDArray[np.float32]:
    """Return the matrix, [outputs, inputs], of an adaptive average pool along an axis.

    Output i is the mean of ⌊i · inputs / outputs⌋ up to ⌈(i + 1) · inputs / outputs⌉, as in PyTorch.
    """
    matrix = np.zeros((outputs, inputs), np.float32)
    for row in range(outputs):
        first, last = row * inputs // outputs, -((row + 1) * inputs // -outputs)
        matrix[row, first:last] = 1 / (last - first)
    return matrix


def read_rows(reading: Reading, node: Operation, flow: Flow) -> None:
    """Read the first product, A · x: means of rows."""
    size = _outputs(reading, node, 0, flow.shape[1], 0)
    reading.require_last(node, flow)
    if not flow.is_map() or not flow.is_plain:
        raise node.unsupported("a matrix times a tensor that is no map of batch, channels, height, width")
    reading.give(node, Averaged(flow, size))


def read_columns(reading: Reading, node: Operation, value: Averaged) -> None:
    """Read the second product, · Bᵀ: means of columns."""
    if _outputs(reading, node, 1, value.flow.shape[2], 1) != value.size:
        raise node.unsupported("averages that are not a square")
    reading.require_last(node, value.flow)
    reading.add(node, value.flow, Node.make("adaptive_average_pool", reading.name_for(node), size=value.size))


def _outputs(reading: Reading, node: Operation, at: int, inputs: int, axis: int) -> int:
    """Return the size that a matrix of averages makes of an axis of `inputs`."""
    matrix = reading.constant(node, at).values()
    if matrix.ndim != 2 or matrix.shape[1 - axis] != inputs or matrix.shape[axis] > 4096:
        raise node.unsupported(f"a matrix of shape {matrix.shape} beside the tensor")
    size = int(matrix.shape[axis])
    wanted = averages(inputs, size)
    if not np.array_equal(wanted.T if axis else wanted, matrix):
        raise node.unsupported("a matrix beside the tensor that is not an adaptive average pool")
    return size
