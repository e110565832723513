"""`ops.conv2d` and its gradient against plain float64 numpy."""

import numpy as np
import numpy_operators as plain
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from operands import EPSILON, assert_close, integers, nchw, nhwc, normal

from swiftalexnet import ops


@st.composite
def convolutions(draw):
    groups = draw(st.sampled_from([1, 1, 2, 3]))
    kernel = draw(st.tuples(st.integers(1, 4), st.integers(1, 4)))
    padding = draw(st.tuples(*[st.integers(0, 3)] * 4))
    height, width = draw(st.integers(1, 9)), draw(st.integers(1, 9))
    assume(height + padding[0] + padding[2] >= kernel[0] and width + padding[1] + padding[3] >= kernel[1])
    inputs, outputs = groups * draw(st.integers(1, 5)), groups * draw(st.integers(1, 9))
    return {
        "x": (draw(st.integers(1, 3)), inputs, height, width),
        "w": (outputs, inputs // groups, *kernel),
        "stride": draw(st.tuples(st.integers(1, 3), st.integers(1, 3))),
        "padding": padding,
        "groups": groups,
    }


@given(convolutions(), st.booleans())
def test_conv2d_is_exact_on_integers(case, with_bias):
    x, w = integers(1, *case["x"]), integers(2, *case["w"])
    b = integers(3, w.shape[0]) if with_bias else None
    geometry = (case["stride"], case["padding"], case["groups"])
    expected, _ = plain.conv2d(x, w, b, *geometry)
    np.testing.assert_array_equal(ops.conv2d(x, w, b, *geometry), expected)
    np.testing.assert_array_equal(ops.conv2d(x, w, b, *geometry, relu=True), np.maximum(expected, 0))
    np.testing.assert_array_equal(nchw(ops.conv2d(nhwc(x), w, b, *geometry, layout="NHWC")), expected)


@given(convolutions())
def test_conv2d_backward_is_exact_on_integers(case):
    x, w = integers(1, *case["x"]), integers(2, *case["w"])
    geometry = (case["stride"], case["padding"], case["groups"])
    dy = integers(4, *plain.conv2d(x, w, None, *geometry)[0].shape)
    expected = plain.conv2d_backward(dy, x, w, *geometry)
    for actual, wanted in zip(ops.conv2d_backward(dy, x, w, *geometry), expected, strict=True):
        np.testing.assert_array_equal(actual, wanted)
    dx, dw, db = ops.conv2d_backward(nhwc(dy), nhwc(x), w, *geometry, layout="NHWC")
    for actual, wanted in zip((nchw(dx), dw, db), expected, strict=True):
        np.testing.assert_array_equal(actual, wanted)


# Input channels, size, output channels, kernel, stride, padding, groups: the paper's layers, smaller images.
PAPER_LAYERS = [
    (3, 47, 96, 11, 4, (0, 0, 3, 3), 1),
    (96, 13, 256, 5, 1, 2, 2),
    (256, 7, 384, 3, 1, 1, 1),
    (384, 7, 384, 3, 1, 1, 2),
]


@pytest.mark.parametrize(("inputs", "size", "outputs", "kernel", "stride", "padding", "groups"), PAPER_LAYERS)
def test_conv2d_of_the_paper(inputs, size, outputs, kernel, stride, padding, groups):
    x, w = normal(1, 2, inputs, size, size), normal(2, outputs, inputs // groups, kernel, kernel)
    b = normal(3, outputs)
    sides = padding if isinstance(padding, tuple) else (padding,) * 4
    expected, magnitude = plain.conv2d(x, w, b, (stride, stride), sides, groups)
    terms = w[0].size
    bound = 4 * np.sqrt(terms) * EPSILON * (magnitude + np.abs(b)[:, None, None])
    assert_close(ops.conv2d(x, w, b, stride, padding, groups), expected, 0, bound)


def test_padding_and_stride_may_be_given_short():
    x, w = integers(1, 1, 2, 6, 7), integers(2, 3, 2, 3, 3)
    full = ops.conv2d(x, w, stride=(2, 2), padding=(1, 2, 1, 2))
    np.testing.assert_array_equal(ops.conv2d(x, w, stride=2, padding=(1, 2)), full)
    np.testing.assert_array_equal(ops.conv2d(x, w, padding=1), ops.conv2d(x, w, padding=(1, 1, 1, 1)))
