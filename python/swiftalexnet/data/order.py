"""In which order images are read: in theirs, or shuffled by seed and epoch."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from .. import _native


def evenly_spread(count: int, most: int) -> NDArray[np.intp]:
    """Return the indices of at most so many of `count` images, spread evenly over them."""
    return np.linspace(0, count - 1, min(count, most)).astype(np.intp)


def in_order(count: int, batch_size: int) -> Iterator[NDArray[np.intp]]:
    """Yield the indices of all images in batches; the last one may be smaller."""
    return split(np.arange(count), batch_size)


def split(order: NDArray[np.intp], batch_size: int) -> Iterator[NDArray[np.intp]]:
    """Cut an order into batches; the last one may be smaller."""
    return (order[at : at + batch_size] for at in range(0, len(order), batch_size))


def shuffled(count: int, seed: int, epoch: int) -> NDArray[np.intp]:
    """Return the order of one epoch: a permutation that depends on (seed, epoch) only, the engine's."""
    return np.frombuffer(_native.shuffle(count, seed, epoch), np.int64)
