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
