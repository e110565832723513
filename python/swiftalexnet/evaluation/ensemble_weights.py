"""The weights of an ensemble: the weighted mean, and the search for weights.

The authors of Krizhevsky et al. 2012 chose weights by coordinate descent on the top-5 error of the validation set
(computerhistory/AlexNet-Source-Code, avg-valid.py).
"""

import math
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from .. import _native

Float32 = NDArray[np.float32]

# The shares that are tried for a model, and the most passes over all models.
_SHARES = np.linspace(0, 1, 21)
_SWEEPS = 20


def mix(tables: Iterable[Float32], weights: Iterable[float]) -> Float32:
    """Return Σ weight · table, summed in order."""
    total: Float32 | None = None
    for table, weight in zip(tables, weights, strict=True):
        part = table * np.float32(weight)
        total = part if total is None else np.add(total, part, out=total)
    assert total is not None  # a sum of 1 has a part
    return total


def search(tables: Sequence[Float32], labels: NDArray[np.int32]) -> tuple[float, ...]:
    """Search weights by coordinate descent from equal weights; see `Ensemble.search_weights`.

    Parameters
    ----------
    tables : sequence of array of float32, [count, classes]
        Each model's probabilities.
    labels : array of int32, [count]
        The correct classes.
    """

    def cost(weights: tuple[float, ...]) -> tuple[float, float, float]:
        pairs = [(table, weight) for table, weight in zip(tables, weights, strict=True) if weight]
        top1, top5, loss = _native.score(mix(*zip(*pairs, strict=True)), labels)
        return -top5, -top1, loss

    best = (1 / len(tables),) * len(tables)
    least = cost(best)
    for _ in range(_SWEEPS):
        before = least
        for index in range(len(tables)):
            for candidate in [with_share(best, index, float(share)) for share in _SHARES]:
                if (found := cost(candidate)) < least:
                    best, least = candidate, found
        if least == before:
            break
    return best


def with_share(weights: tuple[float, ...], index: int, share: float) -> tuple[float, ...]:
    """Give one model its share; the others divide the rest in proportion, or evenly if all of them were 0."""
    others = math.fsum(weights[:index] + weights[index + 1 :])
    if len(weights) == 1:
        return weights
    even = (1 - share) / (len(weights) - 1)
    parts = [weight * (1 - share) / others if others else even for weight in weights]
    return (*parts[:index], share, *parts[index + 1 :])
