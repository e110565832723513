"""The gradients' block in buckets: a bucket is summed over the ranks while the engine computes the next ones.

Large messages use a network best, but the first should leave early, and the last, which is sent after the last gradient
is known, is not hidden by any computation. Hence 25 MB (Li et al., "PyTorch distributed", 2020, section 5.2, found 10
to 25 MB best), and the ends are small. The dense layer fc6 has 151 MB and becomes several.
"""

import itertools

BUCKET = 25 << 20  # bytes
SMALL = 1 << 20

_FLOAT = 4


def buckets(count: int, bucket: int = BUCKET, small: int = SMALL) -> list[tuple[int, int]]:
    """Cut `count` floats into ranges (start, end), in their order.

    They have at most `bucket` bytes, the first and the last at most `small`.

    Parameters
    ----------
    count : int
        Length of the block: all parameters' gradients, the last layer's first.
    """
    last = max(0, count - small // _FLOAT)
    edges = [0, *range(min(last, small // _FLOAT), last, bucket // _FLOAT), last, count]
    return [(start, end) for start, end in itertools.pairwise(edges) if start < end]
