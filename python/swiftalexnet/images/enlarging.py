"""Maps of a layer at the size of an image."""

import numpy as np
from numpy.typing import NDArray

Float32 = NDArray[np.float32]

INTERPOLATIONS = ("bilinear", "nearest")


def enlarged(maps: Float32, size: tuple[int, ...], interpolation: str = "bilinear") -> Float32:
    """Return maps [count, rows, columns] resized to `size`, (height, width).

    As torch's `interpolate` without `align_corners`: pixels are areas, and the outermost values continue to the border.
    """
    if interpolation == "nearest":
        down, across = (np.arange(to) * count // to for count, to in zip(maps.shape[1:], size, strict=True))
        return maps[:, down[:, None], across]
    (top, bottom, down), (left, right, across) = map(_neighbours, maps.shape[1:], size)
    rows = maps[:, top] + down[:, None] * (maps[:, bottom] - maps[:, top])
    result: Float32 = rows[..., left] + across * (rows[..., right] - rows[..., left])
    return result


def _neighbours(count: int, size: int) -> tuple[NDArray[np.intp], NDArray[np.intp], Float32]:
    """Return the two of `count` values on which each of `size` places lies, and the part of the second."""
    place = np.maximum((np.arange(size) + 0.5) * (count / size) - 0.5, 0)
    first = np.minimum(place.astype(np.intp), count - 1)
    return first, np.minimum(first + 1, count - 1), (place - first).astype(np.float32)
