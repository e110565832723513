"""Properties of all functions of `sa.ops`."""

import numpy as np
import pytest
from operands import normal

from swiftalexnet import ops

X = normal(1, 2, 4, 6, 6)
W = normal(2, 6, 2, 3, 3)
LOCAL = normal(5, 4, 4, 6, 4, 3, 3)
ROWS = normal(3, 5, 7)
POOLED = normal(4, 2, 4, 2, 2)
CHANNELS, ROW = np.ones(4, np.float32), np.ones(2, np.float32)

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
    ("perceptual_distance", lambda **k: ops.perceptual_distance(X, X[::-1], CHANNELS, **k), (2,)),
    ("perceptual_distance_backward", lambda **k: ops.perceptual_distance_backward(ROW, X, X, CHANNELS, **k), X.shape),
    ("perceptual_embedding", lambda **k: ops.perceptual_embedding(X, CHANNELS, **k), X.shape),
    ("squared_distances", lambda **k: ops.squared_distances(ROWS, **k), (5, 5)),
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
def test_other_memory_layouts_are_copied(strange):
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
