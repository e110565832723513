"""Nodes that multiply by matrices, what is added to them, and normalisations that are folded into them."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ..chain import Node, Part, convolution, dense
from ..layouts import Array, Layout, conventional, in_out
from ..stored import Stored
from .adaptive import read_columns, read_rows
from .constants import Constant
from .flow import Flow
from .front import by_channel
from .operation import Operation
from .reading import Reading
from .values import Averaged


def read_gemm(reading: Reading, node: Operation) -> None:
    """Gemm: alpha · x · W + beta · b."""
    flow, weight, bias = reading.flow(node), reading.constant(node, 1), reading.optional(node, 2)
    if node.integer("transA", 0) or not flow.is_matrix:
        raise node.unsupported(f"it reads a tensor of {len(flow.dims)} dimensions, expected one row for each image")
    alpha, beta = node.number_of("alpha", 1.0), node.number_of("beta", 1.0)
    name = _dense(reading, node, flow, weight, node.integer("transB", 0) != 0)
    outputs = reading.nodes[-1].fields["outputs"]
    if alpha != 1:
        reading.factors[f"{name}.weight"] = np.full(int(outputs), alpha, np.float32)
    if bias is not None and (beta != 1 or bias.shape != (int(outputs),)):
        values = _vector(node, bias, int(outputs))
        reading.bias_parts(name, values * beta)
    else:
        reading.bias_parts(name, bias)


def read_product(reading: Reading, node: Operation) -> None:
    """MatMul: x · W over the last dimension of x, or half of an adaptive average pool."""
    first, second = (reading.values.get(node.input(at)) for at in (0, 1))
    if isinstance(first, Constant) and isinstance(second, Flow):
        read_rows(reading, node, second)
        return
    if isinstance(first, Averaged):
        read_columns(reading, node, first)
        return
    flow, weight = reading.flow(node), reading.constant(node, 1)
    # [batch, 1, 1, inputs] is read as a row.
    row = replace(flow, dims=("B", flow.dims[-1])) if flow.order == flow.dims[-1] or len(flow.dims) == 2 else flow
    if not row.is_matrix or any(row.size(axis) > 1 for axes in flow.dims[:-1] for axis in axes):
        raise node.unsupported(f"it reads a tensor of dimensions {flow.sizes}, expected one row for each image")
    _dense(reading, node, row, weight, False)
    made = reading.values[node.outputs[0]]
    if isinstance(made, Flow) and len(flow.dims) > 2:
        reading.give(node, replace(made, dims=(*("B" if at == 0 else "" for at in range(len(flow.dims) - 1)), "C")))


def read_sum(reading: Reading, node: Operation) -> None:
    """Add: a bias behind a layer without one, or an offset of the image."""
    at = 0 if isinstance(reading.values.get(node.input(0)), Flow) else 1
    flow, term = reading.flow(node, at), reading.constant(node, 1 - at)
    if not reading.nodes:
        change_image(reading, node, flow, term, lambda values: reading.front.add(values))
        return
    made = reading.last_weighted(flow)
    values = None if made is None else _per_channel(flow, term)
    if made is None or values is None:
        raise node.unsupported("a sum that is not the bias of the layer before it")
    old = next(iter(reading.parameters.get(f"{made.name}.bias", [])), None)
    outputs = int(made.fields["outputs"])
    if old is None and term.shape == (outputs,):
        reading.bias_parts(made.name, term)
    elif old is None and term.stored.size == outputs:
        reading.bias_parts(made.name, Constant(term.stored.reshaped(outputs)))
    else:
        reading.bias_parts(made.name, None if old is None else old.stored.array().astype(np.float64), values)
    reading.give(node, flow)


def read_batch_norm(reading: Reading, node: Operation) -> None:
    """BatchNormalization with running statistics: folded into the layer before it, or a layer of its own."""
    flow = reading.flow(node)
    if flow.dims[1:2] != ("C",) or node.integer("training_mode", 0):
        raise node.unsupported("a normalisation in training, or not over channels")
    channels = flow.shape[0]
    scale, shift, mean, variance = (_vector(node, reading.constant(node, at), channels) for at in range(1, 5))
    root = np.sqrt(variance + node.number_of("epsilon", 1e-5))
    if not np.all(root > 0):
        raise node.malformed("a variance that is not above 0")
    factor = scale / root
    if (made := reading.last_weighted(flow)) is not None:
        _fold(reading, made, factor, shift - mean * factor)
        reading.give(node, flow)
        return
    name = reading.name_for(node)
    reading.add(node, flow, convolution(name, channels, 1, groups=channels))
    weight = factor.astype(np.float32).reshape(channels, 1, 1, 1)
    reading.parameters[f"{name}.weight"] = [Part(Stored.of_array(f"{name}.weight", weight))]
    reading.bias_parts(name, shift - mean * factor)
    reading.notes.append(f"{node} follows no weights, and became a convolution of 1 × 1 in {channels} groups")


def read_factors(reading: Reading, node: Operation, flow: Flow, constant: Constant) -> bool:
    """Fold a product with one number for each channel into the layer before it; return whether that could be done."""
    made, values = reading.last_weighted(flow), _per_channel(flow, constant)
    if made is None or values is None:
        return False
    _fold(reading, made, values, np.zeros(1))
    reading.give(node, flow)
    return True


def _fold(reading: Reading, made: Node, factor: NDArray[np.float64], shift: NDArray[np.float64]) -> None:
    """Let a layer compute factor · y + shift instead of y."""
    before = reading.factors.get(f"{made.name}.weight")
    reading.factors[f"{made.name}.weight"] = (factor if before is None else factor * before).astype(np.float32)
    old = next(iter(reading.parameters.get(f"{made.name}.bias", [])), None)
    bias = np.zeros(len(factor)) if old is None else old.stored.array().astype(np.float64)
    reading.bias_parts(made.name, bias * factor + shift)


def change_image(
    reading: Reading,
    node: Operation,
    flow: Flow,
    constant: Constant,
    change: Callable[[NDArray[np.float64]], None],
    one_number: bool = False,
) -> None:
    """Let a constant act on the image before the first layer."""
    values = by_channel(flow, constant.values(1 << 24))
    if values is None or not flow.is_plain or (values.ndim == 3 and (one_number or reading.front.crop is not None)):
        raise node.unsupported(
            f"a constant of shape {constant.shape} before the first layer, expected one for each channel"
        )
    change(values)
    reading.give(node, flow)


def _dense(reading: Reading, node: Operation, flow: Flow, weight: Constant, out_in: bool) -> str:
    """Add a dense layer; `out_in`: the weight is [outputs, inputs], else [inputs, outputs]."""
    if len(weight.shape) != 2:
        raise node.unsupported(f"weights of shape {weight.shape}, expected a matrix")
    stored = weight.stored
    if weight.order == (1, 0):
        out_in = not out_in
    outputs, inputs = stored.shape if out_in else stored.shape[::-1]
    if inputs != flow.sizes[1]:
        raise node.malformed(f"weights for {inputs:,} inputs, where {flow.sizes[1]:,} come in")
    name = reading.name_for(node, weight)
    reading.add(node, flow, dense(name, outputs), ("B", "C"))
    layout: Layout = conventional if out_in else in_out
    order, sizes = flow.order, [flow.size(axis) for axis in flow.order]
    if order != "".join(axis for axis in "CHW" if axis in order):
        layout = _rearranged(flow, out_in)
        stored = stored.reshaped(outputs, *sizes) if out_in else stored.reshaped(*sizes, outputs)
    reading.parameters[f"{name}.weight"] = [Constant(stored).part(layout)]
    return name


def _rearranged(flow: Flow, out_in: bool) -> Layout:
    """Return the layout of a dense layer whose inputs are not in the order channels, height, width."""
    places = [1 + "CHW".index(axis) for axis in flow.order]
    places += [1 + at for at, axis in enumerate("CHW") if axis not in flow.order]
    shape, count = flow.shape, len(flow.order)

    def layout(array: Array) -> Array:
        split = array.reshape(len(array), *shape).transpose(0, *places)
        split = split[(slice(None),) * (1 + count) + (0,) * (3 - count)]
        return split if out_in else split.transpose(*range(1, 1 + count), 0)

    return layout


def _vector(node: Operation, constant: Constant, size: int) -> NDArray[np.float64]:
    """Return a constant of `size` numbers, or of one that stands for all."""
    values = constant.values().reshape(-1).astype(np.float64)
    if not constant.is_float or values.size not in (1, size):
        raise node.malformed(f"{constant.name} has shape {constant.shape}, expected ({size},)")
    return np.broadcast_to(values, (size,)).copy()


def _per_channel(flow: Flow, constant: Constant) -> NDArray[np.float64] | None:
    """Return a constant that is added to a tensor as one number for each channel; None if it is not that."""
    if not constant.is_float or constant.stored.size not in (1, flow.shape[0]) or len(constant.shape) > len(flow.dims):
        return None
    shape = (1,) * (len(flow.dims) - len(constant.shape)) + constant.shape
    fits = all(
        size == 1 or (axes == "C" and size == flow.shape[0]) for size, axes in zip(shape, flow.dims, strict=True)
    )
    values = constant.values().reshape(-1).astype(np.float64)
    return np.broadcast_to(values, (flow.shape[0],)).copy() if fits else None
