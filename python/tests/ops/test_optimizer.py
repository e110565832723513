"""The rules of stochastic gradient descent against plain float64 numpy."""

import numpy_operators as plain
import pytest
from operands import EPSILON, assert_close, normal

from swiftalexnet import ops


@pytest.mark.parametrize("rule", ["paper", "pytorch", "caffe"])
@pytest.mark.parametrize("shape", [(3,), (17, 5), (2, 3, 4, 5)])
def test_sgd_update(rule, shape):
    w, v, g = normal(1, *shape), normal(2, *shape), normal(3, *shape)
    expected = plain.sgd_update(w, v, g, 0.01, 0.9, 0.0005, rule)
    ops.sgd_update(w, v, g, 0.01, 0.9, 0.0005, rule)
    for actual, wanted in zip((w, v), expected, strict=True):
        assert_close(actual, wanted, 4 * EPSILON, 4 * EPSILON)
