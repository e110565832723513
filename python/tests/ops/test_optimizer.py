"""The rules of stochastic gradient descent against plain float64 numpy."""

import numpy_operators as plain
import pytest
from operands import EPSILON, assert_close, normal

from swiftalexnet import ops


@pytest.mark.parametrize("rule", ["paper", "pytorch", "caffe", "lars"])
@pytest.mark.parametrize("shape", [(3,), (17, 5), (2, 3, 4, 5)])
def test_sgd_update(rule, shape):
    w, v, g = normal(1, *shape), normal(2, *shape), normal(3, *shape)
    expected = plain.sgd_update(w, v, g, 0.01, 0.9, 0.0005, rule, 0.25)
    ops.sgd_update(w, v, g, 0.01, 0.9, 0.0005, rule, 0.25)
    for actual, wanted in zip((w, v), expected, strict=True):
        assert_close(actual, wanted, 4 * EPSILON, 4 * EPSILON)


def test_lars_without_a_norm_is_caffes_rule():
    for w, g in [(normal(1, 9) * 0, normal(2, 9)), (normal(1, 9), normal(2, 9) * 0)]:
        pairs = [(w.copy(), w * 0), (w.copy(), w * 0)]
        for rule, pair in zip(("caffe", "lars"), pairs, strict=True):
            ops.sgd_update(*pair, g, 0.5, rule=rule)
        assert (pairs[0][0] == pairs[1][0]).all() and (pairs[0][1] == pairs[1][1]).all()
