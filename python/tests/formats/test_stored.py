"""Tensors in any order of their axes, read whole and in pieces."""

import itertools

import numpy as np
import pytest

from swiftalexnet.formats.stored import Stored


def stored(array: np.ndarray, order: tuple[int, ...] | None) -> Stored:
    """Return an array whose file has its axes in this order."""
    flat = np.ascontiguousarray(array if order is None else array.transpose(order)).reshape(-1)
    return Stored("w", array.shape, array.dtype, lambda start, stop: flat[start:stop], order)


ARRAY = np.arange(120, dtype=np.float32).reshape(2, 3, 4, 5)


@pytest.mark.parametrize("order", [None, *itertools.permutations(range(4))], ids=str)
@pytest.mark.parametrize("piece", [1, 100, 1 << 20])
def test_every_order(order, piece, monkeypatch):
    monkeypatch.setattr("swiftalexnet.formats.stored.PIECE", piece)
    tensor = stored(ARRAY, order)
    np.testing.assert_array_equal(tensor.array(), ARRAY)
    np.testing.assert_array_equal(tensor.reshaped(6, 20).array(), ARRAY.reshape(6, 20))
    found = np.zeros_like(ARRAY)
    for place, values in tensor.pieces():
        found[place] = values
    np.testing.assert_array_equal(found, ARRAY)


@pytest.mark.parametrize("order", [None, (1, 0)])
def test_transposed(order):
    matrix = ARRAY.reshape(6, 20)
    tensor = stored(matrix, order)
    np.testing.assert_array_equal(tensor.transposed().array(), matrix.T)
    np.testing.assert_array_equal(tensor.transposed().transposed().array(), matrix)
    np.testing.assert_array_equal(tensor.transposed().reshaped(4, 30).array(), matrix.T.reshape(4, 30))


def test_scalars_and_empty_tensors():
    scalar = stored(np.float32(3).reshape(()), None)
    ((place, value),) = scalar.pieces()
    assert place == () and value == 3
    assert list(stored(ARRAY[:0], None).pieces()) == []
    with pytest.raises(ValueError, match="expected 7 values"):
        scalar.reshaped(7)
