"""The places of a window that slides over an image."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._support.arrays import as_pair


class Window(NamedTuple):
    """Rows and columns that are covered."""

    top: int
    left: int
    bottom: int
    right: int


def windows(size: tuple[int, int], window: tuple[int, int], stride: tuple[int, int], operation: str) -> list[Window]:
    """Return all places, row by row; the last of a row or column are cut off at the border.

    Raises
    ------
    ValueError
        A window larger than the image, or a stride that would leave pixels out.
    """
    for extent, side, step, name in zip(size, window, stride, ("height", "width"), strict=True):
        if not 1 <= side <= extent:
            raise ValueError(f"{operation}: the window's {name} is {side}, expected 1 to {extent}, the input's {name}")
        if step < 1 or (step > side and side < extent):
            raise ValueError(
                f"{operation}: stride is {step}, expected 1 to {side}, the window's {name}: pixels are left out"
            )
    tops, lefts = (
        range(0, extent - side + step, step) for extent, side, step in zip(size, window, stride, strict=True)
    )
    height, width = size
    return [
        Window(top, left, min(top + window[0], height), min(left + window[1], width)) for top in tops for left in lefts
    ]


def as_sides(value: Any, default: tuple[int, int], name: str, operation: str) -> tuple[int, int]:
    """Return (height, width) of an int or a pair, or the default of None."""
    return default if value is None else as_pair(value, name, operation)


def spread(drops: NDArray[np.float32], places: list[Window], size: tuple[int, int]) -> NDArray[np.float32]:
    """Return a map [height, width]: at each pixel the mean of the drops of the windows that cover it."""
    total, cover = np.zeros(size), np.zeros(size)
    for drop, (top, left, bottom, right) in zip(drops, places, strict=True):
        total[top:bottom, left:right] += drop
        cover[top:bottom, left:right] += 1
    return (total / cover).astype(np.float32)
