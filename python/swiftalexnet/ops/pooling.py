"""Pooling."""

from typing import Any

from .. import _native
from .._support.arrays import Float32, as_float32, as_integer, as_output, as_padding, as_pair, layout_code
from .._support.shown import shown
from ._shared import Layout, Padding, Pair, output_shape

# Kernel, stride, padding and ceil_mode, for the extension.
_Pooling = tuple[tuple[int, int], tuple[int, int], tuple[int, int, int, int], bool]


def max_pool2d(
    x: Any,
    kernel: Pair,
    stride: Pair | None = None,
    padding: Padding = 0,
    ceil_mode: bool = False,
    *,
    layout: Layout = "NCHW",
    out: Any = None,
) -> Float32:
    """Maximum of each window; padding is ignored.

    Parameters
    ----------
    x : array [n, c, h, w] or [n, h, w, c]
    kernel : int or (height, width)
        If the stride is smaller, windows overlap (Krizhevsky et al. 2012, section 3.4: kernel 3, stride 2).
    stride : int or (vertical, horizontal), optional
        By default the kernel.
    padding : int, (vertical, horizontal) or (top, left, bottom, right)
    ceil_mode : bool
        Round the output's size up, as in Caffe, so that the last window may reach past the edge.
    layout : {"NCHW", "NHWC"}
    out : array, optional
    """
    x, code = as_float32(x, "x", "max_pool2d", 4), layout_code(layout, "max_pool2d")
    geometry = _pooling(kernel, stride, padding, ceil_mode, "max_pool2d")
    y = as_output(out, _pooled_shape(x.shape, geometry, code), "max_pool2d")
    _native.max_pool2d(x, *geometry, code, y)
    return y


def max_pool2d_backward(
    dy: Any,
    x: Any,
    kernel: Pair,
    stride: Pair | None = None,
    padding: Padding = 0,
    ceil_mode: bool = False,
    *,
    layout: Layout = "NCHW",
    out: Any = None,
) -> Float32:
    """Gradient of :func:`max_pool2d`: each dy goes to the first maximum of its window, in row-major order.

    Parameters
    ----------
    dy : array, shaped like the pooled result
    x, kernel, stride, padding, ceil_mode, layout
        As in the forward pass.
    out : array, shaped like `x`, optional
    """
    operation = "max_pool2d_backward"
    dy, x = as_float32(dy, "dy", operation, 4), as_float32(x, "x", operation, 4)
    geometry = _pooling(kernel, stride, padding, ceil_mode, operation)
    dx = as_output(out, x.shape, operation)
    _native.max_pool2d_backward(dy, x, *geometry, layout_code(layout, operation), dx)
    return dx


def avg_pool2d(
    x: Any,
    kernel: Pair,
    stride: Pair | None = None,
    padding: Padding = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    *,
    layout: Layout = "NCHW",
    out: Any = None,
) -> Float32:
    """Mean of each window; parameters as in :func:`max_pool2d`.

    Parameters
    ----------
    count_include_pad : bool
        Divide by the number of cells of the window including padding (but without the part that `ceil_mode` lets reach
        past the padded edge), or only by the number of cells in `x`.
    """
    x, code = as_float32(x, "x", "avg_pool2d", 4), layout_code(layout, "avg_pool2d")
    geometry = _pooling(kernel, stride, padding, ceil_mode, "avg_pool2d")
    y = as_output(out, _pooled_shape(x.shape, geometry, code), "avg_pool2d")
    _native.avg_pool2d(x, *geometry, count_include_pad, code, y)
    return y


def avg_pool2d_backward(
    dy: Any,
    x_shape: tuple[int, int, int, int],
    kernel: Pair,
    stride: Pair | None = None,
    padding: Padding = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    *,
    layout: Layout = "NCHW",
    out: Any = None,
) -> Float32:
    """Gradient of :func:`avg_pool2d`, which needs only the shape of `x`.

    Parameters
    ----------
    dy : array, shaped like the pooled result
    x_shape : (int, int, int, int)
        In `layout`.
    kernel, stride, padding, ceil_mode, count_include_pad, layout
        As in the forward pass.
    out : array of `x_shape`, optional
    """
    operation = "avg_pool2d_backward"
    dy = as_float32(dy, "dy", operation, 4)
    if not isinstance(x_shape, (tuple, list)) or len(x_shape) != 4:
        raise ValueError(f"{operation}: x_shape is {shown(x_shape)}, expected 4 integers")
    shape = tuple(as_integer(extent, "x_shape", operation, 1, 2**31 - 1) for extent in x_shape)
    geometry = _pooling(kernel, stride, padding, ceil_mode, operation)
    dx = as_output(out, shape, operation)
    _native.avg_pool2d_backward(dy, shape, *geometry, count_include_pad, layout_code(layout, operation), dx)
    return dx


def _pooling(kernel: Pair, stride: Pair | None, padding: Padding, ceil_mode: bool, operation: str) -> _Pooling:
    size = as_pair(kernel, "kernel", operation)
    steps = size if stride is None else as_pair(stride, "stride", operation)
    return size, steps, as_padding(padding, "padding", operation), ceil_mode


def _pooled_shape(x_shape: tuple[int, ...], geometry: _Pooling, layout: int) -> tuple[int, int, int, int]:
    height, width = _native.pool2d_output_size(x_shape, *geometry, layout)
    return output_shape(x_shape[0], x_shape[3 if layout else 1], height, width, layout)
