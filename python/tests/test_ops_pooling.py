"""Pooling operators against plain float64 numpy."""

import numpy as np
import numpy_operators as plain
from hypothesis import assume, given
from hypothesis import strategies as st
from operands import EPSILON, assert_close, integers, nchw, nhwc, normal

from swiftalexnet import ops


@st.composite
def poolings(draw):
    kernel = draw(st.tuples(st.integers(1, 4), st.integers(1, 4)))
    padding = tuple(draw(st.integers(0, side - 1)) for side in (kernel * 2))
    height, width = draw(st.integers(1, 10)), draw(st.integers(1, 10))
    assume(height + padding[0] + padding[2] >= kernel[0] and width + padding[1] + padding[3] >= kernel[1])
    stride = draw(st.tuples(st.integers(1, 4), st.integers(1, 4)))
    shape = (draw(st.integers(1, 3)), draw(st.integers(1, 20)), height, width)
    return shape, (kernel, stride, padding, draw(st.booleans()))


@given(poolings())
def test_max_pool2d(case):
    shape, geometry = case
    x = integers(1, *shape)
    expected = plain.max_pool2d(x, *geometry)
    np.testing.assert_array_equal(ops.max_pool2d(x, *geometry), expected)
    np.testing.assert_array_equal(nchw(ops.max_pool2d(nhwc(x), *geometry, layout="NHWC")), expected)
    dy = integers(2, *expected.shape)
    dx = plain.max_pool2d_backward(dy, x, *geometry)
    np.testing.assert_array_equal(ops.max_pool2d_backward(dy, x, *geometry), dx)
    np.testing.assert_array_equal(nchw(ops.max_pool2d_backward(nhwc(dy), nhwc(x), *geometry, layout="NHWC")), dx)


@given(poolings(), st.booleans())
def test_avg_pool2d(case, count_include_pad):
    shape, geometry = case
    x = normal(1, *shape)
    arguments = (*geometry, count_include_pad)
    expected = plain.avg_pool2d(x, *arguments)
    magnitude = plain.avg_pool2d(np.abs(x), *arguments)
    assert_close(ops.avg_pool2d(x, *arguments), expected, 0, 10 * EPSILON * magnitude)
    assert_close(nchw(ops.avg_pool2d(nhwc(x), *arguments, layout="NHWC")), expected, 0, 10 * EPSILON * magnitude)
    dy = normal(2, *expected.shape)
    dx = plain.avg_pool2d_backward(dy, shape, *arguments)
    bound = 10 * EPSILON * plain.avg_pool2d_backward(np.abs(dy), shape, *arguments)
    assert_close(ops.avg_pool2d_backward(dy, shape, *arguments), dx, 0, bound)
    channels_last = (shape[0], shape[2], shape[3], shape[1])
    actual = ops.avg_pool2d_backward(nhwc(dy), channels_last, *arguments, layout="NHWC")
    assert_close(nchw(actual), dx, 0, bound)


def test_pooling_strides_by_its_kernel_unless_told():
    x = integers(1, 1, 2, 6, 6)
    np.testing.assert_array_equal(ops.max_pool2d(x, 2), ops.max_pool2d(x, 2, 2))
    np.testing.assert_array_equal(ops.avg_pool2d(x, 3), ops.avg_pool2d(x, (3, 3), (3, 3), 0))


def test_ceil_mode_lets_the_last_window_pass_the_edge():
    x = integers(1, 1, 3, 8, 8)
    assert ops.max_pool2d(x, 3, 2).shape == (1, 3, 3, 3)
    assert ops.max_pool2d(x, 3, 2, ceil_mode=True).shape == (1, 3, 4, 4)
