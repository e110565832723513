"""Maps at the size of the image."""

import numpy as np
import pytest

from swiftalexnet.images.enlarging import enlarged


def test_bilinear_by_hand():
    assert np.allclose(enlarged(np.array([[[0, 4]]], np.float32), (1, 4)), [[[0, 1, 3, 4]]])
    assert np.allclose(enlarged(np.array([[[0.0], [6]]], np.float32), (3, 2)), [[[0, 0], [3, 3], [6, 6]]])


def test_torchs_values():
    ramp = np.arange(4, dtype=np.float32).reshape(1, 1, 4)
    assert enlarged(ramp, (1, 8))[0, 0].tolist() == [0, 0.25, 0.75, 1.25, 1.75, 2.25, 2.75, 3]
    assert enlarged(ramp.transpose(0, 2, 1), (8, 2))[0, :, 1].tolist() == [0, 0.25, 0.75, 1.25, 1.75, 2.25, 2.75, 3]
    assert enlarged(ramp, (1, 2))[0, 0].tolist() == [0.5, 2.5]


def test_nearest_by_hand():
    assert np.array_equal(enlarged(np.array([[[1, 2, 3]]], np.float32), (2, 5), "nearest"), [[[1, 1, 2, 2, 3]] * 2])


@pytest.mark.parametrize("interpolation", ["bilinear", "nearest"])
@pytest.mark.parametrize("size", [(4, 4), (7, 9), (3, 2), (1, 1)])
def test_a_constant_stays_and_the_own_size_is_the_map(interpolation, size):
    assert np.allclose(enlarged(np.full((2, 3, 5), 1.5, np.float32), size, interpolation), 1.5)
    maps = np.random.default_rng(0).standard_normal((2, 3, 5), np.float32)
    assert np.array_equal(enlarged(maps, (3, 5), interpolation), maps)
