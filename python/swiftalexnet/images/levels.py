"""Grey levels: convert numbers of a given range to bytes.

A float image may have values 0 … 1 or 0 … 255, and a camera may use only 12 of 16 bits. Guessing would give some users
a black image, so images of unknown range are refused with a message that names `value_range`.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._support.arrays import require_memory
from .._support.shown import shown

Range = tuple[float, float]  # black, white

WAY_OUT = "value_range=(black, white), for example (0, 1) or (0, 65535), gives it"


def as_value_range(value: Any, operation: str) -> Range | None:
    """Return (black, white) as floats, or None if none was given.

    Raises
    ------
    TypeError, ValueError
        Not two finite numbers with black < white.
    """
    if value is None:
        return None
    given = list(value) if isinstance(value, (tuple, list, np.ndarray)) else []
    try:
        black, white = (float(each) for each in given if not isinstance(each, str))
    except (TypeError, ValueError, OverflowError):
        came = shown(value) if given else f"of type {type(value).__name__}"
        raise TypeError(f"{operation}: value_range is {came}, expected two numbers, black and white") from None
    if not (math.isfinite(white - black) and black < white):
        raise ValueError(f"{operation}: value_range is {shown(value)}, expected two finite numbers, black < white")
    return black, white


def to_bytes(
    values: NDArray[Any], value_range: Range | None, operation: str, what: str = "images"
) -> NDArray[np.uint8]:
    """Return uint8 of the same shape: 0 is black, 255 is white, values between are rounded.

    Raises
    ------
    TypeError, ValueError
        See `require_range`; or values outside it.
    MemoryError
        The result would not fit into free memory.
    """
    known = require_range(values.dtype, value_range, operation, what)
    require_memory(values.shape, 1, f"{operation}: {what} of {values.dtype}")
    pixels = np.empty(values.shape, np.uint8)
    # One image at a time, because intermediate values are four or eight times as large.
    parts = zip(values, pixels, strict=True) if values.ndim > 3 else [(values, pixels)]
    for part, target in parts:
        require_memory(part.shape, 24, f"{operation}: {what} of {values.dtype}")
        target[...] = np.clip(np.rint(_levels(part, known, operation, what)), 0, 255)
    return pixels


def to_levels(
    values: NDArray[Any], value_range: Range | None, operation: str, what: str = "images", beyond: float = 1
) -> NDArray[np.float32]:
    """Return float32 of the same shape, 0 for black to 255 for white, not rounded.

    Parameters
    ----------
    beyond : float
        How far below 0 and above 255 levels may lie; less than a level is rounding.

    Raises
    ------
    TypeError, ValueError
        See `require_range`; or values outside it.
    MemoryError
        The result would not fit into free memory.
    """
    known = require_range(values.dtype, value_range, operation, what)
    require_memory(values.shape, 24, f"{operation}: {what} of {values.dtype}")
    return _levels(values, known, operation, what, beyond).astype(np.float32, copy=False)


def require_range(dtype: np.dtype[Any], value_range: Range | None, operation: str, what: str = "images") -> Range:
    """Return `value_range` after checking that numbers of this type have one.

    Raises
    ------
    TypeError
        Not real numbers, or integers without `value_range`.
    ValueError
        Floats without `value_range`.
    """
    if dtype.kind not in "fiub":
        raise TypeError(f"{operation}: {what} have dtype {dtype}, expected uint8")
    if value_range is None and dtype.kind != "f":
        raise TypeError(f"{operation}: {what} have dtype {dtype}, expected uint8: {WAY_OUT}")
    if value_range is None:
        raise ValueError(f"{operation}: {what} of {dtype} have no known range: {WAY_OUT}")
    return value_range


def _levels(
    values: NDArray[Any], value_range: Range, operation: str, what: str, beyond: float = 1
) -> NDArray[np.floating[Any]]:
    """Return numbers from 0 to 255, or less than `beyond` outside; float32 is exact enough for values of 16 bits."""
    black, white = value_range
    number = np.result_type(values.dtype, np.float32)
    with np.errstate(all="ignore"):  # values that are not finite are refused below
        levels: NDArray[np.floating[Any]] = (values.astype(number) - number.type(black)) * number.type(
            255 / (white - black)
        )
    if not (np.isfinite(levels).all() and levels.min() > -beyond and levels.max() < 255 + beyond):
        raise ValueError(f"{operation}: {what} hold values outside value_range {value_range}")
    return levels
