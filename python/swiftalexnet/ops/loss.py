"""Softmax and the loss."""

from typing import Any

from .. import _native
from .._support.arrays import Float32, as_float32, as_labels, as_output


def softmax(x: Any, *, out: Any = None) -> Float32:
    """Softmax of each row of `x` [n, classes]: exp(x - max x) / Σ exp(x - max x)."""
    x = as_float32(x, "x", "softmax", 2)
    y = as_output(out, x.shape, "softmax")
    _native.softmax(x, y)
    return y


def cross_entropy(x: Any, labels: Any) -> tuple[float, Float32]:
    """Mean of -log softmax(x)[label] over the rows of `x`, and its gradient.

    Parameters
    ----------
    x : array [n, classes]
        Logits.
    labels : integers [n]
        0 ≤ label < classes.

    Returns
    -------
    loss : float
    dx : array [n, classes]
        (softmax(x) - one-hot(labels)) / n
    """
    x = as_float32(x, "x", "cross_entropy", 2)
    labels = as_labels(labels, "labels", "cross_entropy", x.shape[0], x.shape[1])
    dx = as_output(None, x.shape, "cross_entropy")
    return _native.cross_entropy(x, labels, dx), dx
