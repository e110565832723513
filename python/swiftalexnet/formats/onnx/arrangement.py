"""Nodes that only arrange the tensor anew: reshaping, transposing, and the sizes that they are told with."""

from dataclasses import replace

import numpy as np

from .constants import Constant, target_sizes
from .flow import Flow
from .operation import Operation
from .reading import Reading


def read_constant(reading: Reading, node: Operation) -> None:
    """Constant: weights, or numbers that sizes are computed with."""
    reading.give(node, Constant(node.value(node.outputs[0] if node.outputs else node.name)))


def read_same(reading: Reading, node: Operation) -> None:
    """Identity, and a cast between kinds of floats."""
    if node.kind == "Cast" and node.integer("to", 0) not in (1, 10, 11, 16):
        raise node.unsupported(f"a cast to ONNX data type {node.integer('to', 0)}, expected a float")
    reading.give(node, reading.flow(node))


def read_reshape(reading: Reading, node: Operation) -> None:
    """Reshape: the sizes must be constants once the image's size is known."""
    flow = reading.flow(node)
    sizes = target_sizes(flow.sizes, reading.numbers(node, 1, "shape") or [])
    result = (flow.reshaped(sizes) if flow.groups == 1 else None) or flow.split(sizes)
    reading.give(node, _moved(flow, result, node))


def read_flatten(reading: Reading, node: Operation) -> None:
    """Flatten: one row for each image."""
    flow = reading.flow(node)
    if node.integer("axis", 1) not in (1, 1 - len(flow.dims)):
        raise node.unsupported(f"axis {node.integer('axis', 1)}, expected 1: one row for each image")
    reading.give(node, _moved(flow, flow.reshaped([1, int(np.prod(flow.sizes[1:]))]), node))


def read_transpose(reading: Reading, node: Operation) -> None:
    """Transpose: nothing moves, the dimensions are called otherwise."""
    flow = reading.flow(node)
    order = node.integers("perm") or list(range(len(flow.dims)))[::-1]
    reading.give(node, _moved(flow, flow.transposed(order), node))


def read_squeeze(reading: Reading, node: Operation) -> None:
    """Squeeze: without dimensions of one."""
    flow = reading.flow(node)
    sizes, axes = flow.sizes, reading.numbers(node, 1, "axes")
    gone = (
        {flow.dimension(axis) for axis in axes}
        if axes is not None
        else {at for at, size in enumerate(sizes) if at and size == 1}
    )
    if any(at == 0 or sizes[at] != 1 for at in gone) or not flow.is_plain:
        raise node.unsupported(f"dimensions {sorted(gone)} of {sizes} squeezed")
    reading.give(node, replace(flow, dims=tuple(axes for at, axes in enumerate(flow.dims) if at not in gone)))


def read_unsqueeze(reading: Reading, node: Operation) -> None:
    """Unsqueeze: with more dimensions of one."""
    flow, axes = reading.flow(node), reading.numbers(node, 1, "axes") or []
    count = len(flow.dims) + len(axes)
    places = {axis % count for axis in axes if -count <= axis < count}
    if len(places) != len(axes) or 0 in places or count > 8 or not flow.is_plain:
        raise node.unsupported(f"dimensions {axes} put in before the batch")
    rest = iter(flow.dims)
    reading.give(node, replace(flow, dims=tuple("" if at in places else next(rest) for at in range(count))))


def read_shape(reading: Reading, node: Operation) -> None:
    """Shape: for one image. What is computed from it is used in Reshape, and the batch is one there too."""
    value = reading.values.get(node.input(0))
    if not isinstance(value, Flow):
        raise node.malformed("it reads a tensor that is not there")
    first, last = node.integer("start", 0), node.integer("end", len(value.dims))
    reading.give(node, reading.folding.keep(node, np.array(value.sizes, np.int64)[first:last]))


def read_slice(reading: Reading, node: Operation) -> None:
    """Slice: the centre of the image, before the first layer."""
    flow = reading.flow(node)
    starts, ends = reading.numbers(node, 1, "starts") or [], reading.numbers(node, 2, "ends") or []
    axes = reading.numbers(node, 3, "axes") or list(range(len(starts)))
    steps = reading.numbers(node, 4, "steps") or [1] * len(starts)
    if not len(starts) == len(ends) == len(axes) == len(steps) or any(step != 1 for step in steps):
        raise node.unsupported(f"a slice of starts {starts}, ends {ends}, steps {steps}")
    cut = {flow.dims[flow.dimension(axis)]: (start, end) for start, end, axis in zip(starts, ends, axes, strict=True)}
    _, size, width = flow.shape
    rows, columns = (slice(*cut.get(axis, (0, size))).indices(size)[:2] for axis in "HW")
    crop = rows[1] - rows[0]
    centered = rows == columns and rows[0] == (size - crop) // 2 and 0 < crop <= size == width
    if reading.nodes or not cut.keys() <= {"H", "W"} or not centered or not flow.is_plain or reading.front.crop:
        raise node.unsupported("a part of the tensor that is not the centre of the image")
    reading.front.crop = crop
    reading.shape = (flow.shape[0], crop, crop)
    reading.give(node, replace(flow, shape=reading.shape))


def _moved(flow: Flow, result: Flow | None, node: Operation) -> Flow:
    """Return a change of arrangement, which must be one that a chain of the engine can follow."""
    if result is None:
        raise node.unsupported(f"it rearranges a tensor of {flow.sizes} as no layer of the engine reads it")
    return result
