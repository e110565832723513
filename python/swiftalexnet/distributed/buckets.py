"""The gradients' block in buckets: a bucket is summed over the ranks while the engine computes the next ones.

Large messages use a network best, but the first should leave early, and what is sent after the last gradient is known
is not hidden by any computation. Hence 25 MB (Li et al., "PyTorch distributed", 2020, section 5.2, found 10 to 25 MB
best), with a small one first. The dense layer fc6 has 151 MB and becomes several.
"""

import itertools

BUCKET = 25 << 20  # bytes
FIRST = 1 << 20

_FLOAT = 4


def buckets(count: int, bucket: int = BUCKET, first: int = FIRST) -> list[tuple[int, int]]:
    """Cut `count` floats into ranges (start, end), in their order, of at most `bucket` bytes and the first of `first`.

    Parameters
    ----------
    count : int
        Length of the block: all parameters' gradients, the last layer's first.
    """
    edges = [0, *range(first // _FLOAT, count, bucket // _FLOAT), count]
    return [(start, end) for start, end in itertools.pairwise(edges) if start < end]
