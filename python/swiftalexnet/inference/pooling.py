"""Feature maps as one number a channel: average, maximum and generalised mean over space."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Float32 = NDArray[np.float32]

_POWER = 3.0  # where the training of Radenović et al. begins
_LEAST = 1e-6  # what the generalised mean puts in place of smaller values, as in their code


def average(maps: Float32) -> Float32:
    """Return the mean over space.

    Parameters
    ----------
    maps : array of float32, [batch, height, width, channels]

    Returns
    -------
    array of float32, [batch, channels]
    """
    # Rows first, then their sums: the rounding grows with height + width, not with height × width.
    rows: Float32 = maps.sum(axis=2).sum(axis=1)
    rows /= np.float32(maps.shape[1] * maps.shape[2])
    return rows


def maximum(maps: Float32) -> Float32:
    """Return the maximum over space; parameters and result as for `average`."""
    largest: Float32 = maps.max(axis=(1, 2))
    return largest


def generalized_mean(maps: Float32) -> Float32:
    """Return the generalised mean over space, (mean of max(x, 1e-6)³)^(1/3); parameters and result as for `average`.

    Radenović, Tolias and Chum 2018, "Fine-tuning CNN image retrieval with no human annotation", equation 3, with the
    exponent at which they begin to train it. Values below 1e-6, all negative ones among them, count as 1e-6.
    """
    raised = np.maximum(maps, np.float32(_LEAST))
    # Relative to the largest value, so that no cube overflows.
    largest = raised.max(axis=(1, 2), keepdims=True)
    raised /= largest
    raised *= raised * raised
    means: Float32 = average(raised) ** np.float32(1 / _POWER) * largest[:, 0, 0]
    return means


POOLS: dict[str, Callable[[Float32], Float32]] = {"avg": average, "max": maximum, "gem": generalized_mean}
