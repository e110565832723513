"""Weights of eight bits: the rule, that it leaves rounded weights as they are, and the way back."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from support import tiny_model

from swiftalexnet.network import rounded_weights
from swiftalexnet.network.rounded_weights import integers_of, restore, round_in_place, rounded_parameters


def random_weights(*shape: int, seed: int = 0) -> np.ndarray:
    """Return weights as the engine holds them: the outputs lie closest together."""
    values = np.random.default_rng(seed).standard_normal(shape[1:] + shape[:1], np.float32)
    return np.moveaxis(values, -1, 0)


def test_each_output_has_its_scale_and_ties_go_to_the_even_integer():
    weight = np.array([[127, -1.5, 0.5, 2.5], [-254, 3, 1, 5]], np.float32)
    assert_array_equal(round_in_place(weight), [1, 2])
    assert_array_equal(weight, [[127, -2, 0, 2], [-254, 4, 0, 4]])


@pytest.mark.parametrize("shape", [(7, 5), (6, 4, 3, 3), (1, 1)])
@pytest.mark.parametrize("piece", [1, 8 << 20])
def test_the_integers_give_the_same_bits(shape, piece, monkeypatch):
    monkeypatch.setattr(rounded_weights, "_PIECE", piece)
    weight = random_weights(*shape)
    given = weight.copy()
    scales = round_in_place(weight)
    broad = scales.reshape(-1, *[1] * (weight.ndim - 1))
    assert (np.abs(weight - given) <= broad * 0.5001).all()
    integers = integers_of("w", weight, scales)
    assert integers.dtype == np.int8 and integers.flags.c_contiguous
    assert (np.abs(integers).reshape(len(integers), -1).max(1) == 127).all()
    back = np.empty_like(weight)
    restore(integers, scales, back)
    assert_array_equal(back, weight)


def test_rounded_weights_and_their_scales_stay_as_they_are():
    """For every mantissa: the largest weight of an output is 127 scales, and gives the same scale again."""
    largest = (np.arange(0, 2**23, 7, dtype=np.uint32) + 0x3F80_0000).view(np.float32)
    for weight in (largest[:, None].copy(), np.float32(1e-37) * largest[:, None], random_weights(300, 40)):
        scales = round_in_place(weight)
        once = weight.copy()
        assert_array_equal(round_in_place(weight), scales)
        assert_array_equal(weight, once)


def test_outputs_too_small_to_scale_become_zero():
    weight = np.array([[0, 0], [1e-38, -1e-39], [1, -1]], np.float32)
    assert_array_equal(round_in_place(weight)[:2], [1, 1])
    assert_array_equal(weight, [[0, 0], [0, 0], [1, -1]])


def test_weights_that_were_changed_are_refused():
    weight = random_weights(3, 4)
    scales = round_in_place(weight)
    for changed in (weight * 2, weight + np.float32(1e-6), np.full_like(weight, np.nan)):
        with pytest.raises(ValueError, match=r"conv1\.weight has been changed since"):
            integers_of("conv1.weight", changed, scales)


def test_an_integer_that_no_weight_is_rounded_to_is_refused():
    with pytest.raises(ValueError, match="-128 times its scale"):
        restore(np.array([[-128, 1]], np.int8), np.ones(1, np.float32), np.empty((1, 2), np.float32))


def test_convolutions_and_dense_layers_are_rounded():
    assert rounded_parameters(tiny_model().network) == ["conv1.weight", "conv2.weight", "fc6.weight", "fc8.weight"]
