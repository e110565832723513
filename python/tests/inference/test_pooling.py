"""Feature maps as one number a channel."""

import numpy as np
import pytest

from swiftalexnet.inference.pooling import POOLS


@pytest.fixture
def maps() -> np.ndarray:
    return np.random.default_rng(0).normal(0, 3, (5, 13, 11, 7)).astype(np.float32)


def reference(maps: np.ndarray, pool: str) -> np.ndarray:
    """Pool in float64, value by value."""
    values = maps.astype(np.float64).reshape(len(maps), -1, maps.shape[-1])
    if pool == "avg":
        return values.mean(axis=1)
    if pool == "max":
        return values.max(axis=1)
    return (np.maximum(values, 1e-6) ** 3).mean(axis=1) ** (1 / 3)


@pytest.mark.parametrize("pool", POOLS)
def test_as_in_float64(pool, maps):
    found = POOLS[pool](maps)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, reference(maps, pool), rtol=2e-6, atol=1e-6)


@pytest.mark.parametrize("pool", ["avg", "max"])
def test_integers_are_exact(pool):
    maps = np.random.default_rng(1).integers(-99, 99, (3, 8, 16, 4)).astype(np.float32)
    assert np.array_equal(POOLS[pool](maps), reference(maps, pool))


def test_a_large_map_loses_no_digits():
    maps = np.random.default_rng(2).random((2, 224, 224, 3), np.float32) + 1000
    np.testing.assert_allclose(POOLS["avg"](maps), reference(maps, "avg"), rtol=3e-7)


@pytest.mark.parametrize("size", [1e-5, 1.0, 1e30])
def test_the_generalised_mean_lies_between_mean_and_maximum(size, maps):
    positive = np.abs(maps) * np.float32(size)
    mean, general, largest = (POOLS[pool](positive) for pool in ("avg", "gem", "max"))
    assert np.isfinite(general).all() and (mean <= general * 1.00001).all() and (general <= largest * 1.00001).all()


@pytest.mark.parametrize("pool", POOLS)
def test_one_position_is_the_value_itself(pool):
    maps = np.array([[[[3.0, 0.5]]]], np.float32)
    np.testing.assert_allclose(POOLS[pool](maps), [[3.0, 0.5]], rtol=1e-6)
