"""Maps of a layer at the size of the network's input."""

import numpy as np
from numpy.typing import NDArray

Float32 = NDArray[np.float32]

INTERPOLATIONS = ("bilinear", "nearest")


def enlarged(maps: Float32, size: tuple[int, ...], interpolation: str = "bilinear") -> Float32:
    """Return maps [count, rows, columns] resized to (height, width).

    As torch's `interpolate` without `align_corners`: pixels are areas, and the outermost values continue to the border.
    """
    down, across = (_weights(*pair, interpolation) for pair in zip(maps.shape[1:], size, strict=True))
    return np.asarray(down @ maps @ across.T, np.float32)


def _weights(count: int, size: int, interpolation: str) -> Float32:
    """Return the matrix [size, count] that interpolates `count` values at `size` places."""
    matrix, places = np.zeros((size, count), np.float32), np.arange(size)
    if interpolation == "nearest":
        matrix[places, places * count // size] = 1
        return matrix
    at = np.maximum((places + 0.5) * count / size - 0.5, 0)
    before = at.astype(np.int64)
    part = (at - before).astype(np.float32)
    matrix[places, before] = 1 - part
    matrix[places, np.minimum(before + 1, count - 1)] += part
    return matrix
