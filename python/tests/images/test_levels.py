"""Conversion of numbers of a range to bytes: rounded, checked, never guessed."""

import numpy as np
import pytest
from support import labelled_images

import swiftalexnet as sa
from swiftalexnet.images.levels import as_value_range, to_bytes


@pytest.mark.parametrize("dtype", [np.bool_, np.int8, np.uint16, np.int64, np.float16, np.float32, np.float64])
def test_black_is_0_and_white_255(dtype):
    values = np.array([[0, 1]], dtype)
    assert to_bytes(values, (0.0, 1.0), "work").tolist() == [[0, 255]]


def test_levels_are_rounded_to_the_nearest():
    values = np.linspace(-2, 3, 1001)
    levels = (values + 2) * 51
    found = to_bytes(values, (-2.0, 3.0), "work")
    assert np.abs(found - levels).max() <= 0.5 + 1e-9 and found.dtype == np.uint8
    every = np.arange(256) / 255
    assert to_bytes(every, (0.0, 1.0), "work").tolist() == list(range(256))
    assert to_bytes(every.astype(np.float32), (0.0, 1.0), "work").tolist() == list(range(256))


def test_a_narrow_range_far_from_zero_keeps_its_levels():
    values = np.arange(256, dtype=np.int32) + 2_000_000_000
    assert to_bytes(values, (2e9, 2e9 + 255), "work").tolist() == list(range(256))


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -0.1, 1.1])
def test_values_outside_the_range_are_refused(wrong):
    for shape in ((2, 2), (2, 2, 2, 1)):
        values = np.zeros(shape)
        values[(-1,) * values.ndim] = wrong
        with pytest.raises(ValueError, match=r"work: images hold values outside value_range \(0.0, 1.0\)"):
            to_bytes(values, (0.0, 1.0), "work")


@pytest.mark.parametrize("dtype", [complex, object, "U1", "M8[s]"])
def test_anything_but_numbers_is_refused(dtype):
    with pytest.raises(TypeError, match="work: images have dtype"):
        to_bytes(np.zeros((2, 2), dtype), (0.0, 1.0), "work")


@pytest.mark.parametrize(
    "value", [3, "01", (1,), (0, 1, 2), ("0", "1"), (None, 1), [[0], [1]], {0, 1}, (10**5000, 1), object()]
)
def test_a_range_is_two_numbers(value):
    with pytest.raises(TypeError, match="work: value_range is .*expected two numbers"):
        as_value_range(value, "work")


@pytest.mark.parametrize("value", [(1, 0), (0, 0), (0, np.inf), (np.nan, 1)])
def test_a_range_has_black_below_white(value):
    with pytest.raises(ValueError, match="work: value_range is .*black < white"):
        as_value_range(value, "work")


def test_no_range_and_ranges_of_any_kind():
    assert as_value_range(None, "work") is None
    assert as_value_range(np.array([0, 255]), "work") == as_value_range([0, 255], "work") == (0.0, 255.0)


def test_array_datasets_take_a_range():
    images, labels = labelled_images(5)
    for values, value_range in ((images / 255, (0, 1)), (images.astype(np.uint16) * 257, (0, 65535))):
        with pytest.raises(TypeError, match="ArrayDataset: images have dtype .*expected uint8: value_range="):
            sa.ArrayDataset(values, labels)
        assert np.array_equal(sa.ArrayDataset(values, labels, value_range=value_range).images, images)
    with pytest.raises(TypeError, match="masked"):
        sa.ArrayDataset(np.ma.masked_array(images / 255), labels, value_range=(0, 1))
    with pytest.raises(TypeError, match="ArrayDataset: value_range"):
        sa.ArrayDataset(images, labels, value_range="01")
    with pytest.raises(TypeError, match="ImageFolder: value_range"):
        sa.ImageFolder(".", value_range=1)
