"""Calibration: bins and error as Guo et al. 2017 define them."""

import math

import numpy as np
import pytest

from swiftalexnet.inference.calibration import calibrate


def test_error_by_hand():
    # Bins of a fifth: (0.2, 0.4]: one image at 0.4, wrong; (0.6, 0.8]: 0.7 and 0.8, one right; (0.8, 1]: 0.9, right.
    result = calibrate([0.4, 0.7, 0.8, 0.9], [False, True, False, True], bins=5)
    assert result.counts.tolist() == [0, 1, 0, 2, 1]
    np.testing.assert_allclose(result.confidence, [np.nan, 0.4, np.nan, 0.75, 0.9])
    np.testing.assert_allclose(result.accuracy, [np.nan, 0, np.nan, 0.5, 1])
    assert result.error == pytest.approx(100 * (0.4 + 2 * 0.25 + 0.1) / 4)


def test_a_bin_has_its_upper_end_and_not_its_lower():
    edges = np.linspace(0, 1, 16)
    assert calibrate(edges[1:], np.ones(15)).counts.tolist() == [1] * 15
    assert calibrate(np.nextafter(edges[1:-1], 1), np.ones(14)).counts.tolist() == [0] + [1] * 14
    assert calibrate([0.0], [False]).counts[0] == 1
    assert calibrate(np.nextafter(np.float32([1]), np.float32(2)), [True]).counts[-1] == 1  # rounded up by float32


def test_equals_a_plain_loop_over_bins():
    random = np.random.default_rng(0)
    confidence = random.random(500, np.float32)
    right = random.random(500) < confidence
    expected = 0.0
    for low in np.arange(15) / 15:
        inside = (confidence > low) & (confidence <= low + 1 / 15)
        if inside.any():
            expected += inside.mean() * abs(right[inside].mean() - confidence[inside].mean(dtype=np.float64))
    assert calibrate(confidence, right).error == pytest.approx(100 * expected, rel=1e-9)


def test_no_images_give_nan():
    assert math.isnan(calibrate([], []).error)
