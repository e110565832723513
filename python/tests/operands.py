"""Shared by the tests of `sa.ops`: operands and a comparison with a bound."""

import numpy as np
from hypothesis import settings

EPSILON = float(np.finfo(np.float32).eps)

settings.register_profile("ops", deadline=None, max_examples=60, derandomize=True)
settings.load_profile("ops")


def normal(seed, *shape):
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def integers(seed, *shape):
    """Draw whole numbers whose sums float32 holds exactly."""
    return np.random.default_rng(seed).integers(-8, 9, shape).astype(np.float32)


def nhwc(x):
    return np.ascontiguousarray(x.transpose(0, 2, 3, 1))


def nchw(x):
    return np.ascontiguousarray(x.transpose(0, 3, 1, 2))


def assert_close(actual, expected, relative, absolute=0.0):
    """Compare with a bound that is relative to the result and absolute where terms cancel."""
    assert actual.dtype == np.float32 and actual.shape == expected.shape
    error = np.abs(actual - expected)
    bound = relative * np.abs(expected) + absolute
    assert np.all(error <= bound), (
        f"error {error.max():.3g}, {np.max(error / np.maximum(bound, 1e-300)):.3g} times the bound"
    )
