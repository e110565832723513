"""Convolution."""

from typing import Any

from .. import _native
from .._support.arrays import Float32, as_float32, as_integer, as_output, as_padding, as_pair, layout_code
from ._shared import Layout, Padding, Pair, output_shape


def conv2d(
    x: Any,
    w: Any,
    b: Any = None,
    stride: Pair = 1,
    padding: Padding = 0,
    groups: int = 1,
    *,
    relu: bool = False,
    layout: Layout = "NCHW",
    out: Any = None,
) -> Float32:
    """Convolve: y[n,o,i,j] = b[o] + Σ w[o,c,u,v] · x[n, c, i·s + u - top, j·s + v - left], where x is 0 outside.

    Parameters
    ----------
    x : array [n, c, h, w] or [n, h, w, c]
    w : array [o, c / groups, kernel height, kernel width]
    b : array [o], optional
    stride : int or (vertical, horizontal)
    padding : int, (vertical, horizontal) or (top, left, bottom, right)
    groups : int
        Output channels of group g read only input channels of group g (Krizhevsky et al. 2012, section 3.2).
    relu : bool
        Clamp the result at 0 in the same pass.
    layout : {"NCHW", "NHWC"}
        Of `x` and the result.
    out : array, optional

    Returns
    -------
    array
        [n, o, oh, ow] or [n, oh, ow, o], where oh = (h + top + bottom - kernel height) // stride + 1.

    Notes
    -----
    Error against exact arithmetic: at most 4 √K ε Σ|w · x|, K = c / groups · kernel size.
    """
    x, w = as_float32(x, "x", "conv2d", 4), as_float32(w, "w", "conv2d", 4)
    b = None if b is None else as_float32(b, "b", "conv2d", 1)
    code = layout_code(layout, "conv2d")
    geometry = _convolution(stride, padding, groups, "conv2d")
    height, width = _native.conv2d_output_size(x.shape, w.shape, *geometry, code)
    y = as_output(out, output_shape(len(x), w.shape[0], height, width, code), "conv2d")
    _native.conv2d(x, w, b, *geometry, relu, code, y)
    return y


def conv2d_backward(
    dy: Any, x: Any, w: Any, stride: Pair = 1, padding: Padding = 0, groups: int = 1, *, layout: Layout = "NCHW"
) -> tuple[Float32, Float32, Float32]:
    """Gradients (dx, dw, db) of :func:`conv2d`, shaped like x, w and b, for the gradient `dy` of its result.

    Parameters
    ----------
    dy : array, shaped like the result of ``conv2d(x, w, b, stride, padding, groups)``
    x, w, stride, padding, groups, layout
        As in the forward pass.
    """
    operation = "conv2d_backward"
    dy, x = as_float32(dy, "dy", operation, 4), as_float32(x, "x", operation, 4)
    w = as_float32(w, "w", operation, 4)
    dx, dw = as_output(None, x.shape, operation), as_output(None, w.shape, operation)
    db = as_output(None, w.shape[:1], operation)
    geometry = _convolution(stride, padding, groups, operation)
    _native.conv2d_backward(dy, x, w, *geometry, layout_code(layout, operation), dx, dw, db)
    return dx, dw, db


def _convolution(
    stride: Pair, padding: Padding, groups: int, operation: str
) -> tuple[tuple[int, int], tuple[int, int, int, int], int]:
    return (
        as_pair(stride, "stride", operation),
        as_padding(padding, "padding", operation),
        as_integer(groups, "groups", operation),
    )
