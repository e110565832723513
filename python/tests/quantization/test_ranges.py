"""The range that eight bits hold: by percentile, by least error, of tensors that are hardly any."""

import numpy as np
import pytest
from quantization.test_histogram import histogram_of

from swiftalexnet.network.quantization import Rounding, nearest_rounding
from swiftalexnet.quantization.ranges import METHODS, range_of


@pytest.mark.parametrize("method", METHODS)
def test_of_values_that_are_never_negative_all_levels_are_above_zero(method):
    rounding = range_of(histogram_of(np.abs(np.random.default_rng(0).standard_normal(9999))), method, 99.9)
    assert rounding.zero_point == 0 and 2 < rounding.range[1] < 5


def test_a_percentile_is_clipped_on_both_sides():
    values = np.concatenate([np.random.default_rng(0).uniform(-1, 3, 100_000), [-50, 90]])
    low, high = range_of(histogram_of(values), "percentile", 99.9).range
    assert low == pytest.approx(-1, abs=0.1) and high == pytest.approx(3, abs=0.1)
    low, high = range_of(histogram_of(values), "percentile", 100).range
    assert low == pytest.approx(-50, abs=0.5) and high == pytest.approx(90, abs=0.5)


def test_zeros_have_no_say():
    """A ReLU that is hardly ever open: its few values are not clipped to nothing."""
    values = np.zeros(1_000_000)
    values[:20] = np.linspace(1, 2, 20)
    assert range_of(histogram_of(values), "percentile", 99.9).range[1] == pytest.approx(2, abs=0.05)


@pytest.mark.parametrize("sign", [1, -1])
def test_least_error_is_no_more_than_that_of_other_ranges(sign):
    values = np.concatenate([sign * np.random.default_rng(0).gamma(1, 1, 50_000), [sign * 100.0, -sign * 3.0]])
    made = histogram_of(values)
    least = made.squared_error(range_of(made, "mse", 0))
    for fraction in (1, 0.6, 0.3, 0.15):
        others = nearest_rounding(made.low * fraction, made.high * fraction)
        assert least <= made.squared_error(others)
    assert least < 0.95 * made.squared_error(nearest_rounding(made.low, made.high))


@pytest.mark.parametrize("method", METHODS)
def test_degenerate_tensors(method):
    assert range_of(histogram_of(np.zeros(5)), method, 99.9) == Rounding(1.0, 0)
    for value in (2.55, -2.55, 1e-38, 3e38):
        low, high = range_of(histogram_of(np.full(50, value)), method, 99.9).range
        assert low <= 0 <= high
        if abs(value) > 1e-37:
            assert max(-low, high) == pytest.approx(abs(value), rel=0.01)
