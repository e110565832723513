"""What each type of MatConvNet's layers is in the engine."""

from collections.abc import Callable

import numpy as np

from ...errors import UnsupportedError
from ...files.matlab.arrays import MatArray
from ..chain import Node, Part, average_pool, convolution, dense, dropout, max_pool, response_norm
from ..layouts import Array, Layout
from .builder import Builder
from .fields import integers, text_of, weights_of


def _convolution(builder: Builder, layer: MatArray, name: str) -> None:
    weights = {stored.name.rpartition(".")[2]: stored for stored in weights_of(layer)}
    if (filters := weights.get("filters")) is None or len(filters.shape) != 4:
        raise ValueError(f"{builder.place}: layer {name} has no filters of 4 dimensions")
    if any(value != 1 for value in integers(layer, "dilate", [1], builder.place)):
        raise UnsupportedError(f"{builder.place}: layer {name} is dilated")
    outputs, inputs, width, height = filters.shape
    (channels, rows, columns), stride = builder.shape, _stride(builder, layer, name)
    sides = _sides(builder, layer, name)
    if (height, width) == (rows, columns) and not any(sides) and inputs == channels:
        # A convolution over the whole map: what other packages call a dense layer.
        node, layout = dense(name, outputs), _whole_map(rows, columns)
    elif height == width:
        groups = channels // inputs if inputs and channels % inputs == 0 else 1
        node, layout = convolution(name, outputs, height, stride, sides, groups), _turned
    else:
        raise UnsupportedError(f"{builder.place}: layer {name} has filters of {height} × {width}, expected a square")
    builder.add(node)
    builder.parameters[f"{name}.weight"] = [Part(filters, layout)]
    if (biases := weights.get("biases")) is not None:
        builder.parameters[f"{name}.bias"] = [Part(biases)]


def _turned(array: Array) -> Array:
    """[out, in, width, height] of a convolution."""
    return array.transpose(0, 1, 3, 2)


def _whole_map(height: int, width: int) -> Layout:
    """Return the layout [out, in, width, height] of a dense layer."""
    return lambda array: _turned(array.reshape(len(array), -1, height, width))


def _pool(builder: Builder, layer: MatArray, name: str) -> None:
    size = integers(layer, "pool", [], builder.place)
    if len(set(size)) != 1:
        raise UnsupportedError(f"{builder.place}: layer {name} pools {size}, expected a square")
    kernel, stride, sides = size[0], _stride(builder, layer, name), _sides(builder, layer, name)
    make: dict[str, Callable[..., Node]] = {"max": max_pool, "avg": average_pool}
    if (method := text_of(layer, "method") or "max") not in make:
        raise UnsupportedError(f"{builder.place}: layer {name} pools by {method!r}, expected max or avg")
    node = make[method](name, kernel, stride, sides)
    # Zeros below and at the right are MatConvNet's way to round up; the engine, like Caffe, has a word for that.
    for ceil_mode in (False, True):
        plain = make[method](name, kernel, stride, 0, ceil_mode)
        if sides[:2] == [0, 0] and builder.shape_after([plain]) == builder.shape_after([node]):
            node = plain
            break
    builder.add(node)


def _normalize(builder: Builder, layer: MatArray, name: str) -> None:
    param = layer.get("param")
    if param is None or param.size != 4:
        raise ValueError(f"{builder.place}: layer {name} has no param [N kappa alpha beta]")
    size, k, alpha, beta = (float(value) for value in param.numbers(0, 4))
    if not np.isfinite([size, k, alpha, beta]).all() or not size.is_integer() or size % 2 != 1:
        raise UnsupportedError(
            f"{builder.place}: layer {name} normalises over {size:g} channels, expected an odd number"
        )
    # MatConvNet's alpha is not divided by the number of channels.
    builder.add(response_norm(name, int(size), alpha * size, beta, k, alpha_over_n=True))


def _relu(builder: Builder, layer: MatArray, name: str) -> None:
    leak = layer.get("leak")
    if leak is not None and leak.numbers(0, 1)[0] != 0:
        raise UnsupportedError(f"{builder.place}: layer {name} is a leaky ReLU")
    builder.add(Node.make("relu", name))


def _sigmoid(builder: Builder, layer: MatArray, name: str) -> None:
    builder.add(Node.make("sigmoid", name))


def _dropout(builder: Builder, layer: MatArray, name: str) -> None:
    rate = layer.get("rate")
    probability = 0.5 if rate is None else float(rate.numbers(0, 1)[0])
    if not 0 <= probability < 1:
        raise ValueError(f"{builder.place}: layer {name} has rate {probability:g}, expected 0 to below 1")
    builder.add(dropout(name, probability))


def _softmax(builder: Builder, layer: MatArray, name: str) -> None:
    builder.add(Node.make("softmax", name))


KINDS: dict[str, Callable[[Builder, MatArray, str], None]] = {
    "conv": _convolution,
    "pool": _pool,
    "normalize": _normalize,
    "lrn": _normalize,
    "relu": _relu,
    "sigmoid": _sigmoid,
    "dropout": _dropout,
    "softmax": _softmax,
    "softmaxloss": _softmax,
}


def _stride(builder: Builder, layer: MatArray, name: str) -> int:
    stride = integers(layer, "stride", [1], builder.place)
    if len(set(stride)) != 1 or stride[0] < 1:
        raise UnsupportedError(f"{builder.place}: layer {name} has stride {stride}, expected one number")
    return stride[0]


def _sides(builder: Builder, layer: MatArray, name: str) -> list[int]:
    """Return the padding as top, left, bottom, right; MatConvNet has top, bottom, left, right."""
    pad = integers(layer, "pad", [0], builder.place)
    if len(pad) not in (1, 4):
        raise ValueError(f"{builder.place}: layer {name} has pad {pad}, expected 1 or 4 numbers")
    top, bottom, left, right = pad * 4 if len(pad) == 1 else pad
    return [top, left, bottom, right]
