"""A layer of Caffe as a node of the engine, by Caffe's own rules for windows, norms and dropout."""

from collections.abc import Callable
from typing import Any, NamedTuple

from ...errors import UnsupportedError
from .. import chain
from ..chain import Node, Shape
from .layers import Layer


class Window(NamedTuple):
    """The windows of a convolution or pool; pads are top and bottom, left and right."""

    kernel: int
    stride: int
    pad: tuple[int, int]

    @property
    def sides(self) -> tuple[int, int, int, int]:
        """Top, left, bottom, right."""
        return self.pad * 2


def node_of(layer: Layer, shape: Shape) -> Node | None:
    """Return the node of a layer that reads `shape`; None for one that only passes on what it reads.

    Raises
    ------
    UnsupportedError
        The engine has no such node; the message names the layer.
    ValueError
        Caffe itself would refuse the layer.
    """
    make = _MAKERS.get(layer.type)
    if make is None:
        raise unsupported(layer, f"a layer of type {layer.type}")
    return make(layer, shape)


def unsupported(layer: Layer, what: str) -> UnsupportedError:
    """Return the error for a layer."""
    return UnsupportedError(f"layer {layer.name!r}: {what} is not supported")


def caffe_windows(size: int, window: Window, axis: int, ceil_mode: bool) -> int:
    """Return how many windows Caffe's pool has along an axis.

    Unlike PyTorch and the engine it drops a last window outside the image only where there is padding
    (src/caffe/layers/pooling_layer.cpp).
    """
    pad = window.pad[axis]
    slack = size + 2 * pad - window.kernel
    count = (-(-slack // window.stride) if ceil_mode else slack // window.stride) + 1
    return count - 1 if pad and (count - 1) * window.stride >= size + pad else count


def _convolution(layer: Layer, shape: Shape) -> Node:
    fields = layer.fields.convolution_param
    if fields.axis != 1:
        raise unsupported(layer, f"a convolution along axis {fields.axis}")
    if any(step != 1 for step in fields.dilation):
        raise unsupported(layer, f"a dilation of {list(fields.dilation)}")
    window = _window(layer, fields)
    outputs, groups = fields.num_output, fields.group
    # One window that is the whole map: a dense layer with the same weights in the same order.
    if groups == 1 and window.pad == (0, 0) and shape[1:] == (window.kernel, window.kernel):
        return chain.dense(layer.name, outputs)
    return chain.convolution(layer.name, outputs, window.kernel, window.stride, window.sides, groups)


def _inner_product(layer: Layer, shape: Shape) -> Node:
    fields = layer.fields.inner_product_param
    if fields.axis != 1:
        raise unsupported(layer, f"an inner product along axis {fields.axis}")
    return chain.dense(layer.name, fields.num_output)


def _pooling(layer: Layer, shape: Shape) -> Node:
    fields = layer.fields.pooling_param
    kinds = {"MAX": chain.max_pool, "AVE": chain.average_pool}
    kind = _label(fields, "pool")
    if kind not in kinds:
        raise unsupported(layer, f"a pool of kind {kind}")
    if fields.global_pooling:
        return _global_pool(layer, shape, kind)
    window = _window(layer, fields)
    ceil_mode = fields.ceil_mode and _label(fields, "round_mode") == "CEIL"
    options = {"count_include_pad": True} if kind == "AVE" else {}
    node = kinds[kind](layer.name, window.kernel, window.stride, window.sides, ceil_mode, **options)
    (_, *sizes), theirs = chain.shapes_of(chain.spec_text("pool", shape, [node]))[0], shape[1:]
    if sizes != [caffe_windows(size, window, axis, ceil_mode) for axis, size in enumerate(theirs)]:
        raise unsupported(layer, "a last window that lies outside the image")
    return node


def _global_pool(layer: Layer, shape: Shape, kind: str) -> Node:
    if kind == "AVE":
        return Node.make("adaptive_average_pool", layer.name, size=1)
    if shape[1] != shape[2]:
        raise unsupported(layer, f"a global maximum over {shape[1]} × {shape[2]}")
    return chain.max_pool(layer.name, shape[1], 1)


def _response_norm(layer: Layer, shape: Shape) -> Node:
    fields = layer.fields.lrn_param
    if fields.local_size % 2 != 1:
        raise ValueError(f"layer {layer.name!r}: local_size is {fields.local_size}, expected an odd number")
    if _label(fields, "norm_region") == "ACROSS_CHANNELS":
        return chain.response_norm(layer.name, fields.local_size, fields.alpha, fields.beta, fields.k)
    # Caffe takes alpha over the window's elements, all of them even at the borders, and 1 for k whatever it is.
    constants = {"size": fields.local_size, "alpha": fields.alpha, "beta": fields.beta, "k": 1.0}
    return Node.make("spatial_response_norm", layer.name, **constants, alpha_over_n=True)


def _dropout(layer: Layer, shape: Shape) -> Node:
    fields = layer.fields.dropout_param
    if fields.scale_train:
        return chain.dropout(layer.name, fields.dropout_ratio)
    return Node.make("dropout", layer.name, probability=fields.dropout_ratio, form="paper2012")


def _relu(layer: Layer, shape: Shape) -> Node:
    slope = layer.fields.relu_param.negative_slope
    if slope:
        raise unsupported(layer, f"a slope of {slope:g} below 0")
    return Node.make("relu", layer.name)


def _power(layer: Layer, shape: Shape) -> None:
    fields = layer.fields.power_param
    if (fields.power, fields.scale, fields.shift) != (1, 1, 0):
        raise unsupported(layer, f"({fields.shift:g} + {fields.scale:g} x)^{fields.power:g}")


def _softmax(layer: Layer, shape: Shape) -> Node:
    if layer.fields.softmax_param.axis not in (1, -1, -3):
        raise unsupported(layer, f"a softmax along axis {layer.fields.softmax_param.axis}")
    return Node.make("softmax", layer.name)


def _window(layer: Layer, fields: Any) -> Window:
    kernel, stride, pad = (_pair(layer, fields, *names) for names in _WINDOW)
    if kernel[0] != kernel[1] or stride[0] != stride[1]:
        came = f"a kernel of {kernel[0]} × {kernel[1]} with stride {stride[0]} × {stride[1]}"
        raise unsupported(layer, came)
    if not kernel[0] or not stride[0]:
        raise ValueError(f"layer {layer.name!r}: kernel {kernel[0]}, stride {stride[0]}, expected 1 or more")
    return Window(kernel[0], stride[0], pad)


# The name of a field, that of its halves, and what it is if it is missing.
_WINDOW = (("kernel_size", "kernel", 0), ("stride", "stride", 1), ("pad", "pad", 0))


def _pair(layer: Layer, fields: Any, name: str, short: str, default: int) -> tuple[int, int]:
    """Return a size for height and width, which Caffe writes in several ways."""
    if fields.HasField(f"{short}_h") or fields.HasField(f"{short}_w"):
        return getattr(fields, f"{short}_h"), getattr(fields, f"{short}_w")
    value = getattr(fields, name)
    is_repeated = not isinstance(value, int)
    values = list(value) if is_repeated else [value] if fields.HasField(name) else []
    if len(values) > 2:
        raise ValueError(f"layer {layer.name!r}: {name} is {values}, expected one or two sizes")
    values = values or [default]
    return values[0], values[-1]


def _label(fields: Any, name: str) -> str:
    """Return the name of an enumeration's value; a number that it does not have is not kept by the parser."""
    field = fields.DESCRIPTOR.fields_by_name[name]
    return str(field.enum_type.values_by_number[getattr(fields, name)].name)


_MAKERS: dict[str, Callable[[Layer, Shape], Node | None]] = {
    "Convolution": _convolution,
    "InnerProduct": _inner_product,
    "Pooling": _pooling,
    "LRN": _response_norm,
    "Dropout": _dropout,
    "ReLU": _relu,
    "TanH": lambda layer, shape: Node.make("tanh", layer.name),
    "Sigmoid": lambda layer, shape: Node.make("sigmoid", layer.name),
    "Power": _power,
    "Softmax": _softmax,
}
