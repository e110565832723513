"""Softmax and cross-entropy against plain float64 numpy."""

import numpy as np
import numpy_operators as plain
import pytest
from hypothesis import given
from hypothesis import strategies as st
from operands import EPSILON, assert_close, normal

from swiftalexnet import ops


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


@given(st.integers(1, 20), st.integers(1, 60), st.integers(0, 2**32))
def test_weights_of_rows(rows, classes, seed):
    generator = np.random.default_rng(seed)
    x, labels = 5 * normal(1, rows, classes), generator.integers(0, classes, rows)
    weights = generator.uniform(0, 4, rows) * generator.integers(0, 2, rows)
    loss, dx = ops.cross_entropy(x, labels, sample_weight=weights)
    expected, gradient = plain.cross_entropy(x, labels, weights.astype(np.float32))
    assert loss == pytest.approx(expected, rel=1e-5, abs=1e-6)
    assert_close(dx, gradient, 0, 10 * EPSILON * max(1, weights.max() / max(weights.sum(), 1e-30)))


@pytest.mark.parametrize("weight", [1, 0.1, 7.3, 1e-30, 3e38])
def test_equal_weights_change_no_bit(weight):
    x, labels = normal(1, 17, 9), np.arange(17) % 9
    loss, dx = ops.cross_entropy(x, labels, sample_weight=[weight] * 17)
    expected, gradient = ops.cross_entropy(x, labels)
    assert loss == expected and dx.tobytes() == gradient.tobytes()


def test_whole_weights_are_copies():
    x, labels, weights = normal(1, 3, 5), np.array([0, 4, 2]), [1, 0, 3]
    loss, dx = ops.cross_entropy(x, labels, sample_weight=weights)
    copies = np.repeat(np.arange(3), weights)
    expected, gradient = ops.cross_entropy(x[copies], labels[copies])
    assert loss == pytest.approx(expected, rel=1e-12)
    np.testing.assert_allclose(dx, [gradient[0], 0 * gradient[0], gradient[1:].sum(0)], rtol=1e-6, atol=1e-9)


def test_weights_that_sum_to_zero_give_zero():
    loss, dx = ops.cross_entropy(normal(1, 3, 5), [0, 4, 2], sample_weight=np.zeros(3))
    assert loss == 0 and not dx.any()


@pytest.mark.parametrize(
    ("weights", "kind", "message"),
    [
        ([1, 2], ValueError, r"cross_entropy: sample_weight has shape \(2,\), expected \(3,\)"),
        ([[1, 2, 3]], ValueError, "has shape"),
        ([1, 2, -0.1], ValueError, r"sample_weight\[2\] is -0.1, expected a number from 0 to"),
        ([1, np.nan, 1], ValueError, "not finite"),
        ([1, np.inf, 1], ValueError, "not finite"),
        ([1, 1e39, 1], ValueError, r"sample_weight\[1\] is 1e\+39"),
        ("abc", TypeError, "sample_weight"),
        ([None, 1, 1], ValueError, "not finite"),
        ([{}, 1, 1], TypeError, "expected numbers"),
        (np.ma.masked_array([1, 1, 1]), TypeError, "masked"),
    ],
)
def test_weights_that_do_not_fit(weights, kind, message):
    with pytest.raises(kind, match=message):
        ops.cross_entropy(normal(1, 3, 5), [0, 4, 2], sample_weight=weights)
