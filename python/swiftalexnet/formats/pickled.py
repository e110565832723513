"""Arrays of numpy in pickles as tensors."""

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
