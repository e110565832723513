"""The operators in plain float64 numpy, as a reference for `sa.ops`.

Tensors are NCHW, weights OIHW, padding is (top, left, bottom, right), kernel and stride are pairs.
"""

import numpy as np


def _pad(x, padding, value=0.0):
    top, left, bottom, right = padding
    return np.pad(x, ((0, 0), (0, 0), (top, bottom), (left, right)), constant_values=value)


def _taps(height, width, kernel, stride):
    """Yield (u, v, slices) of every kernel place: the inputs that the outputs [height, width] meet there."""
    for u in range(kernel[0]):
        for v in range(kernel[1]):
            rows = slice(u, u + stride[0] * (height - 1) + 1, stride[0])
            yield u, v, (Ellipsis, rows, slice(v, v + stride[1] * (width - 1) + 1, stride[1]))


def conv2d(x, w, b, stride, padding, groups):
    """Convolve and also return Σ|w · x|, the magnitude that the error bound is relative to."""
    x, w = _pad(np.asarray(x, np.float64), padding), np.asarray(w, np.float64)
    outputs, inputs, *kernel = w.shape
    height = (x.shape[2] - kernel[0]) // stride[0] + 1
    width = (x.shape[3] - kernel[1]) // stride[1] + 1
    y = np.zeros((x.shape[0], outputs, height, width))
    magnitude = np.zeros_like(y)
    share = outputs // groups
    for group in range(groups):
        out = slice(group * share, (group + 1) * share)
        slab = x[:, group * inputs : (group + 1) * inputs]
        for u, v, place in _taps(height, width, kernel, stride):
            y[:, out] += np.einsum("oc,nchw->nohw", w[out, :, u, v], slab[place])
            magnitude[:, out] += np.einsum("oc,nchw->nohw", np.abs(w[out, :, u, v]), np.abs(slab[place]))
    return (y if b is None else y + np.asarray(b, np.float64)[:, None, None]), magnitude


def conv2d_backward(dy, x, w, stride, padding, groups):
    """Gradients (dx, dw, db)."""
    dy, w = np.asarray(dy, np.float64), np.asarray(w, np.float64)
    padded = _pad(np.asarray(x, np.float64), padding)
    outputs, inputs, *kernel = w.shape
    dx, dw = np.zeros_like(padded), np.zeros_like(w)
    share = outputs // groups
    for group in range(groups):
        out, into = slice(group * share, (group + 1) * share), slice(group * inputs, (group + 1) * inputs)
        for u, v, place in _taps(dy.shape[2], dy.shape[3], kernel, stride):
            dw[out, :, u, v] = np.einsum("nohw,nchw->oc", dy[:, out], padded[:, into][place])
            dx[:, into][place] += np.einsum("oc,nohw->nchw", w[out, :, u, v], dy[:, out])
    top, left = padding[:2]
    return dx[:, :, top : top + x.shape[2], left : left + x.shape[3]], dw, dy.sum((0, 2, 3))


def locally_connected2d(x, w, b, stride, padding):
    """Multiply each output position's window with its own weights and also return Σ|w · x|."""
    x, w = _pad(np.asarray(x, np.float64), padding), np.asarray(w, np.float64)
    y = np.zeros((len(x), w.shape[2], *w.shape[:2]))
    magnitude = np.zeros_like(y)
    for i, j in np.ndindex(*w.shape[:2]):
        window = x[_window(i, j, w.shape, stride)]
        y[:, :, i, j] = np.einsum("ocuv,ncuv->no", w[i, j], window)
        magnitude[:, :, i, j] = np.einsum("ocuv,ncuv->no", np.abs(w[i, j]), np.abs(window))
    return (y if b is None else y + np.asarray(b, np.float64).transpose(2, 0, 1)), magnitude


def locally_connected2d_backward(dy, x, w, stride, padding):
    """Gradients (dx, dw, db)."""
    dy, w = np.asarray(dy, np.float64), np.asarray(w, np.float64)
    padded = _pad(np.asarray(x, np.float64), padding)
    dx, dw = np.zeros_like(padded), np.zeros_like(w)
    for i, j in np.ndindex(*w.shape[:2]):
        place = _window(i, j, w.shape, stride)
        dw[i, j] = np.einsum("no,ncuv->ocuv", dy[:, :, i, j], padded[place])
        dx[place] += np.einsum("no,ocuv->ncuv", dy[:, :, i, j], w[i, j])
    top, left = padding[:2]
    return dx[:, :, top : top + x.shape[2], left : left + x.shape[3]], dw, dy.sum(0).transpose(1, 2, 0)


def _window(i, j, w_shape, stride):
    """Slices of the padded input that output (i, j) sees."""
    row, column = i * stride[0], j * stride[1]
    return np.s_[:, :, row : row + w_shape[4], column : column + w_shape[5]]


def pooled_size(size, kernel, stride, before, after, ceil_mode):
    """Caffe's and PyTorch's size: rounded up, a window that would start behind the padded image is dropped."""
    slack = size + before + after - kernel
    count = -(-slack // stride) + 1 if ceil_mode else slack // stride + 1
    return count - 1 if ceil_mode and (count - 1) * stride >= size + before else count


def _windows(shape, kernel, stride, padding, ceil_mode):
    """Yield (i, j, rows, columns) of every output: row and column ranges in `x`, which may reach outside."""
    top, left, bottom, right = padding
    height = pooled_size(shape[2], kernel[0], stride[0], top, bottom, ceil_mode)
    width = pooled_size(shape[3], kernel[1], stride[1], left, right, ceil_mode)
    for i in range(height):
        for j in range(width):
            row, column = i * stride[0] - top, j * stride[1] - left
            yield i, j, range(row, row + kernel[0]), range(column, column + kernel[1])


def _inside(rows, columns, shape):
    rows = slice(max(rows.start, 0), min(rows.stop, shape[2]))
    return np.s_[:, :, rows, max(columns.start, 0) : min(columns.stop, shape[3])]


def _collect(shape, cells):
    """Put [n, c] values at (i, j) into one array [n, c, height, width]."""
    height, width = max(i for i, _, _ in cells) + 1, max(j for _, j, _ in cells) + 1
    y = np.zeros((*shape[:2], height, width))
    for i, j, value in cells:
        y[:, :, i, j] = value
    return y


def max_pool2d(x, kernel, stride, padding, ceil_mode):
    """Largest value of each window."""
    cells = [
        (i, j, x[_inside(rows, columns, x.shape)].max((2, 3)))
        for i, j, rows, columns in _windows(x.shape, kernel, stride, padding, ceil_mode)
    ]
    return _collect(x.shape, cells)


def max_pool2d_backward(dy, x, kernel, stride, padding, ceil_mode):
    """Gradient to the first largest value in reading order."""
    dx = np.zeros(x.shape)
    for i, j, rows, columns in _windows(x.shape, kernel, stride, padding, ceil_mode):
        place = _inside(rows, columns, x.shape)
        window, target = x[place], dx[place]
        first = window.reshape(*x.shape[:2], -1).argmax(-1)
        for n, c in np.ndindex(*x.shape[:2]):
            target[n, c][np.unravel_index(first[n, c], window.shape[2:])] += dy[n, c, i, j]
    return dx


def _divisor(rows, columns, shape, padding, count_include_pad):
    top, left, bottom, right = padding if count_include_pad else (0, 0, 0, 0)
    height = min(rows.stop, shape[2] + bottom) - max(rows.start, -top)
    return height * (min(columns.stop, shape[3] + right) - max(columns.start, -left))


def avg_pool2d(x, kernel, stride, padding, ceil_mode, count_include_pad):
    """Mean of each window."""
    x = np.asarray(x, np.float64)
    cells = [
        (
            i,
            j,
            x[_inside(rows, columns, x.shape)].sum((2, 3))
            / _divisor(rows, columns, x.shape, padding, count_include_pad),
        )
        for i, j, rows, columns in _windows(x.shape, kernel, stride, padding, ceil_mode)
    ]
    return _collect(x.shape, cells)


def avg_pool2d_backward(dy, shape, kernel, stride, padding, ceil_mode, count_include_pad):
    """Gradient of the mean."""
    dx = np.zeros(shape)
    for i, j, rows, columns in _windows(shape, kernel, stride, padding, ceil_mode):
        share = dy[:, :, i, j] / _divisor(rows, columns, shape, padding, count_include_pad)
        dx[_inside(rows, columns, shape)] += share[:, :, None, None]
    return dx


def _across_channels(values, size):
    """Sum over the channels c - size // 2 … c + (size - 1) // 2 that exist."""
    padded = np.pad(values, ((0, 0), (size // 2, (size - 1) // 2), (0, 0), (0, 0)))
    return sum(padded[:, shift : shift + values.shape[1]] for shift in range(size))


def local_response_norm(x, size, alpha, beta, k, alpha_over_n):
    """Normalise across channels."""
    x = np.asarray(x, np.float64)
    scale = k + (alpha / size if alpha_over_n else alpha) * _across_channels(x * x, size)
    return x / scale**beta


def local_response_norm_backward(dy, x, size, alpha, beta, k, alpha_over_n):
    """Gradient of the normalisation; `size` odd, so that a window and its mirror image are the same."""
    dy, x = np.asarray(dy, np.float64), np.asarray(x, np.float64)
    factor = alpha / size if alpha_over_n else alpha
    scale = k + factor * _across_channels(x * x, size)
    return dy * scale**-beta - 2 * factor * beta * x * _across_channels(dy * x * scale ** (-beta - 1), size)


def _within_maps(values, size, before):
    """Sum over a window of `size` × `size` pixels that begins `before` pixels up and left and is clipped."""
    after = size - 1 - before
    padded = np.pad(values, ((0, 0), (0, 0), (before, after), (before, after)))
    height, width = values.shape[2:]
    return sum(
        padded[:, :, row : row + height, column : column + width] for row in range(size) for column in range(size)
    )


def spatial_response_norm(x, size, alpha, beta, k, alpha_over_n):
    """Normalise within each map."""
    x = np.asarray(x, np.float64)
    scale = k + (alpha / size**2 if alpha_over_n else alpha) * _within_maps(x * x, size, size // 2)
    return x / scale**beta


def spatial_response_norm_backward(dy, x, size, alpha, beta, k, alpha_over_n):
    """Gradient of the normalisation; the windows that hold a pixel begin at the mirrored place."""
    dy, x = np.asarray(dy, np.float64), np.asarray(x, np.float64)
    factor = alpha / size**2 if alpha_over_n else alpha
    scale = k + factor * _within_maps(x * x, size, size // 2)
    indirect = _within_maps(dy * x * scale ** (-beta - 1), size, (size - 1) // 2)
    return dy * scale**-beta - 2 * factor * beta * x * indirect


def sigmoid(x):
    """1 / (1 + exp(-x)) without overflow."""
    powers = np.exp(-np.abs(np.asarray(x, np.float64)))
    return np.where(x < 0, powers, 1) / (1 + powers)


def softmax(x):
    """Softmax of each row."""
    powers = np.exp(np.asarray(x, np.float64) - x.max(1, keepdims=True))
    return powers / powers.sum(1, keepdims=True)


def cross_entropy(x, labels, weights=None):
    """Mean loss, by weights of the rows, and its gradient; 0 if the weights sum to 0."""
    p = softmax(x)
    rows = np.arange(len(x))
    weights = np.ones(len(x)) if weights is None else np.asarray(weights, np.float64)
    share = weights / weights.sum() if weights.any() else weights
    loss = -(np.log(p[rows, labels]) * share).sum()
    p[rows, labels] -= 1
    return loss, p * share[:, None]


def layerwise_rate(w, g, weight_decay, trust_coefficient):
    """Return the factor on the rate of LARS (You, Gitman & Ginsburg 2017, arXiv:1708.03888, section 4)."""
    w, g = np.linalg.norm(w), np.linalg.norm(g)
    return trust_coefficient * w / (g + weight_decay * w) if w > 0 and g > 0 else 1.0


def sgd_update(w, v, g, learning_rate, momentum, weight_decay, rule, trust_coefficient=0.001):
    """Return new weights and velocities."""
    w, v, g = (np.asarray(a, np.float64) for a in (w, v, g))
    if rule == "paper":
        v = momentum * v - learning_rate * (weight_decay * w + g)
        return w + v, v
    if rule == "lars":
        learning_rate = learning_rate * layerwise_rate(w, g, weight_decay, trust_coefficient)
    if rule in ("caffe", "lars"):
        v = momentum * v + learning_rate * (g + weight_decay * w)
        return w - v, v
    v = momentum * v + g + weight_decay * w
    return w - learning_rate * v, v
