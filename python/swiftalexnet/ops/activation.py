"""Activations and dropout."""

from typing import Any, Literal

from .. import _native
from .._support.arrays import Float32, as_float32, as_output, as_seed
from ._shared import choose_code

_DROPOUT_FORMS = {"paper2012": False, "inverted": True}


def relu(x: Any, *, out: Any = None) -> Float32:
    """Compute max(x, 0) of an array of any shape."""
    x = as_float32(x, "x", "relu")
    y = as_output(out, x.shape, "relu")
    _native.relu(x, y)
    return y


def relu_backward(dy: Any, x: Any, *, out: Any = None) -> Float32:
    """Gradient of :func:`relu`: dy where x > 0, otherwise 0. `x` may be the input or the result of the forward pass."""
    dy, x = as_float32(dy, "dy", "relu_backward"), as_float32(x, "x", "relu_backward")
    dx = as_output(out, x.shape, "relu_backward")
    _native.relu_backward(dy, x, dx)
    return dx


def tanh(x: Any, *, out: Any = None) -> Float32:
    """Compute tanh x of an array of any shape; relative error at most 4 ε, exactly ±1 from |x| = 9.02 on."""
    x = as_float32(x, "x", "tanh")
    y = as_output(out, x.shape, "tanh")
    _native.tanh(x, y)
    return y


def tanh_backward(dy: Any, x: Any, *, out: Any = None) -> Float32:
    """Gradient of :func:`tanh` at its input `x`: dy · (1 - y²), y = tanh x in float32, so 0 where y is ±1."""
    dy, x = as_float32(dy, "dy", "tanh_backward"), as_float32(x, "x", "tanh_backward")
    dx = as_output(out, x.shape, "tanh_backward")
    _native.tanh_backward(dy, x, dx)
    return dx


def sigmoid(x: Any, *, out: Any = None) -> Float32:
    """Compute 1 / (1 + exp(-x)) of an array of any shape without overflow; relative error at most 4 ε.

    Below x = -87, where the result is subnormal, the error is at most the smallest subnormal number.
    """
    x = as_float32(x, "x", "sigmoid")
    y = as_output(out, x.shape, "sigmoid")
    _native.sigmoid(x, y)
    return y


def sigmoid_backward(dy: Any, x: Any, *, out: Any = None) -> Float32:
    """Gradient of :func:`sigmoid` at its input `x`: dy · y · (1 - y), y = sigmoid(x) in float32."""
    dy, x = as_float32(dy, "dy", "sigmoid_backward"), as_float32(x, "x", "sigmoid_backward")
    dx = as_output(out, x.shape, "sigmoid_backward")
    _native.sigmoid_backward(dy, x, dx)
    return dx


def dropout(
    x: Any,
    probability: float = 0.5,
    form: Literal["inverted", "paper2012"] = "inverted",
    training: bool = True,
    seed: int = 0,
    step: int = 0,
    *,
    out: Any = None,
) -> Float32:
    """Set each element to 0 with the given probability.

    The mask depends only on (seed, step, element), so the same call on `dy` is the backward pass.

    Parameters
    ----------
    x : array of any shape
    probability : float
        0 ≤ probability < 1.
    form : {"inverted", "paper2012"}
        "inverted": the remaining elements are divided by 1 - probability in training, and nothing happens otherwise.
        "paper2012" (Krizhevsky et al. 2012, section 4.2): the remaining elements do not change in training, and all
        elements are multiplied by 1 - probability otherwise.
    training : bool
    seed, step : int
        0 to 2⁶⁴ - 1.
    out : array, shaped like `x`, optional
    """
    inverted = choose_code(_DROPOUT_FORMS, form, "form", "dropout")
    x = as_float32(x, "x", "dropout")
    y = as_output(out, x.shape, "dropout")
    seed, step = as_seed(seed, "seed", "dropout"), as_seed(step, "step", "dropout")
    _native.dropout(x, probability, inverted, training, seed, step, y)
    return y
