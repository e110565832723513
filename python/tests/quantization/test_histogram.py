"""Counts of values: ranges, zeros, shares, and the error of a rounding."""

import numpy as np
import pytest

from swiftalexnet.network.quantization import nearest_rounding
from swiftalexnet.quantization.histogram import BINS, Histogram


def histogram_of(*parts: np.ndarray) -> Histogram:
    made = Histogram()
    for values in parts:
        made.widen(values.astype(np.float32))
    for values in parts:
        made.count(values.astype(np.float32))
    return made


def test_the_range_holds_zero_and_all_parts():
    made = histogram_of(np.array([3.0, 5]), np.array([4.0, 7]))
    assert (made.low, made.high) == (0, 7) and made.counts.sum() == 4
    assert made.counts[-1] == 1 and made.counts[int(3 / 7 * BINS)] == 1
    assert histogram_of(np.array([-2.0, 1])).low == -2


def test_zeros_are_not_counted():
    assert histogram_of(np.array([0.0, 0, 1])).counts.sum() == 1
    empty = histogram_of(np.zeros(9))
    assert empty.low == empty.high == 0 and not empty.counts.any()


def test_values_beyond_the_range_count_as_its_bounds():
    made = Histogram(-1.0, 1.0)
    made.count(np.array([-5, 5, 1e38], np.float32))
    assert made.counts[0] == 1 and made.counts[-1] == 2


@pytest.mark.parametrize("largest", [1e-44, 1e-30, 1.0, 3e38])
def test_any_magnitude(largest):
    made = histogram_of(np.linspace(-largest, largest, 1001).astype(np.float32))
    assert made.counts.sum() == np.count_nonzero(np.linspace(-largest, largest, 1001).astype(np.float32))


def test_shares_are_those_of_numpy():
    values = np.random.default_rng(0).standard_normal(50_000)
    made = histogram_of(values)
    for share in (0.001, 0.01, 0.5, 0.9, 0.999):
        assert made.below(share) == pytest.approx(np.quantile(values, share), abs=0.03)
    assert (made.below(0), made.below(1)) == (pytest.approx(made.low), made.high)


def test_the_error_of_a_rounding_is_that_of_the_values():
    values = np.random.default_rng(0).gamma(0.5, 2, 20_000)
    made = histogram_of(values)
    for top in (made.high, made.high / 2, made.high / 6):
        rounding = nearest_rounding(0, top)
        rounded = np.clip(np.rint(values / rounding.scale), 0, 255) * rounding.scale
        assert made.squared_error(rounding) == pytest.approx(np.square(values - rounded).sum(), rel=0.05)
