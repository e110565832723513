"""Nodes with a sliding window: convolutions and pools, and the zeros that a Pad node puts before one."""

from dataclasses import replace

from ..chain import Node, average_pool, convolution, max_pool
from .flow import NCHW, Flow, Sides
from .operation import Operation
from .reading import Reading

_EVEN = ("SAME_UPPER", "SAME_LOWER")


def read_convolution(reading: Reading, node: Operation) -> None:
    """Conv: the weight is [outputs, inputs / groups, kernel, kernel], as the engine's."""
    flow, weight, bias = _map(reading, node), reading.constant(node, 1), reading.optional(node, 2)
    if len(weight.shape) != 4 or weight.shape[2] != weight.shape[3]:
        raise node.unsupported(f"weights of shape {weight.shape}, expected a square kernel of two dimensions")
    kernel = node.integers("kernel_shape") or list(weight.shape[2:])
    if kernel != list(weight.shape[2:]):
        raise node.malformed(f"its kernel_shape is {kernel}, its weights have shape {weight.shape}")
    stride = _window(node, kernel)
    pad = _joined(flow.pad, _padding(node, flow, kernel[0], stride))
    name = reading.name_for(node, weight)
    made = convolution(name, weight.shape[0], kernel[0], stride, pad, node.integer("group", 1))
    reading.add(node, replace(flow, pad=(0, 0, 0, 0)), made, NCHW)
    reading.parameters[f"{name}.weight"] = [weight.part()]
    reading.bias_parts(name, bias)


def read_max_pool(reading: Reading, node: Operation) -> None:
    """MaxPool: what it pads is below every number, where a Pad node's zeros are not."""
    flow = _map(reading, node)
    if any(flow.pad) and (not reading.nodes or reading.nodes[-1].kind not in ("relu", "sigmoid")):
        raise node.unsupported("a Pad node puts zeros before it, and they may be the largest of a window")
    kernel = node.integers("kernel_shape") or []
    stride = _window(node, kernel)
    pad = _joined(flow.pad, _padding(node, flow, kernel[0], stride))
    ceil_mode = node.integer("ceil_mode", 0) != 0
    pad, ceil_mode = _rounded(flow, kernel[0], stride, pad, ceil_mode)
    made = max_pool(reading.name_for(node), kernel[0], stride, pad, ceil_mode)
    reading.add(node, replace(flow, pad=(0, 0, 0, 0)), made)


def read_average_pool(reading: Reading, node: Operation) -> None:
    """AveragePool: the divisor counts padding with count_include_pad, and always the zeros of a Pad node."""
    flow = _map(reading, node)
    kernel = node.integers("kernel_shape") or []
    stride = _window(node, kernel)
    own, counts = _padding(node, flow, kernel[0], stride), node.integer("count_include_pad", 0) != 0
    if any(flow.pad) and any(own) and not counts:
        raise node.unsupported("a Pad node's zeros count and its own padding does not")
    ceil_mode, pad = node.integer("ceil_mode", 0) != 0, _joined(flow.pad, own)
    counts = (counts or any(flow.pad)) and any(pad)
    if not counts:
        pad, ceil_mode = _rounded(flow, kernel[0], stride, pad, ceil_mode)
    made = average_pool(reading.name_for(node), kernel[0], stride, pad, ceil_mode, counts)
    reading.add(node, replace(flow, pad=(0, 0, 0, 0)), made)


def read_global_average(reading: Reading, node: Operation) -> None:
    """GlobalAveragePool: one number for each channel."""
    flow = _map(reading, node)
    reading.add(node, flow, Node.make("adaptive_average_pool", reading.name_for(node), size=1))


def read_mean(reading: Reading, node: Operation) -> None:
    """ReduceMean over height and width."""
    flow = reading.flow(node)
    axes = reading.numbers(node, 1, "axes")
    over = {flow.dimension(axis) for axis in axes or range(len(flow.dims))}
    averaged = {axis for at in over for axis in flow.dims[at]}
    if not set(flow.order) & {"H", "W"} <= averaged <= {"H", "W"}:
        raise node.unsupported(f"a mean over dimensions {sorted(over)}, expected height and width")
    dims = [axes for at, axes in enumerate(flow.dims) if at not in over or node.integer("keepdims", 1)]
    reading.add(node, flow, Node.make("adaptive_average_pool", reading.name_for(node), size=1), tuple(dims))


def read_pad(reading: Reading, node: Operation) -> None:
    """Pad: zeros around a map become the padding of the next node."""
    flow = reading.flow(node)
    pads, value = reading.numbers(node, 1, "pads"), reading.scalar(node, 2)
    mode, count = node.text("mode", "constant"), len(flow.dims)
    value = node.number_of("value", 0.0) if value is None else value
    axes = reading.optional(node, 3)
    if pads is None or mode != "constant" or axes is not None or len(pads) != 2 * count or min(pads) < 0:
        raise node.unsupported(f"padding {pads}, mode {mode}, expected constant numbers around the whole tensor")
    if not any(pads):
        reading.give(node, flow)
        return
    if value != 0:
        raise node.unsupported("padding with numbers other than 0")
    before, after = pads[:count], pads[count:]
    sides = {axes: (int(b), int(a)) for axes, b, a in zip(flow.dims, before, after, strict=True) if b or a}
    if not sides.keys() <= {"H", "W"} or flow.groups != 1:
        raise node.unsupported("padding of other dimensions than height and width")
    (top, bottom), (left, right) = sides.get("H", (0, 0)), sides.get("W", (0, 0))
    reading.give(node, replace(flow, pad=_joined(flow.pad, (top, left, bottom, right))))


def _map(reading: Reading, node: Operation) -> Flow:
    flow = reading.flow(node)
    if not flow.is_map() or flow.groups != 1:
        raise node.unsupported(f"it reads a tensor of {flow.sizes}, expected batch, channels, height, width")
    return flow


def _window(node: Operation, kernel: list[int]) -> int:
    """Check that a window is a square that moves alike in both directions; return its stride."""
    if len(kernel) != 2 or kernel[0] != kernel[1]:
        raise node.unsupported(f"a kernel of {kernel}, expected a square")
    if any(dilation != 1 for dilation in node.integers("dilations") or []):
        raise node.unsupported(f"dilations {node.integers('dilations')}, expected 1")
    strides = node.integers("strides") or [1, 1]
    if len(strides) != 2 or strides[0] != strides[1]:
        raise node.unsupported(f"strides {strides}, expected two that are equal")
    if node.integer("storage_order", 0):
        raise node.unsupported("storage_order 1, expected 0")
    if strides[0] < 1 or kernel[0] < 1:
        raise node.malformed(f"a kernel of {kernel} with strides {strides}, expected at least 1")
    return strides[0]


def _padding(node: Operation, flow: Flow, kernel: int, stride: int) -> Sides:
    """Return the node's own padding: top, left, bottom, right."""
    auto = node.text("auto_pad", "NOTSET")
    if auto in _EVEN:
        (_, height, width), (top, left, bottom, right) = flow.shape, flow.pad
        rows, columns = _even(height + top + bottom, kernel, stride), _even(width + left + right, kernel, stride)
        if auto == "SAME_LOWER":
            rows, columns = rows[::-1], columns[::-1]
        return rows[0], columns[0], rows[1], columns[1]
    pads = node.integers("pads") or [0, 0, 0, 0]
    if auto not in ("NOTSET", "VALID", "") or len(pads) != 4:
        raise node.unsupported(f"auto_pad {auto} with pads {pads}")
    if min(pads) < 0:
        raise node.unsupported(f"pads {pads}, expected 0 or more")
    top, left, bottom, right = (0, 0, 0, 0) if auto == "VALID" else pads
    return top, left, bottom, right


def _even(size: int, kernel: int, stride: int) -> tuple[int, int]:
    """Return the padding before and after that gives ⌈size / stride⌉ windows; the odd one after."""
    total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2


def _joined(a: Sides, b: Sides) -> Sides:
    return a[0] + b[0], a[1] + b[1], a[2] + b[2], a[3] + b[3]


def _rounded(flow: Flow, kernel: int, stride: int, pad: Sides, ceil_mode: bool) -> tuple[Sides, bool]:
    """Return more padding below and to the right as rounding up, which is the same where padding changes no result.

    That is how Caffe's pools, which round up, are written by exporters that round down.
    """
    top, left, bottom, right = pad
    _, height, width = flow.shape
    if ceil_mode or (bottom == top and right == left):
        return pad, ceil_mode
    pairs = ((height, top, bottom), (width, left, right))
    down = [(size + before + after - kernel) // stride for size, before, after in pairs]
    up = [-((size + 2 * before - kernel) // -stride) for size, before, _ in pairs]
    # A window that would start behind the image and its first padding is dropped when rounding up.
    kept = all((last * stride) < size + before for last, (size, before, _) in zip(up, pairs, strict=True))
    return ((top, left, top, left), True) if down == up and kept else (pad, ceil_mode)
