"""Enlarge maps as lpips does: bilinear, pixels as areas whose borders meet (torch's align_corners=False)."""

import numpy as np
from numpy.typing import NDArray

Float32 = NDArray[np.float32]


def enlarge(maps: Float32, height: int, width: int) -> Float32:
    """Return maps [n, h, w] as [n, height, width]."""
    top, bottom, down = _neighbours(maps.shape[1], height)
    left, right, across = _neighbours(maps.shape[2], width)
    rows = maps[:, top] + down[:, None] * (maps[:, bottom] - maps[:, top])
    result: Float32 = rows[..., left] + across * (rows[..., right] - rows[..., left])
    return result


def _neighbours(length: int, wanted: int) -> tuple[NDArray[np.intp], NDArray[np.intp], Float32]:
    """Return the two pixels on which each wanted one stands, and the part of the second."""
    place = np.maximum((np.arange(wanted) + 0.5) * (length / wanted) - 0.5, 0)
    first = np.minimum(place.astype(np.intp), length - 1)
    return first, np.minimum(first + 1, length - 1), (place - first).astype(np.float32)
