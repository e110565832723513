"""Curves that grow while a network trains."""

import numpy as np

from swiftalexnet.plots.live import StepCurve


def test_a_curve_over_steps_keeps_bounded_means():
    curve = StepCurve()
    for step in range(1, 10_241):
        curve.add(step / 1000, step, 2 * step)
    epochs, losses, errors = curve.points().T
    assert 256 <= len(epochs) <= 512
    assert (np.diff(losses) == 32).all() and losses[0] == 16.5, "each the mean of 32 steps"
    assert np.allclose(epochs, losses / 1000) and np.allclose(errors, 2 * losses)
