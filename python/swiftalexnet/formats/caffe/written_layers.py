"""A node of the engine as a layer of Caffe."""

from collections.abc import Callable
from typing import Any

from ...errors import UnsupportedError
from ..chain import Node, Shape
from . import schema
from .nodes import Window, caffe_windows

_PLAIN = {"relu": "ReLU", "tanh": "TanH", "sigmoid": "Sigmoid", "softmax": "Softmax"}


def layer_of(node: Node, before: Shape, after: Shape) -> Any | None:
    """Return the layer of a node, without inputs and outputs; None for one that changes nothing.

    Parameters
    ----------
    node : Node
    before, after : (int, int, int)
        What it reads and what it writes.

    Raises
    ------
    UnsupportedError
        Caffe has none.
    """
    layer = schema.message("LayerParameter", "export")
    layer.name = node.name
    try:
        if node.kind in _PLAIN:
            layer.type = _PLAIN[node.kind]
            return layer
        return _WRITERS[node.kind](layer, node, before, after)
    except KeyError:
        raise UnsupportedError(f"export: {node.name}: {node.kind} is not supported by Caffe") from None
    except UnsupportedError as error:
        raise UnsupportedError(f"export: {node.name}: {error} is not supported by Caffe") from None


def _convolution(layer: Any, node: Node, before: Shape, after: Shape) -> Any:
    layer.type = "Convolution"
    parameters = layer.convolution_param
    parameters.num_output = int(node.fields["outputs"])
    window = _window(node)
    parameters.kernel_size.append(window.kernel)
    if window.stride != 1:
        parameters.stride.append(window.stride)
    if window.pad[0] == window.pad[1]:
        parameters.pad.extend(window.pad[:1] if window.pad[0] else ())
    else:
        parameters.pad_h, parameters.pad_w = window.pad
    if node.fields["groups"] != "1":
        parameters.group = int(node.fields["groups"])
    return layer


def _dense(layer: Any, node: Node, before: Shape, after: Shape) -> Any:
    layer.type = "InnerProduct"
    layer.inner_product_param.num_output = int(node.fields["outputs"])
    return layer


def _pool(layer: Any, node: Node, before: Shape, after: Shape) -> Any:
    layer.type = "Pooling"
    parameters, window = layer.pooling_param, _window(node)
    is_average = node.kind == "average_pool"
    if is_average and node.fields["count_include_pad"] == "0" and window.pad != (0, 0):
        raise UnsupportedError("an average over the pixels without the pad")
    parameters.pool = schema.POOL_METHODS["AVE" if is_average else "MAX"]
    parameters.kernel_size, parameters.stride = window.kernel, window.stride
    if window.pad[0] == window.pad[1]:
        if window.pad[0]:
            parameters.pad = window.pad[0]
    else:
        parameters.pad_h, parameters.pad_w = window.pad
    ceil_mode = node.fields["ceil"] == "1"
    if not _has_sizes(before, after, window, ceil_mode):
        raise UnsupportedError("a last window outside the image, which is left out,")
    if not ceil_mode:
        parameters.ceil_mode = False
    return layer


def must_round_down(node: Node, before: Shape, after: Shape) -> bool:
    """Return whether a pool that rounded up would have another size."""
    return "pool" in node.kind and "ceil" in node.fields and not _has_sizes(before, after, _window(node), True)


def _has_sizes(before: Shape, after: Shape, window: Window, ceil_mode: bool) -> bool:
    return all(caffe_windows(before[axis + 1], window, axis, ceil_mode) == after[axis + 1] for axis in range(2))


def _adaptive_pool(layer: Any, node: Node, before: Shape, after: Shape) -> Any | None:
    if before == after:
        return None
    layer.type = "Pooling"
    parameters, (_, height, width) = layer.pooling_param, before
    parameters.pool = schema.POOL_METHODS["AVE"]
    if after[1:] == (1, 1):
        parameters.global_pooling = True
        return layer
    size = after[1]
    if height != width or height % size:
        raise UnsupportedError(f"an average of {height} × {width} pixels to {size} × {size}")
    parameters.kernel_size = parameters.stride = height // size
    return layer


def _norm(layer: Any, node: Node, before: Shape, after: Shape) -> Any:
    fields, parameters = node.fields, layer.lrn_param
    size, is_spatial = int(fields["size"]), node.kind == "spatial_response_norm"
    if size % 2 == 0:
        raise UnsupportedError(f"a norm over an even number, {size},")
    if fields.get("groups", "1") != "1":
        raise UnsupportedError("a norm within each tower")
    if is_spatial and float(fields["k"]) != 1:
        raise UnsupportedError(f"a norm within a map with k = {fields['k']}")
    layer.type = "LRN"
    parameters.local_size, parameters.beta = size, float(fields["beta"])
    elements = size**2 if is_spatial else size
    parameters.alpha = float(fields["alpha"]) * (1 if fields["alpha_over_n"] == "1" else elements)
    if is_spatial:
        parameters.norm_region = schema.NORM_REGIONS["WITHIN_CHANNEL"]
    elif float(fields["k"]) != 1:
        parameters.k = float(fields["k"])
    return layer


def _dropout(layer: Any, node: Node, before: Shape, after: Shape) -> Any:
    if node.fields["form"] != "inverted":
        raise UnsupportedError("dropout that scales at test, as in 2012,")
    layer.type = "Dropout"
    layer.dropout_param.dropout_ratio = float(node.fields["probability"])
    return layer


def _window(node: Node) -> Window:
    top, left, bottom, right = map(int, node.fields["pad"].split(","))
    if (top, left) != (bottom, right):
        raise UnsupportedError(f"a pad of {node.fields['pad']} (top, left, bottom, right)")
    return Window(int(node.fields["kernel"]), int(node.fields["stride"]), (top, left))


_WRITERS: dict[str, Callable[[Any, Node, Shape, Shape], Any | None]] = {
    "convolution": _convolution,
    "dense": _dense,
    "max_pool": _pool,
    "average_pool": _pool,
    "adaptive_average_pool": _adaptive_pool,
    "response_norm": _norm,
    "spatial_response_norm": _norm,
    "dropout": _dropout,
}
