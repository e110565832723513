"""Weights of cuda-convnet's layers as parts of parameters.

A convolution has a matrix [in · height · width, out] for each layer that it reads, a dense layer [in, out] in Fortran
order, with in = C, H, W; a locally connected layer [y · x · in · height · width, out]. Biases are columns or rows of
out, those of a locally connected layer of out · y · x.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from ..chain import Part
from ..layouts import Array, Layout, conventional, inputs, outputs
from ..stored import Stored
from .layers import Layer

Arrange = Callable[[Stored, int], tuple[Stored, Layout]]


class Weights(NamedTuple):
    """The parts of a node's parameters, by "weight" and "bias", and the width of each tower."""

    widths: list[int]
    parameters: dict[str, list[Part]]


def convolution_weights(
    stage: Sequence[Layer],
    tensors: Mapping[str, Stored],
    read: Mapping[str, int],
    kernel: int,
    groups: int,
    apart: bool,
) -> Weights:
    """Return those of a convolution; `read` has the channels of the layers read, `groups` are those of a tower."""

    def arrange(matrix: Stored, channels: int) -> tuple[Stored, Layout]:
        return matrix.reshaped(channels // groups, kernel, kernel, matrix.shape[1]), _kernels

    return _weights(stage, tensors, read, 1, apart, arrange)


def dense_weights(
    stage: Sequence[Layer], tensors: Mapping[str, Stored], read: Mapping[str, int], places: int, apart: bool
) -> Weights:
    """Return those of a dense layer; `places` are the pixels of a map that it reads."""
    return _weights(stage, tensors, read, places, apart, lambda matrix, _: (matrix.transposed(), conventional))


def local_weights(layer: Layer, tensors: Mapping[str, Stored], channels: int, kernel: int, side: int) -> Weights:
    """Return those of a locally connected layer with `side` × `side` outputs."""
    matrix = _matrix(layer, tensors, 0)
    width = matrix.shape[1]
    weight = matrix.reshaped(side, side, channels, kernel, kernel, width)
    parameters = {"weight": [Part(weight, lambda array: array.transpose(0, 1, 3, 4, 5, 2))]}
    if (bias := tensors.get(f"{layer.name}.biases")) is not None:
        parameters["bias"] = [Part(bias.reshaped(width, side, side), lambda array: array.transpose(2, 0, 1))]
    return Weights([width], parameters)


def _weights(
    stage: Sequence[Layer],
    tensors: Mapping[str, Stored],
    read: Mapping[str, int],
    places: int,
    apart: bool,
    arrange: Arrange,
) -> Weights:
    names = list(read)
    starts = {name: sum(read[each] for each in names[:place]) for place, name in enumerate(names)}
    widths: list[int] = []
    weight, bias = [], []
    for layer in stage:
        first = sum(widths)
        width = _matrix(layer, tensors, 0).shape[1]
        for place, name in enumerate(layer.inputs):
            stored, layout = arrange(_matrix(layer, tensors, place), read[name])
            if len(names) > 1 and not apart:
                layout = inputs(starts[name] * places, (starts[name] + read[name]) * places, layout)
            weight.append(Part(stored, outputs(first, first + width, layout)))
        if (biases := tensors.get(f"{layer.name}.biases")) is not None:
            bias.append(Part(biases.reshaped(width), outputs(first, first + width)))
        widths.append(width)
    return Weights(widths, {"weight": weight, "bias": bias})


def _kernels(array: Array) -> Array:
    return array.transpose(1, 2, 3, 0)


def _matrix(layer: Layer, tensors: Mapping[str, Stored], place: int) -> Stored:
    name = f"{layer.name}.weights[{place}]"
    if name not in tensors or len(tensors[name].shape) != 2:
        raise ValueError(f"{name} is not a matrix of numbers")
    return tensors[name]
