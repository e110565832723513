"""How a file arranges a parameter: functions from the conventional array to a view of it in the file's order.

Conventional is [out, in / groups, height, width] for a convolution and [out, in] with in = C, H, W for a dense layer.
All of these are views: writing to them fills the conventional array, whatever its strides.
"""

from collections.abc import Callable
from typing import Any

from numpy.typing import NDArray

Array = NDArray[Any]
Layout = Callable[[Array], Array]


def conventional(array: Array) -> Array:
    """PyTorch, Caffe, ONNX: as this package has it."""
    return array


def hwio(array: Array) -> Array:
    """A convolution of TensorFlow and Keras: [height, width, in, out]."""
    return array.transpose(2, 3, 1, 0)


def in_out(array: Array) -> Array:
    """A dense layer as [in, out]."""
    return array.T


def dense_hwc(height: int, width: int) -> Layout:
    """Return the layout of a dense layer behind a map of Keras: [height, width, channels, out]."""

    def layout(array: Array) -> Array:
        return array.reshape(len(array), -1, height, width).transpose(2, 3, 1, 0)

    return layout


def outputs(first: int, last: int, layout: Layout = conventional) -> Layout:
    """Return the layout of a part: outputs `first` to `last`, such as those of one tower."""
    return lambda array: layout(array[first:last])


def inputs(first: int, last: int, layout: Layout = conventional) -> Layout:
    """Return the layout of a part: inputs `first` to `last`."""
    return lambda array: layout(array[:, first:last])


def reversed_channels(layout: Layout) -> Layout:
    """Return the layout of a first convolution that reads blue, green, red."""
    return lambda array: layout(array[:, ::-1])
