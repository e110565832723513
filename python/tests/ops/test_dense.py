"""`ops.dense` and its gradient against plain float64 numpy."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from operands import integers

from swiftalexnet import ops


@given(st.integers(1, 9), st.integers(1, 70), st.integers(1, 40), st.booleans())
def test_dense_is_exact_on_integers(batch, inputs, outputs, with_bias):
    x, w, dy = integers(1, batch, inputs), integers(2, outputs, inputs), integers(3, batch, outputs)
    b = integers(4, outputs) if with_bias else None
    expected = x @ w.T + (0 if b is None else b)
    np.testing.assert_array_equal(ops.dense(x, w, b), expected)
    np.testing.assert_array_equal(ops.dense(x, w, b, relu=True), np.maximum(expected, 0))
    for actual, wanted in zip(ops.dense_backward(dy, x, w), (dy @ w, dy.T @ x, dy.sum(0)), strict=True):
        np.testing.assert_array_equal(actual, wanted)
