"""Arrays of numpy in pickles as tensors."""

import math

from ..files.pickles.arrays import PickledArray
from .stored import MOST_DIMENSIONS, Stored


def stored_array(name: str, array: PickledArray) -> Stored:
    """Return a pickled array as a tensor.

    Raises
    ------
    ValueError
        It is not of numbers, was never given its bytes, or has more than `MOST_DIMENSIONS` dimensions.
    """
    if array.shape is None or array.dtype is None:
        raise ValueError(f"{name} is not an array of numbers")
    if len(array.shape) > MOST_DIMENSIONS:
        raise ValueError(f"{name} has {len(array.shape)} dimensions, expected at most {MOST_DIMENSIONS}")
    order = tuple(range(len(array.shape)))[::-1] if array.is_fortran and len(array.shape) > 1 else None
    return Stored(name, array.shape, array.dtype, array.read, order)


def require_small(tensors: dict[str, Stored], size: int) -> None:
    """Refuse tensors whose values in float32 need more than 64 MiB and twice the file, which they share or repeat.

    Raises
    ------
    ValueError
        They do.
    """
    needed = sum(4 * math.prod(stored.shape) for stored in tensors.values())
    if needed > 2 * size + (48 << 20):
        raise ValueError(f"its tensors need {needed:,} bytes, much more than the file's {size:,}")
