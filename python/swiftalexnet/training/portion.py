"""What one process reads of a batch: its shards.

A batch of b images has S shards, of which shard k holds the places k·b // S to (k + 1)·b // S. Each of R ranks has
S / R neighbouring shards.
"""

import itertools
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Portion(NamedTuple):
    """The images at some neighbouring places of a batch.

    `first` is the place of the first of them, `whole` the number of images of the batch, `sizes` the number of images
    of each shard.
    """

    images: NDArray[np.intp]
    first: int
    whole: int
    sizes: tuple[int, ...]


def portion(chosen: NDArray[np.intp], shards: int, rank: int, ranks: int) -> Portion:
    """Return a rank's portion of a batch of these images."""
    each, whole = shards // ranks, len(chosen)
    sizes = shard_sizes(whole, shards)[rank * each : (rank + 1) * each]
    first = rank * each * whole // shards
    return Portion(chosen[first : first + sum(sizes)], first, whole, sizes)


def shard_sizes(images: int, shards: int) -> tuple[int, ...]:
    """Return the number of images of each shard of a batch."""
    edges = [shard * images // shards for shard in range(shards + 1)]
    return tuple(end - start for start, end in itertools.pairwise(edges))
