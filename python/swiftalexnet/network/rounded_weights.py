"""Weights of eight bits: an integer from -127 to 127 for each, times one scale for each output."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import _native

Float32 = NDArray[np.float32]

LARGEST = 127  # of an integer; the range is symmetrical, so that zero is exact and needs no offset
KINDS = ("convolution", "dense")  # of nodes that the engine computes on integers

_PIECE = 8 << 20  # bytes of temporary arrays


def rounded_parameters(network: _native.Network) -> list[str]:
    """Return the names of the parameters that are rounded; biases and other layers' weights are not."""
    return [f"{name}.weight" for name, kind, *_ in network.nodes() if kind in KINDS]


def round_in_place(weight: Float32) -> Float32:
    """Replace each weight w by q · scale, q being w / scale rounded to the nearest integer, ties to even.

    The engine rounds by the same rule. Rounded weights stay as they are: the scale found for them again is the same
    float32, because dividing by 127, multiplying and dividing again gives the first quotient for every float32 that is
    not subnormal.

    Parameters
    ----------
    weight : array of float32, [outputs, inputs, …]
        Finite, in any memory order.

    Returns
    -------
    array of float32, [outputs]
        The scales: the largest |w| of an output / 127, or 1 where that is below the smallest normal float32; its
        weights then are 0.
    """
    others = tuple(range(1, weight.ndim))
    scales: Float32 = np.maximum(weight.max(others), -weight.min(others)) / np.float32(LARGEST)
    scales[scales < np.finfo(np.float32).tiny] = 1
    for part in _parts(weight):
        np.divide(part, _by_output(scales, part), out=part)
        np.rint(part, out=part)
        np.multiply(part, _by_output(scales, part), out=part)
    return scales


def integers_of(name: str, weight: Float32, scales: Float32) -> NDArray[np.int8]:
    """Return the integers of rounded weights, C-contiguous.

    Raises
    ------
    ValueError
        The weights are not integers times these scales: they have been changed since they were rounded.
    """
    integers = np.empty(weight.shape, np.int8)
    for part, target in zip(_parts(weight), _parts(integers, weight.itemsize), strict=True):
        found = np.rint(part / _by_output(scales, part))
        if not ((np.abs(found) <= LARGEST).all() and np.array_equal(found * _by_output(scales, part), part)):
            raise ValueError(
                f"{name} has been changed since the model was quantised, expected the rounded weights; "
                "change the original model, and quantize() it"
            )
        target[...] = found
    return integers


def restore(integers: NDArray[np.int8], scales: Float32, weight: Float32) -> None:
    """Write integers times scales to `weight`: the same bits that `round_in_place` left.

    Raises
    ------
    ValueError
        An integer is -128, which no weight is rounded to.
    """
    if integers.size and integers.min() < -LARGEST:
        raise ValueError(f"a weight is {integers.min()} times its scale, expected at least -{LARGEST}")
    for part, target in zip(_parts(integers, weight.itemsize), _parts(weight), strict=True):
        np.multiply(part, _by_output(scales, part), out=target)


def _by_output(scales: Float32, weight: NDArray[Any]) -> Float32:
    return scales.reshape(-1, *[1] * (weight.ndim - 1))


def _parts(weight: NDArray[Any], itemsize: int = 0) -> Iterator[NDArray[Any]]:
    """Yield parts of all outputs and some inputs, which lie together in the engine's memory."""
    row = weight.size // weight.shape[1] * (itemsize or weight.itemsize)
    count = max(1, _PIECE // row)
    for first in range(0, weight.shape[1], count):
        yield weight[:, first : first + count]
