"""Every function of `sa.ops` against plain float64 numpy, over shapes that hypothesis draws."""

import numpy as np
import numpy_operators as plain
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from swiftalexnet import ops

EPSILON = float(np.finfo(np.float32).eps)

settings.register_profile("ops", deadline=None, max_examples=60, derandomize=True)
settings.load_profile("ops")


# ---- Helpers ----


def normal(seed, *shape):
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def integers(seed, *shape):
    """Draw whole numbers whose sums float32 holds exactly."""
    return np.random.default_rng(seed).integers(-8, 9, shape).astype(np.float32)


def nhwc(x):
    return np.ascontiguousarray(x.transpose(0, 2, 3, 1))


def nchw(x):
    return np.ascontiguousarray(x.transpose(0, 3, 1, 2))


def assert_close(actual, expected, relative, absolute=0.0):
    """Compare with a bound that is relative to the result and absolute where terms cancel."""
    assert actual.dtype == np.float32 and actual.shape == expected.shape
    error = np.abs(actual - expected)
    bound = relative * np.abs(expected) + absolute
    assert np.all(error <= bound), (
        f"error {error.max():.3g}, {np.max(error / np.maximum(bound, 1e-300)):.3g} times the bound"
    )


# ---- Convolution ----


@st.composite
def convolutions(draw):
    groups = draw(st.sampled_from([1, 1, 2, 3]))
    kernel = draw(st.tuples(st.integers(1, 4), st.integers(1, 4)))
    padding = draw(st.tuples(*[st.integers(0, 3)] * 4))
    height, width = draw(st.integers(1, 9)), draw(st.integers(1, 9))
    assume(height + padding[0] + padding[2] >= kernel[0] and width + padding[1] + padding[3] >= kernel[1])
    inputs, outputs = groups * draw(st.integers(1, 5)), groups * draw(st.integers(1, 9))
    return {
        "x": (draw(st.integers(1, 3)), inputs, height, width),
        "w": (outputs, inputs // groups, *kernel),
        "stride": draw(st.tuples(st.integers(1, 3), st.integers(1, 3))),
        "padding": padding,
        "groups": groups,
    }


@given(convolutions(), st.booleans())
def test_conv2d_is_exact_on_integers(case, with_bias):
    x, w = integers(1, *case["x"]), integers(2, *case["w"])
    b = integers(3, w.shape[0]) if with_bias else None
    geometry = (case["stride"], case["padding"], case["groups"])
    expected, _ = plain.conv2d(x, w, b, *geometry)
    np.testing.assert_array_equal(ops.conv2d(x, w, b, *geometry), expected)
    np.testing.assert_array_equal(ops.conv2d(x, w, b, *geometry, relu=True), np.maximum(expected, 0))
    np.testing.assert_array_equal(nchw(ops.conv2d(nhwc(x), w, b, *geometry, layout="NHWC")), expected)


@given(convolutions())
def test_conv2d_backward_is_exact_on_integers(case):
    x, w = integers(1, *case["x"]), integers(2, *case["w"])
    geometry = (case["stride"], case["padding"], case["groups"])
    dy = integers(4, *plain.conv2d(x, w, None, *geometry)[0].shape)
    expected = plain.conv2d_backward(dy, x, w, *geometry)
    for actual, wanted in zip(ops.conv2d_backward(dy, x, w, *geometry), expected, strict=True):
        np.testing.assert_array_equal(actual, wanted)
    dx, dw, db = ops.conv2d_backward(nhwc(dy), nhwc(x), w, *geometry, layout="NHWC")
    for actual, wanted in zip((nchw(dx), dw, db), expected, strict=True):
        np.testing.assert_array_equal(actual, wanted)


# Input channels, size, output channels, kernel, stride, padding, groups: the paper's layers, smaller images.
PAPER_LAYERS = [
    (3, 47, 96, 11, 4, (0, 0, 3, 3), 1),
    (96, 13, 256, 5, 1, 2, 2),
    (256, 7, 384, 3, 1, 1, 1),
    (384, 7, 384, 3, 1, 1, 2),
]


@pytest.mark.parametrize(("inputs", "size", "outputs", "kernel", "stride", "padding", "groups"), PAPER_LAYERS)
def test_conv2d_of_the_paper(inputs, size, outputs, kernel, stride, padding, groups):
    x, w = normal(1, 2, inputs, size, size), normal(2, outputs, inputs // groups, kernel, kernel)
    b = normal(3, outputs)
    sides = padding if isinstance(padding, tuple) else (padding,) * 4
    expected, magnitude = plain.conv2d(x, w, b, (stride, stride), sides, groups)
    terms = w[0].size
    bound = 4 * np.sqrt(terms) * EPSILON * (magnitude + np.abs(b)[:, None, None])
    assert_close(ops.conv2d(x, w, b, stride, padding, groups), expected, 0, bound)


def test_padding_and_stride_may_be_given_short():
    x, w = integers(1, 1, 2, 6, 7), integers(2, 3, 2, 3, 3)
    full = ops.conv2d(x, w, stride=(2, 2), padding=(1, 2, 1, 2))
    np.testing.assert_array_equal(ops.conv2d(x, w, stride=2, padding=(1, 2)), full)
    np.testing.assert_array_equal(ops.conv2d(x, w, padding=1), ops.conv2d(x, w, padding=(1, 1, 1, 1)))


# ---- Locally connected ----


@st.composite
def local_layers(draw):
    kernel = draw(st.tuples(st.integers(1, 4), st.integers(1, 4)))
    padding = draw(st.tuples(*[st.integers(0, 3)] * 4))
    height, width = draw(st.integers(1, 7)), draw(st.integers(1, 7))
    assume(height + padding[0] + padding[2] >= kernel[0] and width + padding[1] + padding[3] >= kernel[1])
    stride = draw(st.tuples(st.integers(1, 3), st.integers(1, 3)))
    rows = (height + padding[0] + padding[2] - kernel[0]) // stride[0] + 1
    columns = (width + padding[1] + padding[3] - kernel[1]) // stride[1] + 1
    inputs, outputs = draw(st.integers(1, 5)), draw(st.integers(1, 9))
    x = (draw(st.integers(1, 9)), inputs, height, width)
    return x, (rows, columns, outputs, inputs, *kernel), (stride, padding), draw(st.booleans())


@given(local_layers())
def test_locally_connected2d_is_exact_on_integers(case):
    x_shape, w_shape, geometry, with_bias = case
    x, w = integers(1, *x_shape), integers(2, *w_shape)
    b = integers(3, *w_shape[:3]) if with_bias else None
    expected, _ = plain.locally_connected2d(x, w, b, *geometry)
    np.testing.assert_array_equal(ops.locally_connected2d(x, w, b, *geometry), expected)
    np.testing.assert_array_equal(ops.locally_connected2d(x, w, b, *geometry, relu=True), np.maximum(expected, 0))
    last = ops.locally_connected2d(nhwc(x), w, b, *geometry, layout="NHWC")
    np.testing.assert_array_equal(nchw(last), expected)

    dy = integers(4, *expected.shape)
    gradients = plain.locally_connected2d_backward(dy, x, w, *geometry)
    for actual, wanted in zip(ops.locally_connected2d_backward(dy, x, w, *geometry), gradients, strict=True):
        np.testing.assert_array_equal(actual, wanted)
    dx, dw, db = ops.locally_connected2d_backward(nhwc(dy), nhwc(x), w, *geometry, layout="NHWC")
    for actual, wanted in zip((nchw(dx), dw, db), gradients, strict=True):
        np.testing.assert_array_equal(actual, wanted)


@pytest.mark.parametrize("outputs", [32, 64])
def test_locally_connected2d_of_cuda_convnet(outputs):
    x, w, b = normal(1, 16, 64, 6, 6), normal(2, 6, 6, outputs, 64, 3, 3), normal(3, 6, 6, outputs)
    expected, magnitude = plain.locally_connected2d(x, w, b, (1, 1), (1, 1, 1, 1))
    bound = 4 * np.sqrt(9 * 64) * EPSILON * (magnitude + np.abs(b).transpose(2, 0, 1))
    assert_close(ops.locally_connected2d(x, w, b, padding=1), expected, 0, bound)


def test_the_same_weights_everywhere_are_a_convolution():
    x, w, b = integers(1, 9, 3, 5, 6), integers(2, 4, 3, 3, 2), integers(3, 4)
    expected = ops.conv2d(x, w, b, padding=1)
    places = expected.shape[2:]
    local = [np.broadcast_to(a, (*places, *a.shape)) for a in (w, b)]
    np.testing.assert_array_equal(ops.locally_connected2d(x, *local, padding=1), expected)


# ---- Dense ----


@given(st.integers(1, 9), st.integers(1, 70), st.integers(1, 40), st.booleans())
def test_dense_is_exact_on_integers(batch, inputs, outputs, with_bias):
    x, w, dy = integers(1, batch, inputs), integers(2, outputs, inputs), integers(3, batch, outputs)
    b = integers(4, outputs) if with_bias else None
    expected = x @ w.T + (0 if b is None else b)
    np.testing.assert_array_equal(ops.dense(x, w, b), expected)
    np.testing.assert_array_equal(ops.dense(x, w, b, relu=True), np.maximum(expected, 0))
    for actual, wanted in zip(ops.dense_backward(dy, x, w), (dy @ w, dy.T @ x, dy.sum(0)), strict=True):
        np.testing.assert_array_equal(actual, wanted)


# ---- Pooling ----


@st.composite
def poolings(draw):
    kernel = draw(st.tuples(st.integers(1, 4), st.integers(1, 4)))
    padding = tuple(draw(st.integers(0, side - 1)) for side in (kernel * 2))
    height, width = draw(st.integers(1, 10)), draw(st.integers(1, 10))
    assume(height + padding[0] + padding[2] >= kernel[0] and width + padding[1] + padding[3] >= kernel[1])
    stride = draw(st.tuples(st.integers(1, 4), st.integers(1, 4)))
    shape = (draw(st.integers(1, 3)), draw(st.integers(1, 20)), height, width)
    return shape, (kernel, stride, padding, draw(st.booleans()))


@given(poolings())
def test_max_pool2d(case):
    shape, geometry = case
    x = integers(1, *shape)
    expected = plain.max_pool2d(x, *geometry)
    np.testing.assert_array_equal(ops.max_pool2d(x, *geometry), expected)
    np.testing.assert_array_equal(nchw(ops.max_pool2d(nhwc(x), *geometry, layout="NHWC")), expected)
    dy = integers(2, *expected.shape)
    dx = plain.max_pool2d_backward(dy, x, *geometry)
    np.testing.assert_array_equal(ops.max_pool2d_backward(dy, x, *geometry), dx)
    np.testing.assert_array_equal(nchw(ops.max_pool2d_backward(nhwc(dy), nhwc(x), *geometry, layout="NHWC")), dx)


@given(poolings(), st.booleans())
def test_avg_pool2d(case, count_includes_padding):
    shape, geometry = case
    x = normal(1, *shape)
    arguments = (*geometry, count_includes_padding)
    expected = plain.avg_pool2d(x, *arguments)
    magnitude = plain.avg_pool2d(np.abs(x), *arguments)
    assert_close(ops.avg_pool2d(x, *arguments), expected, 0, 10 * EPSILON * magnitude)
    assert_close(nchw(ops.avg_pool2d(nhwc(x), *arguments, layout="NHWC")), expected, 0, 10 * EPSILON * magnitude)
    dy = normal(2, *expected.shape)
    dx = plain.avg_pool2d_backward(dy, shape, *arguments)
    bound = 10 * EPSILON * plain.avg_pool2d_backward(np.abs(dy), shape, *arguments)
    assert_close(ops.avg_pool2d_backward(dy, shape, *arguments), dx, 0, bound)
    channels_last = (shape[0], shape[2], shape[3], shape[1])
    actual = ops.avg_pool2d_backward(nhwc(dy), channels_last, *arguments, layout="NHWC")
    assert_close(nchw(actual), dx, 0, bound)


def test_pooling_strides_by_its_kernel_unless_told():
    x = integers(1, 1, 2, 6, 6)
    np.testing.assert_array_equal(ops.max_pool2d(x, 2), ops.max_pool2d(x, 2, 2))
    np.testing.assert_array_equal(ops.avg_pool2d(x, 3), ops.avg_pool2d(x, (3, 3), (3, 3), 0))


def test_ceil_mode_lets_the_last_window_pass_the_edge():
    x = integers(1, 1, 3, 8, 8)
    assert ops.max_pool2d(x, 3, 2).shape == (1, 3, 3, 3)
    assert ops.max_pool2d(x, 3, 2, ceil_mode=True).shape == (1, 3, 4, 4)


# ---- Normalisation, activation, dropout ----


@given(
    st.tuples(st.integers(1, 2), st.integers(1, 40), st.integers(1, 4), st.integers(1, 4)),
    st.sampled_from([1, 3, 5, 9]),
    st.sampled_from([(1e-4, 0.75, 2.0), (0.5, 0.75, 1.0), (0.1, 0.5, 2.0), (0.3, 1.0, 0.7)]),
    st.booleans(),
)
def test_local_response_norm(shape, size, constants, alpha_over_n):
    x, dy = 3 * normal(1, *shape), normal(2, *shape)
    arguments = (size, *constants, alpha_over_n)
    bound = 3 * size * EPSILON
    expected = plain.local_response_norm(x, *arguments)
    assert_close(ops.local_response_norm(x, *arguments), expected, max(bound, 10 * EPSILON))
    assert_close(nchw(ops.local_response_norm(nhwc(x), *arguments, layout="NHWC")), expected, max(bound, 10 * EPSILON))
    dx = plain.local_response_norm_backward(dy, x, *arguments)
    scale = 10 * bound * (np.abs(dx).max() + 1)
    assert_close(ops.local_response_norm_backward(dy, x, *arguments), dx, 0, scale)
    actual = ops.local_response_norm_backward(nhwc(dy), nhwc(x), *arguments, layout="NHWC")
    assert_close(nchw(actual), dx, 0, scale)


@pytest.mark.parametrize("shape", [(1,), (7,), (2, 3), (2, 3, 5, 7), (1, 2, 3, 4, 5), (100_003,)])
def test_relu(shape):
    x, dy = normal(1, *shape), normal(2, *shape)
    np.testing.assert_array_equal(ops.relu(x), np.maximum(x, 0))
    np.testing.assert_array_equal(ops.relu_backward(dy, x), np.where(x > 0, dy, 0))


# Every magnitude of float32, both signs.
MAGNITUDES = np.arange(0, 0x7F800000, 99_991, np.uint32).view(np.float32)


@pytest.mark.parametrize("shape", [(1,), (7,), (2, 3), (2, 3, 5, 7), (100_003,)])
@pytest.mark.parametrize(
    ("forward", "backward", "exact", "slope"),
    [
        (ops.tanh, ops.tanh_backward, np.tanh, lambda y: 1 - y**2),
        (ops.sigmoid, ops.sigmoid_backward, plain.sigmoid, lambda y: y * (1 - y)),
    ],
    ids=["tanh", "sigmoid"],
)
def test_tanh_and_sigmoid(shape, forward, backward, exact, slope):
    x, dy = 3 * normal(1, *shape), normal(2, *shape)
    y = exact(x.astype(np.float64))
    assert_close(forward(x), y, 4 * EPSILON)
    # The gradient comes from the rounded y, whose distance to ±1 is rounded with it.
    assert_close(backward(dy, x), dy * slope(y), 8 * EPSILON, 8 * EPSILON * np.abs(dy))


def test_tanh_and_sigmoid_of_every_magnitude():
    x = np.concatenate([MAGNITUDES, -MAGNITUDES])
    assert_close(ops.tanh(x), np.tanh(x.astype(np.float64)), 4 * EPSILON)
    smallest = np.where(x < -87, np.finfo(np.float32).smallest_subnormal, 0)
    assert_close(ops.sigmoid(x), plain.sigmoid(x), 4 * EPSILON, smallest)
    special = np.array([np.nan, np.inf, -np.inf], np.float32)
    np.testing.assert_array_equal(ops.tanh(special), [np.nan, 1, -1])
    np.testing.assert_array_equal(ops.sigmoid(special), [np.nan, 1, 0])


@given(
    st.tuples(st.integers(1, 2), st.integers(1, 20), st.integers(1, 8), st.integers(1, 8)),
    st.sampled_from([1, 2, 3, 4, 5, 9]),
    st.sampled_from([(1e-3, 0.75, 1.0), (0.5, 0.75, 2.0), (0.1, 0.5, 2.0), (0.3, 1.0, 0.7)]),
    st.booleans(),
)
def test_spatial_response_norm(shape, size, constants, alpha_over_n):
    x, dy = 3 * normal(1, *shape), normal(2, *shape)
    arguments = (size, *constants, alpha_over_n)
    bound = max(3 * size**2, 10) * EPSILON
    expected = plain.spatial_response_norm(x, *arguments)
    assert_close(ops.spatial_response_norm(x, *arguments), expected, bound)
    assert_close(nchw(ops.spatial_response_norm(nhwc(x), *arguments, layout="NHWC")), expected, bound)
    dx = plain.spatial_response_norm_backward(dy, x, *arguments)
    scale = 10 * bound * (np.abs(dx).max() + 1)
    assert_close(ops.spatial_response_norm_backward(dy, x, *arguments), dx, 0, scale)
    actual = ops.spatial_response_norm_backward(nhwc(dy), nhwc(x), *arguments, layout="NHWC")
    assert_close(nchw(actual), dx, 0, scale)


@pytest.mark.parametrize("form", ["inverted", "paper2012"])
@pytest.mark.parametrize("probability", [0.0, 0.25, 0.5])
def test_dropout(form, probability):
    x = 1 + np.abs(normal(1, 300, 400))
    y = ops.dropout(x, probability, form, seed=3, step=4)
    kept = y != 0
    factor = 1 / (1 - probability) if form == "inverted" else 1
    assert_close(y[kept], x[kept].astype(np.float64) * factor, 2 * EPSILON)
    assert abs(kept.mean() - (1 - probability)) < 5 * np.sqrt(0.25 / x.size)
    still = ops.dropout(x, probability, form, training=False)
    assert_close(still, x.astype(np.float64) * (1 if form == "inverted" else 1 - probability), EPSILON)


def test_dropout_depends_on_seed_and_step_alone():
    x = np.ones((50, 60), np.float32)
    mask = ops.dropout(x, seed=1, step=2)
    np.testing.assert_array_equal(ops.dropout(x, seed=1, step=2), mask)
    np.testing.assert_array_equal(ops.dropout(x[:20], seed=1, step=2), mask[:20])
    assert not np.array_equal(ops.dropout(x, seed=1, step=3), mask)
    assert not np.array_equal(ops.dropout(x, seed=2**64 - 1, step=2), mask)


# ---- Loss and update ----


@given(st.integers(1, 20), st.integers(1, 60), st.sampled_from([1.0, 30.0]))
def test_softmax_and_cross_entropy(rows, classes, spread):
    x = spread * normal(1, rows, classes)
    labels = np.random.default_rng(2).integers(0, classes, rows)
    assert_close(ops.softmax(x), plain.softmax(x), 10 * EPSILON, 1e-37)
    loss, dx = ops.cross_entropy(x, labels)
    expected, gradient = plain.cross_entropy(x, labels)
    assert loss == pytest.approx(expected, rel=1e-5, abs=1e-6)
    assert_close(dx, gradient, 0, 10 * EPSILON / rows)


def test_cross_entropy_takes_any_integers():
    x = normal(1, 3, 5)
    loss, _ = ops.cross_entropy(x, [0, 4, 2])
    for dtype in (np.int8, np.uint8, np.int32, np.uint64, ">i4"):
        assert ops.cross_entropy(x, np.array([0, 4, 2], dtype))[0] == loss


@pytest.mark.parametrize("rule", ["paper", "pytorch", "caffe"])
@pytest.mark.parametrize("shape", [(3,), (17, 5), (2, 3, 4, 5)])
def test_sgd_update(rule, shape):
    w, v, g = normal(1, *shape), normal(2, *shape), normal(3, *shape)
    expected = plain.sgd_update(w, v, g, 0.01, 0.9, 0.0005, rule)
    ops.sgd_update(w, v, g, 0.01, 0.9, 0.0005, rule)
    for actual, wanted in zip((w, v), expected, strict=True):
        assert_close(actual, wanted, 4 * EPSILON, 4 * EPSILON)


# ---- What holds for all ----

X = normal(1, 2, 4, 6, 6)
W = normal(2, 6, 2, 3, 3)
LOCAL = normal(5, 4, 4, 6, 4, 3, 3)
ROWS = normal(3, 5, 7)
POOLED = normal(4, 2, 4, 2, 2)

# Name, a call with keyword arguments, the shape of its result.
RESULTS = [
    ("conv2d", lambda **k: ops.conv2d(X, W, padding=1, groups=2, **k), (2, 6, 6, 6)),
    ("locally_connected2d", lambda **k: ops.locally_connected2d(X, LOCAL, **k), (2, 6, 4, 4)),
    ("max_pool2d", lambda **k: ops.max_pool2d(X, 3, **k), (2, 4, 2, 2)),
    ("max_pool2d_backward", lambda **k: ops.max_pool2d_backward(POOLED, X, 3, **k), X.shape),
    ("avg_pool2d", lambda **k: ops.avg_pool2d(X, 3, **k), (2, 4, 2, 2)),
    ("avg_pool2d_backward", lambda **k: ops.avg_pool2d_backward(POOLED, X.shape, 3, **k), X.shape),
    ("local_response_norm", lambda **k: ops.local_response_norm(X, **k), X.shape),
    ("local_response_norm_backward", lambda **k: ops.local_response_norm_backward(X, X, **k), X.shape),
    ("relu", lambda **k: ops.relu(X, **k), X.shape),
    ("relu_backward", lambda **k: ops.relu_backward(X, X, **k), X.shape),
    ("spatial_response_norm", lambda **k: ops.spatial_response_norm(X, **k), X.shape),
    ("spatial_response_norm_backward", lambda **k: ops.spatial_response_norm_backward(X, X, **k), X.shape),
    ("tanh", lambda **k: ops.tanh(X, **k), X.shape),
    ("tanh_backward", lambda **k: ops.tanh_backward(X, X, **k), X.shape),
    ("sigmoid", lambda **k: ops.sigmoid(X, **k), X.shape),
    ("sigmoid_backward", lambda **k: ops.sigmoid_backward(X, X, **k), X.shape),
    ("dropout", lambda **k: ops.dropout(X, **k), X.shape),
    ("dense", lambda **k: ops.dense(ROWS, ROWS, **k), (5, 5)),
    ("softmax", lambda **k: ops.softmax(ROWS, **k), ROWS.shape),
]


@pytest.mark.parametrize(("call", "shape"), [r[1:] for r in RESULTS], ids=[r[0] for r in RESULTS])
def test_out_receives_the_result(call, shape):
    out = np.full(shape, np.nan, np.float32)
    assert call(out=out) is out
    np.testing.assert_array_equal(out, call())


STRANGE = {
    "sliced": lambda x: np.repeat(x, 2, -1)[..., ::2],
    "reversed": lambda x: x[..., ::-1].copy()[..., ::-1],
    "fortran": np.asfortranarray,
    "big-endian": lambda x: x.astype(">f4"),
    "misaligned": lambda x: np.frombuffer(b"." + x.tobytes(), np.float32, offset=1).reshape(x.shape),
    "read-only": lambda x: np.frombuffer(x.tobytes(), np.float32).reshape(x.shape),
    "memoryview": memoryview,
    "subclass": lambda x: x.view(np.recarray).view(np.ndarray).view(type("Sub", (np.ndarray,), {})),
}


@pytest.mark.parametrize("strange", STRANGE.values(), ids=STRANGE)
def test_memory_that_lies_otherwise_is_copied(strange):
    np.testing.assert_array_equal(ops.conv2d(strange(X), strange(W), groups=2), ops.conv2d(X, W, groups=2))
    np.testing.assert_array_equal(
        ops.locally_connected2d(strange(X), strange(LOCAL)), ops.locally_connected2d(X, LOCAL)
    )
    np.testing.assert_array_equal(ops.softmax(strange(ROWS)), ops.softmax(ROWS))
    dy = ops.relu(X)
    np.testing.assert_array_equal(ops.relu_backward(strange(dy), strange(X)), ops.relu_backward(dy, X))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_numbers_that_are_not_finite_pass_through(value):
    x = X.copy()
    x[0, 0, 3, 3] = value
    y = ops.conv2d(x, np.ones((1, 4, 3, 3), np.float32))
    assert not np.isfinite(y[0, 0, 1:4, 1:4]).any() and np.isfinite(y[1]).all()
    assert np.array_equal(
        ops.max_pool2d(x, 6)[0, 0, 0, 0],
        value if value != -np.inf else X[0, 0].ravel()[np.arange(36) != 21].max(),
        equal_nan=True,
    )


def test_all_names_are_functions_with_docstrings():
    for name in ops.__all__:
        assert getattr(ops, name).__doc__
