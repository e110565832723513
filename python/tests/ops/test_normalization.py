"""Response normalisation across channels and within maps against plain float64 numpy."""

import numpy as np
import numpy_operators as plain
from hypothesis import given
from hypothesis import strategies as st
from operands import EPSILON, assert_close, nchw, nhwc, normal

from swiftalexnet import ops


@given(
    st.tuples(st.integers(1, 2), st.integers(1, 40), st.integers(1, 4), st.integers(1, 4)),
    st.sampled_from([1, 3, 5, 9]),
    st.sampled_from([(1e-4, 0.75, 2.0), (0.5, 0.75, 1.0), (0.1, 0.5, 2.0), (0.3, 1.0, 0.7)]),
    st.booleans(),
)
def test_local_response_norm(shape, size, constants, alpha_over_n):
    x, dy = 3 * normal(1, *shape), normal(2, *shape)
    arguments = (size, *constants, alpha_over_n)
    bound = 3 * size * EPSILON
    expected = plain.local_response_norm(x, *arguments)
    assert_close(ops.local_response_norm(x, *arguments), expected, max(bound, 10 * EPSILON))
    assert_close(nchw(ops.local_response_norm(nhwc(x), *arguments, layout="NHWC")), expected, max(bound, 10 * EPSILON))
    dx = plain.local_response_norm_backward(dy, x, *arguments)
    scale = 10 * bound * (np.abs(dx).max() + 1)
    assert_close(ops.local_response_norm_backward(dy, x, *arguments), dx, 0, scale)
    actual = ops.local_response_norm_backward(nhwc(dy), nhwc(x), *arguments, layout="NHWC")
    assert_close(nchw(actual), dx, 0, scale)


@given(
    st.tuples(st.integers(1, 2), st.integers(1, 20), st.integers(1, 8), st.integers(1, 8)),
    st.sampled_from([1, 2, 3, 4, 5, 9]),
    st.sampled_from([(1e-3, 0.75, 1.0), (0.5, 0.75, 2.0), (0.1, 0.5, 2.0), (0.3, 1.0, 0.7)]),
    st.booleans(),
)
def test_spatial_response_norm(shape, size, constants, alpha_over_n):
    x, dy = 3 * normal(1, *shape), normal(2, *shape)
    arguments = (size, *constants, alpha_over_n)
    bound = max(3 * size**2, 10) * EPSILON
    expected = plain.spatial_response_norm(x, *arguments)
    assert_close(ops.spatial_response_norm(x, *arguments), expected, bound)
    assert_close(nchw(ops.spatial_response_norm(nhwc(x), *arguments, layout="NHWC")), expected, bound)
    dx = plain.spatial_response_norm_backward(dy, x, *arguments)
    scale = 10 * bound * (np.abs(dx).max() + 1)
    assert_close(ops.spatial_response_norm_backward(dy, x, *arguments), dx, 0, scale)
    actual = ops.spatial_response_norm_backward(nhwc(dy), nhwc(x), *arguments, layout="NHWC")
    assert_close(nchw(actual), dx, 0, scale)
