"""Distances of feature maps whose pixels are vectors of unit length, and their gradient."""

from typing import Any

import numpy as np

from .. import _native
from .._support.arrays import Float32, as_float32, as_output, layout_code
from ._shared import Layout


def perceptual_distance(
    x: Any, y: Any, weights: Any, *, spatial: bool = False, layout: Layout = "NCHW", out: Any = None
) -> Float32:
    """Weighted squared distance of two feature maps after each pixel's channels are scaled to unit length.

    At each pixel d = Σ w_c (u_c - v_c)², u = x / (|x| + 1e-10), v = y / (|y| + 1e-10), the norms over the channels:
    Zhang et al. 2018, "The Unreasonable Effectiveness of Deep Features as a Perceptual Metric", section 3.

    Parameters
    ----------
    x, y : array [n, c, h, w] or NHWC
        Features of one shape.
    weights : array [c]
    spatial : bool
        Return d at every pixel instead of its mean over the pixels.

    Returns
    -------
    array [n], or [n, h, w] with `spatial`
    """
    x = as_float32(x, "x", "perceptual_distance", 4)
    y = as_float32(y, "y", "perceptual_distance", 4)
    weights = as_float32(weights, "weights", "perceptual_distance", 1)
    code = layout_code(layout, "perceptual_distance")
    pixels = x.shape[1:3] if code else x.shape[2:]
    result = as_output(out, (len(x), *pixels) if spatial else (len(x),), "perceptual_distance")
    _native.perceptual_distance(x, y, weights, code, *((result, None) if spatial else (None, result)))
    return result


def perceptual_distance_backward(
    dy: Any, x: Any, y: Any, weights: Any, *, layout: Layout = "NCHW", out: Any = None
) -> Float32:
    """Gradient of `perceptual_distance` with respect to `x`, for the gradient `dy` of its result, [n] or [n, h, w].

    It is finite everywhere, and 0 at a pixel whose channels of `x` are all 0: the distance has no derivative there,
    and features are zero where the ReLU before them lets no gradient through.
    """
    x = as_float32(x, "x", "perceptual_distance_backward", 4)
    y = as_float32(y, "y", "perceptual_distance_backward", 4)
    weights = as_float32(weights, "weights", "perceptual_distance_backward", 1)
    slope = as_float32(dy, "dy", "perceptual_distance_backward", (1, 3))
    code = layout_code(layout, "perceptual_distance_backward")
    if slope.ndim == 1:  # of the mean over the pixels
        height, width = x.shape[1:3] if code else x.shape[2:]
        each = slope[:, None, None] / np.float32(height * width)
        slope = np.ascontiguousarray(np.broadcast_to(each, (len(slope), height, width)))
    result = as_output(out, x.shape, "perceptual_distance_backward")
    _native.perceptual_distance_backward(slope, x, y, weights, code, result)
    return result


def perceptual_embedding(x: Any, weights: Any, *, layout: Layout = "NCHW", out: Any = None) -> Float32:
    """Features as vectors whose squared distances are perceptual: √w x / (|x| + 1e-10), in the shape of `x`.

    The squared Euclidean distance of two images' results is `perceptual_distance` summed over the pixels. The weights,
    [c], must be at least 0.
    """
    x = as_float32(x, "x", "perceptual_embedding", 4)
    weights = as_float32(weights, "weights", "perceptual_embedding", 1)
    result = as_output(out, x.shape, "perceptual_embedding")
    _native.perceptual_embedding(x, weights, layout_code(layout, "perceptual_embedding"), result)
    return result


def squared_distances(x: Any, y: Any = None, *, out: Any = None) -> Float32:
    """Squared Euclidean distances of all pairs of rows, Σ (x_i - y_j)²; without `y` of the rows of `x`.

    They are summed from differences, so that nearly equal rows keep their digits, and a pair's bits depend on no other
    row.

    Parameters
    ----------
    x : array [n, length]
    y : array [m, length], optional

    Returns
    -------
    array [n, m]
    """
    x = as_float32(x, "x", "squared_distances", 2)
    other = None if y is None else as_float32(y, "y", "squared_distances", 2)
    result = as_output(out, (len(x), len(x) if other is None else len(other)), "squared_distances")
    _native.squared_distances(x, other, result)
    return result
