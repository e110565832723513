"""Every kernel of the engine as a function on numpy arrays.

Arrays are float32; an array of another type is refused, never converted. 4-D tensors are NCHW, or NHWC with
``layout="NHWC"``, which the engine uses inside and which therefore saves a copy; convolution weights are OIHW, dense
weights [out, in]. A pair may be given as one int. `out` receives the result: C-contiguous, of the exact shape, apart
from every input. NaN and infinities pass through; they are arithmetic.

Every function raises TypeError for what is no array of float32, ValueError for shapes and numbers that do not fit,
and MemoryError before memory runs out. A result does not depend on the number of threads.
"""

from typing import Any, Literal

from swiftalexnet import _native
from swiftalexnet._arrays import (
    Float32,
    as_float32,
    as_integer,
    as_labels,
    as_output,
    as_padding,
    as_pair,
    as_seed,
    layout_code,
    plain,
)

__all__ = [
    "avg_pool2d",
    "avg_pool2d_backward",
    "conv2d",
    "conv2d_backward",
    "cross_entropy",
    "dense",
    "dense_backward",
    "dropout",
    "local_response_norm",
    "local_response_norm_backward",
    "locally_connected2d",
    "locally_connected2d_backward",
    "max_pool2d",
    "max_pool2d_backward",
    "relu",
    "relu_backward",
    "sgd_update",
    "softmax",
]

Layout = Literal["NCHW", "NHWC"]
Pair = int | tuple[int, int]
Padding = int | tuple[int, int] | tuple[int, int, int, int]

# Kernel, stride, padding and ceil_mode, as the extension takes them.
_Pooling = tuple[tuple[int, int], tuple[int, int], tuple[int, int, int, int], bool]

_RULES = {"paper": 0, "pytorch": 1}
_DROPOUT_FORMS = {"paper2012": False, "inverted": True}


# ---- Convolution and dense layers ----


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
    """Convolve: y[n,o,i,j] = b[o] + Σ w[o,c,u,v] · x[n, c, i·s + u - top, j·s + v - left], x being 0 outside.

    Parameters
    ----------
    x : array [n, c, h, w] or [n, h, w, c]
    w : array [o, c / groups, kernel height, kernel width]
    b : array [o], optional
    stride : int or (vertical, horizontal)
    padding : int, (vertical, horizontal) or (top, left, bottom, right)
    groups : int
        Output channels of group g see input channels of group g only (Krizhevsky et al. 2012, section 3.2).
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
    y = as_output(out, _shape(len(x), w.shape[0], height, width, code), "conv2d")
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
        What the forward pass got.
    """
    operation = "conv2d_backward"
    dy, x = as_float32(dy, "dy", operation, 4), as_float32(x, "x", operation, 4)
    w = as_float32(w, "w", operation, 4)
    dx, dw = as_output(None, x.shape, operation), as_output(None, w.shape, operation)
    db = as_output(None, w.shape[:1], operation)
    geometry = _convolution(stride, padding, groups, operation)
    _native.conv2d_backward(dy, x, w, *geometry, layout_code(layout, operation), dx, dw, db)
    return dx, dw, db


def dense(x: Any, w: Any, b: Any = None, *, relu: bool = False, out: Any = None) -> Float32:
    """Compute x · wᵀ + b: a fully connected layer.

    Parameters
    ----------
    x : array [n, inputs]
    w : array [outputs, inputs]
    b : array [outputs], optional
    relu : bool
        Clamp the result at 0 in the same pass.
    out : array [n, outputs], optional
    """
    x, w = as_float32(x, "x", "dense", 2), as_float32(w, "w", "dense", 2)
    b = None if b is None else as_float32(b, "b", "dense", 1)
    y = as_output(out, (x.shape[0], w.shape[0]), "dense")
    _native.dense(x, w, b, relu, y)
    return y


def dense_backward(dy: Any, x: Any, w: Any) -> tuple[Float32, Float32, Float32]:
    """Gradients of :func:`dense`: dx = dy · w, dw = dyᵀ · x, db = Σ dy over the batch."""
    operation = "dense_backward"
    dy, x = as_float32(dy, "dy", operation, 2), as_float32(x, "x", operation, 2)
    w = as_float32(w, "w", operation, 2)
    dx, dw = as_output(None, x.shape, operation), as_output(None, w.shape, operation)
    db = as_output(None, w.shape[:1], operation)
    _native.dense_backward(dy, x, w, dx, dw, db)
    return dx, dw, db


# ---- Pooling ----


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
    """Largest value of each window; padding never wins.

    Parameters
    ----------
    x : array [n, c, h, w] or [n, h, w, c]
    kernel : int or (height, width)
        With a stride below the kernel, windows overlap (Krizhevsky et al. 2012, section 3.4: kernel 3, stride 2).
    stride : int or (vertical, horizontal), optional
        The kernel if not given.
    padding : int, (vertical, horizontal) or (top, left, bottom, right)
    ceil_mode : bool
        Round the output's size up, as Caffe does, so that the last window may pass the edge.
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
    """Gradient of :func:`max_pool2d`: each dy goes to the first largest value of its window, in reading order.

    Parameters
    ----------
    dy : array, shaped like the pooled result
    x, kernel, stride, padding, ceil_mode, layout
        What the forward pass got.
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
    count_includes_padding: bool = True,
    *,
    layout: Layout = "NCHW",
    out: Any = None,
) -> Float32:
    """Mean of each window; parameters as in :func:`max_pool2d`.

    Parameters
    ----------
    count_includes_padding : bool
        Divide by the window's cells including padding (but not what `ceil_mode` lets pass the padded edge), or by
        the cells that lie in `x` only.
    """
    x, code = as_float32(x, "x", "avg_pool2d", 4), layout_code(layout, "avg_pool2d")
    geometry = _pooling(kernel, stride, padding, ceil_mode, "avg_pool2d")
    y = as_output(out, _pooled_shape(x.shape, geometry, code), "avg_pool2d")
    _native.avg_pool2d(x, *geometry, count_includes_padding, code, y)
    return y


def avg_pool2d_backward(
    dy: Any,
    x_shape: tuple[int, int, int, int],
    kernel: Pair,
    stride: Pair | None = None,
    padding: Padding = 0,
    ceil_mode: bool = False,
    count_includes_padding: bool = True,
    *,
    layout: Layout = "NCHW",
    out: Any = None,
) -> Float32:
    """Gradient of :func:`avg_pool2d`, for which the shape of `x` is enough.

    Parameters
    ----------
    dy : array, shaped like the pooled result
    x_shape : (int, int, int, int)
        In `layout`.
    kernel, stride, padding, ceil_mode, count_includes_padding, layout
        What the forward pass got.
    out : array of `x_shape`, optional
    """
    operation = "avg_pool2d_backward"
    dy = as_float32(dy, "dy", operation, 4)
    if not isinstance(x_shape, (tuple, list)) or len(x_shape) != 4:
        raise ValueError(f"{operation}: x_shape is {x_shape!r}, expected 4 integers")
    shape = tuple(as_integer(extent, "x_shape", operation, 1, 2**31 - 1) for extent in x_shape)
    geometry = _pooling(kernel, stride, padding, ceil_mode, operation)
    dx = as_output(out, shape, operation)
    _native.avg_pool2d_backward(dy, shape, *geometry, count_includes_padding, layout_code(layout, operation), dx)
    return dx


# ---- Normalisation, activation, dropout ----


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
        Channels in the sum, odd; those that do not exist count as 0.
    alpha, beta, k : float
        The defaults are those of Krizhevsky et al. 2012, section 3.3.
    alpha_over_n : bool
        a = alpha / size, as Caffe, PyTorch and ONNX read it; False: a = alpha, as the paper prints it.
    layout : {"NCHW", "NHWC"}
    out : array, shaped like `x`, optional
    """
    operation = "local_response_norm"
    x = as_float32(x, "x", operation, 4)
    y = as_output(out, x.shape, operation)
    _native.local_response_norm(x, size, alpha, beta, k, alpha_over_n, layout_code(layout, operation), y)
    return y


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
    """Gradient of :func:`local_response_norm` for the gradient `dy` of its result; the rest is what it got."""
    operation = "local_response_norm_backward"
    dy, x = as_float32(dy, "dy", operation, 4), as_float32(x, "x", operation, 4)
    dx = as_output(out, x.shape, operation)
    _native.local_response_norm_backward(dy, x, size, alpha, beta, k, alpha_over_n, layout_code(layout, operation), dx)
    return dx


def relu(x: Any, *, out: Any = None) -> Float32:
    """Compute max(x, 0) of an array of any shape."""
    x = as_float32(x, "x", "relu")
    y = as_output(out, x.shape, "relu")
    _native.relu(x, y)
    return y


def relu_backward(dy: Any, x: Any, *, out: Any = None) -> Float32:
    """Gradient of :func:`relu`: dy where x > 0, else 0. `x` may be the input or the result of the forward pass."""
    dy, x = as_float32(dy, "dy", "relu_backward"), as_float32(x, "x", "relu_backward")
    dx = as_output(out, x.shape, "relu_backward")
    _native.relu_backward(dy, x, dx)
    return dx


def dropout(
    x: Any,
    probability: float = 0.5,
    form: Literal["inverted", "paper2012"] = "inverted",
    training: bool = True,
    seed: int = 0,
    step: int = 0,
    *,
    out: Any = None,
) -> Float32:
    """Set each element to 0 with the given probability.

    The mask depends on (seed, step, element) only: the same call on `dy` is the backward pass.

    Parameters
    ----------
    x : array of any shape
    probability : float
        0 ≤ probability < 1.
    form : {"inverted", "paper2012"}
        Survivors are divided by 1 - probability in training and nothing happens otherwise; or, as Krizhevsky et al.
        2012, section 4.2, survivors stay as they are in training and all is multiplied by 1 - probability otherwise.
    training : bool
    seed, step : int
        0 to 2⁶⁴ - 1.
    out : array, shaped like `x`, optional
    """
    inverted = _choice(_DROPOUT_FORMS, form, "form", "dropout")
    x = as_float32(x, "x", "dropout")
    y = as_output(out, x.shape, "dropout")
    seed, step = as_seed(seed, "seed", "dropout"), as_seed(step, "step", "dropout")
    _native.dropout(x, probability, inverted, training, seed, step, y)
    return y


# ---- Loss and update ----


def softmax(x: Any, *, out: Any = None) -> Float32:
    """Softmax of each row of `x` [n, classes]: exp(x - max x) / Σ exp(x - max x)."""
    x = as_float32(x, "x", "softmax", 2)
    y = as_output(out, x.shape, "softmax")
    _native.softmax(x, y)
    return y


def cross_entropy(x: Any, labels: Any) -> tuple[float, Float32]:
    """Mean of -log softmax(x)[label] over the rows of `x`, and its gradient.

    Parameters
    ----------
    x : array [n, classes]
        Logits.
    labels : integers [n]
        0 ≤ label < classes.

    Returns
    -------
    loss : float
    dx : array [n, classes]
        (softmax(x) - one-hot(labels)) / n
    """
    x = as_float32(x, "x", "cross_entropy", 2)
    labels = as_labels(labels, "labels", "cross_entropy", x.shape[0], x.shape[1])
    dx = as_output(None, x.shape, "cross_entropy")
    return _native.cross_entropy(x, labels, dx), dx


def sgd_update(
    w: Any,
    v: Any,
    g: Any,
    learning_rate: float,
    momentum: float = 0.9,
    weight_decay: float = 0.0005,
    rule: Literal["paper", "pytorch"] = "paper",
) -> None:
    """Update weights `w` and velocities `v` in place by the gradient `g`.

    Parameters
    ----------
    w, v : array of any shape
        C-contiguous and writable: the result is written here.
    g : array, shaped like `w`
    learning_rate, momentum, weight_decay : float
    rule : {"paper", "pytorch"}
        "paper" (Krizhevsky et al. 2012, section 5): v ← momentum · v - rate · (decay · w + g), w ← w + v.
        "pytorch": v ← momentum · v + (g + decay · w), w ← w - rate · v.
    """
    code = _choice(_RULES, rule, "rule", "sgd_update")
    w, v = plain(w, "w", "sgd_update", "float32"), plain(v, "v", "sgd_update", "float32")
    _native.sgd_update(w, v, as_float32(g, "g", "sgd_update"), learning_rate, momentum, weight_decay, code)


# ---- Arguments that several operators share ----


def _convolution(
    stride: Pair, padding: Padding, groups: int, operation: str
) -> tuple[tuple[int, int], tuple[int, int, int, int], int]:
    return (
        as_pair(stride, "stride", operation),
        as_padding(padding, "padding", operation),
        as_integer(groups, "groups", operation),
    )


def _pooling(kernel: Pair, stride: Pair | None, padding: Padding, ceil_mode: bool, operation: str) -> _Pooling:
    size = as_pair(kernel, "kernel", operation)
    steps = size if stride is None else as_pair(stride, "stride", operation)
    return size, steps, as_padding(padding, "padding", operation), ceil_mode


def _shape(batch: int, channels: int, height: int, width: int, layout: int) -> tuple[int, int, int, int]:
    return (batch, height, width, channels) if layout else (batch, channels, height, width)


def _pooled_shape(x_shape: tuple[int, ...], geometry: _Pooling, layout: int) -> tuple[int, int, int, int]:
    height, width = _native.pool2d_output_size(x_shape, *geometry, layout)
    return _shape(x_shape[0], x_shape[3 if layout else 1], height, width, layout)


def _choice(choices: dict[str, Any], value: Any, name: str, operation: str) -> Any:
    if not isinstance(value, str) or value not in choices:
        raise ValueError(f"{operation}: {name} is {value!r}, expected {' or '.join(map(repr, choices))}")
    return choices[value]


from swiftalexnet._ops_locally_connected import locally_connected2d, locally_connected2d_backward  # noqa: E402
