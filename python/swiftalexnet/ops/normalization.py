"""Response normalisation."""

from typing import Any

from .. import _native
from .._support.arrays import Float32, as_float32, as_output, layout_code
from ._shared import Layout


def local_response_norm(
    x: Any,
    size: int = 5,
    alpha: float = 1e-4,
    beta: float = 0.75,
    k: float = 2.0,
    alpha_over_n: bool = True,
    *,
    layout: Layout = "NCHW",
    out: Any = None,
) -> Float32:
    """Normalise across channels: y[c] = x[c] / (k + a · Σ x[c']²)^beta over the `size` channels around c.

    Parameters
    ----------
    x : array [n, c, h, w] or [n, h, w, c]
    size : int
        Channels in the sum, which starts ⌊size/2⌋ before c: an even size has one more before c than after it. Channels
        outside `x` count as 0.
    alpha, beta, k : float
        The defaults are those of Krizhevsky et al. 2012, section 3.3.
    alpha_over_n : bool
        a = alpha / size, as in Caffe, PyTorch and ONNX; False: a = alpha, as printed in the paper.
    layout : {"NCHW", "NHWC"}
    out : array, shaped like `x`, optional
    """
    return _forward("local_response_norm", x, (size, alpha, beta, k, alpha_over_n), layout, out)


def local_response_norm_backward(
    dy: Any,
    x: Any,
    size: int = 5,
    alpha: float = 1e-4,
    beta: float = 0.75,
    k: float = 2.0,
    alpha_over_n: bool = True,
    *,
    layout: Layout = "NCHW",
    out: Any = None,
) -> Float32:
    """Gradient of :func:`local_response_norm` for the gradient `dy` of its result, with the same arguments."""
    return _backward("local_response_norm_backward", dy, x, (size, alpha, beta, k, alpha_over_n), layout, out)


def spatial_response_norm(
    x: Any,
    size: int = 5,
    alpha: float = 1e-3,
    beta: float = 0.75,
    k: float = 1.0,
    alpha_over_n: bool = True,
    *,
    layout: Layout = "NCHW",
    out: Any = None,
) -> Float32:
    """Normalise within each map: y[i,j] = x[i,j] / (k + a · Σ x[i',j']²)^beta over a window of the same channel.

    cuda-convnet's ``rnorm``, used by the authors' own AlexNet and CIFAR-10 nets.

    Parameters
    ----------
    x : array [n, c, h, w] or [n, h, w, c]
    size : int
        Side of the square window, which starts ``size // 2`` before the pixel; pixels outside `x` count as 0.
    alpha, beta, k : float
        The defaults are those of the authors' AlexNet (layers-145.cfg).
    alpha_over_n : bool
        a = alpha / size², even at the borders, as in cuda-convnet; False: a = alpha.
    layout : {"NCHW", "NHWC"}
    out : array, shaped like `x`, optional

    Notes
    -----
    Error against exact arithmetic: at most 3 · size² · ε relative.
    """
    return _forward("spatial_response_norm", x, (size, alpha, beta, k, alpha_over_n), layout, out)


def spatial_response_norm_backward(
    dy: Any,
    x: Any,
    size: int = 5,
    alpha: float = 1e-3,
    beta: float = 0.75,
    k: float = 1.0,
    alpha_over_n: bool = True,
    *,
    layout: Layout = "NCHW",
    out: Any = None,
) -> Float32:
    """Gradient of :func:`spatial_response_norm` for the gradient `dy` of its result, with the same arguments."""
    return _backward("spatial_response_norm_backward", dy, x, (size, alpha, beta, k, alpha_over_n), layout, out)


def _forward(operation: str, x: Any, norm: tuple[Any, ...], layout: Layout, out: Any) -> Float32:
    """Call the extension's function with this name; `norm` is (size, alpha, beta, k, alpha_over_n)."""
    x = as_float32(x, "x", operation, 4)
    y = as_output(out, x.shape, operation)
    getattr(_native, operation)(x, *norm, layout_code(layout, operation), y)
    return y


def _backward(operation: str, dy: Any, x: Any, norm: tuple[Any, ...], layout: Layout, out: Any) -> Float32:
    dy, x = as_float32(dy, "dy", operation, 4), as_float32(x, "x", operation, 4)
    dx = as_output(out, x.shape, operation)
    getattr(_native, operation)(dy, x, *norm, layout_code(layout, operation), dx)
    return dx
