"""Softmax and the loss."""

from typing import Any

from .. import _native
from .._support.arrays import Float32, as_float32, as_labels, as_output
from .._support.sample_weights import as_sample_weight


def softmax(x: Any, *, out: Any = None) -> Float32:
    """Softmax of each row of `x` [n, classes]: exp(x - max x) / Σ exp(x - max x)."""
    x = as_float32(x, "x", "softmax", 2)
    y = as_output(out, x.shape, "softmax")
    _native.softmax(x, y)
    return y


def cross_entropy(x: Any, labels: Any, *, sample_weight: Any = None) -> tuple[float, Float32]:
    """Mean of -log softmax(x)[label] over the rows of `x`, and its gradient.

    With weights w the mean is Σ w·loss / Σ w, as in PyTorch's `CrossEntropyLoss(weight=…)`: a whole weight is as many
    copies of the row, equal weights are no weights, and weights that sum to 0 give a loss and a gradient of 0.

    Parameters
    ----------
    x : array [n, classes]
        Logits.
    labels : integers [n]
        0 ≤ label < classes.
    sample_weight : numbers [n], optional
        Finite and at least 0; computed with as float32.

    Returns
    -------
    loss : float
    dx : array [n, classes]
        (softmax(x) - one-hot(labels)) · w / Σ w, which is / n without weights

    Raises
    ------
    TypeError, ValueError
        Arrays that do not fit.
    """
    x = as_float32(x, "x", "cross_entropy", 2)
    labels = as_labels(labels, "labels", "cross_entropy", x.shape[0], x.shape[1])
    weights = as_sample_weight(sample_weight, "cross_entropy", len(x))
    dx = as_output(None, x.shape, "cross_entropy")
    return _native.cross_entropy(x, labels, weights, dx), dx
