"""Distances of features against plain float64 numpy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from operands import EPSILON, assert_close, integers, nchw, nhwc, normal

from swiftalexnet import ops

SHAPES = st.tuples(st.integers(1, 3), st.integers(1, 40), st.integers(1, 4), st.integers(1, 4))


def unit(x):
    x = x.astype(np.float64)
    return x / (np.sqrt((x * x).sum(axis=1, keepdims=True)) + 1e-10)


def weights_for(shape):
    return np.abs(normal(3, shape[1]))


def plain_distance(x, y, weights):
    return (weights[:, None, None].astype(np.float64) * (unit(x) - unit(y)) ** 2).sum(axis=1)


def plain_backward(dy, x, y, weights):
    """From the definition, every ∂u_c/∂x_j."""
    norm = np.sqrt((x.astype(np.float64) ** 2).sum(axis=1))
    u = unit(x)
    slope = 2 * weights[:, None, None] * (u - unit(y))
    return dy[:, None] * (slope - u * (slope * u).sum(axis=1)[:, None]) / norm[:, None]


@given(SHAPES)
def test_perceptual_distance(shape):
    x, y, weights = normal(1, *shape), normal(2, *shape), weights_for(shape)
    expected = plain_distance(x, y, weights)
    bound = 40 * shape[1] * EPSILON * weights.max()
    assert_close(ops.perceptual_distance(x, y, weights, spatial=True), expected, 0, bound)
    assert_close(ops.perceptual_distance(nhwc(x), nhwc(y), weights, spatial=True, layout="NHWC"), expected, 0, bound)
    means = expected.mean(axis=(1, 2))
    assert_close(ops.perceptual_distance(x, y, weights), means, 0, bound)
    assert_close(ops.perceptual_distance(nhwc(x), nhwc(y), weights, layout="NHWC"), means, 0, bound)


@given(SHAPES)
def test_gradient(shape):
    x, y, weights = normal(1, *shape) + 2, normal(2, *shape), weights_for(shape)
    dy = normal(4, shape[0], *shape[2:])
    expected = plain_backward(dy, x, y, weights)
    bound = 100 * shape[1] * EPSILON * weights.max() * (np.abs(expected).max() + 1)
    assert_close(ops.perceptual_distance_backward(dy, x, y, weights), expected, 0, bound)
    channels_last = ops.perceptual_distance_backward(dy, nhwc(x), nhwc(y), weights, layout="NHWC")
    assert_close(nchw(channels_last), expected, 0, bound)
    of_means = np.broadcast_to(dy[:, :1, :1] / (shape[2] * shape[3]), dy.shape)
    actual = ops.perceptual_distance_backward(np.ascontiguousarray(dy[:, 0, 0]), x, y, weights)
    assert_close(actual, plain_backward(of_means, x, y, weights), 0, bound)


def test_zeros_have_a_gradient_of_zero():
    x, y = normal(1, 2, 5, 3, 3), normal(2, 2, 5, 3, 3)
    x[0, :, 1, 1] = 0
    gradient = ops.perceptual_distance_backward(np.ones(2, np.float32), x, y, np.ones(5, np.float32))
    assert np.isfinite(gradient).all() and not gradient[0, :, 1, 1].any() and gradient[1].all()


@given(SHAPES)
def test_embedding(shape):
    x, y, weights = normal(1, *shape), normal(2, *shape), weights_for(shape)
    expected = np.sqrt(weights, dtype=np.float64)[:, None, None] * unit(x)
    bound = 20 * EPSILON * np.sqrt(shape[1])
    assert_close(ops.perceptual_embedding(x, weights), expected, bound, bound * 1e-3)
    assert_close(nchw(ops.perceptual_embedding(nhwc(x), weights, layout="NHWC")), expected, bound, bound * 1e-3)
    rows = [ops.perceptual_embedding(each, weights).reshape(shape[0], -1) for each in (x, y)]
    sums = plain_distance(x, y, weights).sum(axis=(1, 2))
    assert_close(ops.squared_distances(*rows).diagonal(), sums, 100 * shape[1] * EPSILON, 1e-6)


@given(st.integers(1, 40), st.integers(1, 20), st.sampled_from([1, 7, 1023, 1024, 1025, 2100]))
def test_squared_distances_of_integers_are_exact(rows, columns, length):
    x, y = integers(1, rows, length), integers(2, columns, length)
    np.testing.assert_array_equal(ops.squared_distances(x, y), ((x[:, None] - y) ** 2).sum(axis=-1))
    np.testing.assert_array_equal(ops.squared_distances(x), ops.squared_distances(x, x))


def test_nearly_equal_rows_keep_their_digits():
    x = np.stack([normal(1, 3000), normal(1, 3000) + np.float32(1e-4)])
    expected = ((x[0].astype(np.float64) - x[1]) ** 2).sum()
    np.testing.assert_allclose(ops.squared_distances(x), [[0, expected], [expected, 0]], rtol=1e-5)


X = normal(1, 2, 5, 3, 4)


@pytest.mark.parametrize(
    ("call", "word"),
    [
        (lambda: ops.perceptual_distance(X, X[:1], X[0, :, 0, 0].copy()), "y has shape"),
        (lambda: ops.perceptual_distance(X, X, np.ones(4, np.float32)), "weights has shape"),
        (lambda: ops.perceptual_distance_backward(np.ones(3, np.float32), X, X, np.ones(5, np.float32)), "dy has"),
        (lambda: ops.perceptual_embedding(X, -np.ones(5, np.float32)), "weight 0 is -1.0, expected at least 0"),
        (lambda: ops.squared_distances(X[0, 0], X[0, 0, :, :2].copy()), "y has shape"),
    ],
)
def test_refusals(call, word):
    with pytest.raises(ValueError, match=word):
        call()
