"""How much each image counts in the loss."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .arrays import as_finite, plain


def as_sample_weight(values: Any, operation: str, count: int) -> NDArray[np.float32] | None:
    """Return weights of `count` images as a new array of float32; None stays None.

    Raises
    ------
    TypeError, ValueError
        Not numbers, not one an image, below 0, or not finite in float32.
    """
    if values is None:
        return None
    plain(values, "sample_weight", operation, "numbers")
    weights = as_finite(values, np.float64, "sample_weight", operation)
    if weights.shape != (count,):
        raise ValueError(
            f"{operation}: sample_weight has shape {weights.shape}, expected ({count},), one number an image"
        )
    return as_weights(weights, "sample_weight", operation)


def as_weights(weights: NDArray[np.float64], name: str, operation: str) -> NDArray[np.float32]:
    """Return finite weights as float32.

    Raises
    ------
    ValueError
        One is below 0, or too large for float32.
    """
    with np.errstate(over="ignore"):
        rounded = weights.astype(np.float32)
    wrong = np.flatnonzero((weights < 0) | ~np.isfinite(rounded))
    if len(wrong):
        expected = f"a number from 0 to {np.finfo(np.float32).max:g}"
        raise ValueError(f"{operation}: {name}[{wrong[0]}] is {weights[wrong[0]]:g}, expected {expected}")
    return rounded
