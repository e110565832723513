"""Fully connected layers."""

from typing import Any

from .. import _native
from .._support.arrays import Float32, as_float32, as_output


def dense(x: Any, w: Any, b: Any = None, *, relu: bool = False, out: Any = None) -> Float32:
    """Compute x · wᵀ + b: a fully connected layer.

    Parameters
    ----------
    x : array [n, inputs]
    w : array [outputs, inputs]
    b : array [outputs], optional
    relu : bool
        Clamp the result at 0 in the same pass.
    out : array [n, outputs], optional
    """
    x, w = as_float32(x, "x", "dense", 2), as_float32(w, "w", "dense", 2)
    b = None if b is None else as_float32(b, "b", "dense", 1)
    y = as_output(out, (x.shape[0], w.shape[0]), "dense")
    _native.dense(x, w, b, relu, y)
    return y


def dense_backward(dy: Any, x: Any, w: Any) -> tuple[Float32, Float32, Float32]:
    """Gradients of :func:`dense`: dx = dy · w, dw = dyᵀ · x, db = Σ dy over the batch."""
    operation = "dense_backward"
    dy, x = as_float32(dy, "dy", operation, 2), as_float32(x, "x", operation, 2)
    w = as_float32(w, "w", operation, 2)
    dx, dw = as_output(None, x.shape, operation), as_output(None, w.shape, operation)
    db = as_output(None, w.shape[:1], operation)
    _native.dense_backward(dy, x, w, dx, dw, db)
    return dx, dw, db
