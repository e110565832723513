"""What estimators are given as X: images in any form, or a table whose rows are images."""

import math
import os
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .._support.arrays import as_integer, require_memory
from .._support.kinds import as_items
from .._support.shown import shown
from ..data.array import ArrayDataset
from ..images.levels import Range, to_bytes

Items = NDArray[np.uint8] | list[Any]  # [count, height, width, channels], or single images


def is_table(X: Any) -> bool:
    """Return whether X is a table, a row for an image, rather than images; scikit-learn refuses what is neither."""
    if isinstance(X, (str, bytes, os.PathLike, Image.Image)):
        return False
    if isinstance(X, (list, tuple)):
        return not (len(X) and _is_image(X[0]))
    array = X if hasattr(X, "ndim") else np.asarray(X)
    return not (array.ndim > 2 or (array.ndim == 1 and len(array) and _is_image(np.asarray(array).flat[0])))


def as_items_of(X: Any, layout: str | None, value_range: Range | None, operation: str) -> Items:
    """Return images as bytes with channels last, or as a list of single images, which are not decoded yet.

    Raises
    ------
    TypeError, ValueError
        One image instead of several, or an array of other numbers without `value_range`, or of ambiguous layout.
    """
    if isinstance(X, (str, bytes, os.PathLike, Image.Image)):
        raise TypeError(f"{operation}: X is one image, {shown(X)}, expected several: [image]")
    array = None if isinstance(X, (list, tuple)) else np.asarray(X)
    if array is not None and array.ndim > 2:
        require_memory((len(array),), 4, f"{operation}: X")
        return ArrayDataset(array, np.zeros(len(array), np.int32), None, layout, value_range).images
    return as_items(X, "X", operation, most=len(X))


def shape_of_rows(n_features: int, image_shape: Any, operation: str) -> tuple[int, int, int]:
    """Return height, width and channels of the images that rows are; by default the smallest square that holds them.

    Raises
    ------
    TypeError, ValueError
        `image_shape` is no shape, or its values are not as many as a row's.
    """
    if image_shape is None:
        side = math.isqrt(n_features - 1) + 1
        return side, side, 1
    if not isinstance(image_shape, (tuple, list)) or len(image_shape) not in (2, 3):
        expected = "(height, width) or (height, width, channels)"
        raise TypeError(f"{operation}: image_shape is {shown(image_shape)}, expected {expected}")
    height, width, channels = [as_integer(side, "image_shape", operation, 1, 2**15) for side in (*image_shape, 1)[:3]]
    if height * width * channels != n_features:
        values = height * width * channels
        raise ValueError(f"{operation}: image_shape {shown(image_shape)} has {values} values, X {n_features} features")
    return height, width, channels


def range_of_rows(rows: NDArray[Any]) -> Range:
    """Return the values that become black and white: those of bytes, or the smallest and the largest of the table."""
    if rows.dtype == np.uint8 or not rows.size:
        return 0.0, 255.0
    black, white = float(rows.min()), float(rows.max())
    return (black, white) if black < white else (black, black + max(1.0, abs(black)))


def rows_to_images(
    rows: NDArray[Any], shape: tuple[int, int, int], value_range: Range, operation: str
) -> NDArray[np.uint8]:
    """Return the rows of a table as images; values outside `value_range` are black or white, pixels left over black."""
    if rows.dtype == np.uint8 and value_range == (0.0, 255.0):
        pixels = rows
    else:
        pixels = to_bytes(np.clip(rows, *value_range), value_range, operation, "X")
    if rows.shape[1] < math.prod(shape):
        pixels = np.pad(pixels, [(0, 0), (0, math.prod(shape) - rows.shape[1])])
    return np.ascontiguousarray(pixels).reshape(-1, *shape)


def _is_image(item: Any) -> bool:
    """Return whether an item of a sequence is an image, or a path, rather than a number or a row of numbers."""
    if isinstance(item, (str, os.PathLike, Image.Image)):
        return True
    return not isinstance(item, Sequence) and np.ndim(item) >= 2
