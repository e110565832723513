"""`ops.locally_connected2d` and its gradient against plain float64 numpy."""

import numpy as np
import numpy_operators as plain
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from operands import EPSILON, assert_close, integers, nchw, nhwc, normal

from swiftalexnet import ops


@st.composite
def local_layers(draw):
    kernel = draw(st.tuples(st.integers(1, 4), st.integers(1, 4)))
    padding = draw(st.tuples(*[st.integers(0, 3)] * 4))
    height, width = draw(st.integers(1, 7)), draw(st.integers(1, 7))
    assume(height + padding[0] + padding[2] >= kernel[0] and width + padding[1] + padding[3] >= kernel[1])
    stride = draw(st.tuples(st.integers(1, 3), st.integers(1, 3)))
    rows = (height + padding[0] + padding[2] - kernel[0]) // stride[0] + 1
    columns = (width + padding[1] + padding[3] - kernel[1]) // stride[1] + 1
    inputs, outputs = draw(st.integers(1, 5)), draw(st.integers(1, 9))
    x = (draw(st.integers(1, 9)), inputs, height, width)
    return x, (rows, columns, outputs, inputs, *kernel), (stride, padding), draw(st.booleans())


@given(local_layers())
def test_locally_connected2d_is_exact_on_integers(case):
    x_shape, w_shape, geometry, with_bias = case
    x, w = integers(1, *x_shape), integers(2, *w_shape)
    b = integers(3, *w_shape[:3]) if with_bias else None
    expected, _ = plain.locally_connected2d(x, w, b, *geometry)
    np.testing.assert_array_equal(ops.locally_connected2d(x, w, b, *geometry), expected)
    np.testing.assert_array_equal(ops.locally_connected2d(x, w, b, *geometry, relu=True), np.maximum(expected, 0))
    last = ops.locally_connected2d(nhwc(x), w, b, *geometry, layout="NHWC")
    np.testing.assert_array_equal(nchw(last), expected)

    dy = integers(4, *expected.shape)
    gradients = plain.locally_connected2d_backward(dy, x, w, *geometry)
    for actual, wanted in zip(ops.locally_connected2d_backward(dy, x, w, *geometry), gradients, strict=True):
        np.testing.assert_array_equal(actual, wanted)
    dx, dw, db = ops.locally_connected2d_backward(nhwc(dy), nhwc(x), w, *geometry, layout="NHWC")
    for actual, wanted in zip((nchw(dx), dw, db), gradients, strict=True):
        np.testing.assert_array_equal(actual, wanted)


@pytest.mark.parametrize("outputs", [32, 64])
def test_locally_connected2d_of_cuda_convnet(outputs):
    x, w, b = normal(1, 16, 64, 6, 6), normal(2, 6, 6, outputs, 64, 3, 3), normal(3, 6, 6, outputs)
    expected, magnitude = plain.locally_connected2d(x, w, b, (1, 1), (1, 1, 1, 1))
    bound = 4 * np.sqrt(9 * 64) * EPSILON * (magnitude + np.abs(b).transpose(2, 0, 1))
    assert_close(ops.locally_connected2d(x, w, b, padding=1), expected, 0, bound)


def test_the_same_weights_everywhere_are_a_convolution():
    x, w, b = integers(1, 9, 3, 5, 6), integers(2, 4, 3, 3, 2), integers(3, 4)
    expected = ops.conv2d(x, w, b, padding=1)
    places = expected.shape[2:]
    local = [np.broadcast_to(a, (*places, *a.shape)) for a in (w, b)]
    np.testing.assert_array_equal(ops.locally_connected2d(x, *local, padding=1), expected)
