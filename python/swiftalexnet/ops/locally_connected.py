"""Locally connected layers."""

from typing import Any

from .. import _native
from .._support.arrays import Float32, as_float32, as_output, as_padding, as_pair, layout_code
from ._shared import Layout, Padding, Pair


def locally_connected2d(
    x: Any,
    w: Any,
    b: Any = None,
    stride: Pair = 1,
    padding: Padding = 0,
    *,
    relu: bool = False,
    layout: Layout = "NCHW",
    out: Any = None,
) -> Float32:
    """Convolve with different weights and biases at every output position, as in cuda-convnet's `local` layer.

    y[n,o,i,j] = b[i,j,o] + Σ w[i,j,o,c,u,v] · x[n, c, i·s + u - top, j·s + v - left], where x is 0 outside.

    Parameters
    ----------
    x : array [n, c, h, w] or [n, h, w, c]
    w : array [oh, ow, o, c, kernel height, kernel width]
        oh = (h + top + bottom - kernel height) // stride + 1, likewise ow.
    b : array [oh, ow, o], optional
    stride : int or (vertical, horizontal)
    padding : int, (vertical, horizontal) or (top, left, bottom, right)
    relu : bool
        Clamp the result at 0 in the same pass.
    layout : {"NCHW", "NHWC"}
        Of `x` and the result.
    out : array, optional

    Returns
    -------
    array
        [n, o, oh, ow] or [n, oh, ow, o].

    Raises
    ------
    TypeError
        Something is not an array of float32.
    ValueError
        Shapes or numbers do not fit.
    MemoryError
        There is too little memory.

    Notes
    -----
    Error against exact arithmetic: at most 4 √K ε Σ|w · x|, K = c · kernel size. Weights that are only multiplied by
    padding are not read.
    """
    operation = "locally_connected2d"
    x, w = as_float32(x, "x", operation, 4), as_float32(w, "w", operation, 6)
    b = None if b is None else as_float32(b, "b", operation, 3)
    code = layout_code(layout, operation)
    geometry = as_pair(stride, "stride", operation), as_padding(padding, "padding", operation)
    height, width, channels = w.shape[:3]
    shape = (height, width, channels) if code else (channels, height, width)
    y = as_output(out, (len(x), *shape), operation)
    _native.locally_connected2d(x, w, b, *geometry, relu, code, y)
    return y


def locally_connected2d_backward(
    dy: Any, x: Any, w: Any, stride: Pair = 1, padding: Padding = 0, *, layout: Layout = "NCHW"
) -> tuple[Float32, Float32, Float32]:
    """Gradients (dx, dw, db) of :func:`locally_connected2d`, shaped like x, w and b, for the gradient of its result.

    Parameters
    ----------
    dy : array, shaped like the result of ``locally_connected2d(x, w, b, stride, padding)``
    x, w, stride, padding, layout
        As in the forward pass.

    Raises
    ------
    TypeError
        Something is not an array of float32.
    ValueError
        Shapes or numbers do not fit.
    MemoryError
        There is too little memory.
    """
    operation = "locally_connected2d_backward"
    dy, x = as_float32(dy, "dy", operation, 4), as_float32(x, "x", operation, 4)
    w = as_float32(w, "w", operation, 6)
    code = layout_code(layout, operation)
    geometry = as_pair(stride, "stride", operation), as_padding(padding, "padding", operation)
    dx, dw = as_output(None, x.shape, operation), as_output(None, w.shape, operation)
    db = as_output(None, w.shape[:3], operation)
    _native.locally_connected2d_backward(dy, x, w, *geometry, code, dx, dw, db)
    return dx, dw, db
