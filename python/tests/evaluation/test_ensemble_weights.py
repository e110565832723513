"""The weighted mean of tables, and the search for weights."""

import numpy as np
import pytest

from swiftalexnet.evaluation.ensemble_weights import mix, search, with_share


def test_the_mean_leaves_its_tables_alone():
    tables = [np.full((2, 3), value, np.float32) for value in (1, 3)]
    assert np.array_equal(mix(tables, (0.25, 0.75)), np.full((2, 3), 2.5))
    assert [table[0, 0] for table in tables] == [1, 3]


def test_the_search_prefers_top_5_then_top_1_then_loss():
    labels = np.zeros(4, np.int32)
    ranks = np.array([0.05, 0.2, 0.19, 0.18, 0.17, 0.16, 0.05], np.float32)  # the right class misses the first five
    near = np.array([0.12, 0.2, 0.19, 0.18, 0.15, 0.09, 0.07], np.float32)  # it is the fifth
    sure = np.array([0.4, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1], np.float32)
    tables = [np.tile(row, (4, 1)) for row in (ranks, near, sure)]
    assert search(tables[:2], labels) == (0, 1)
    assert search(tables, labels) == (0, 0, 1)
    assert search(tables[:1], labels) == (1,)


def test_shares_keep_the_proportions_of_the_others():
    assert with_share((0.2, 0.3, 0.5), 2, 0.0) == pytest.approx((0.4, 0.6, 0))
    assert with_share((0.2, 0.3, 0.5), 0, 0.6) == pytest.approx((0.6, 0.15, 0.25))
    assert with_share((1.0, 0.0, 0.0), 0, 0.5) == pytest.approx((0.5, 0.25, 0.25))
    assert with_share((1.0,), 0, 0.5) == (1.0,)
