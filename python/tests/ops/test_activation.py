"""ReLU, tanh, sigmoid and dropout against plain float64 numpy."""

import numpy as np
import numpy_operators as plain
import pytest
from operands import EPSILON, assert_close, normal

from swiftalexnet import ops


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
