"""The networks of the benchmarks as tables, and their weights: every engine builds from the same numbers.

`paper` is the network of 2012, its two towers written as groups; `owt` is the single tower of "One weird trick" as
torchvision ships it; `vgg16` is configuration D of Simonyan and Zisserman. Layers carry the names that `swiftalexnet`
uses.
"""

import math
from typing import NamedTuple

import numpy as np

IMAGE = (3, 224, 224)  # channels, height, width


class Convolution(NamedTuple):
    """A convolution, its bias and ReLU, and what follows them."""

    name: str
    inputs: int  # channels
    outputs: int  # channels
    window: int  # pixels on a side
    stride: int = 1
    padding: tuple[int, int, int, int] = (1, 1, 1, 1)  # zeros at the top, left, bottom, right
    groups: int = 1
    norm: bool = False  # response normalisation across 5 channels: x / (2 + 1e-4 sum of squares) ** 0.75
    pool: int = 0  # the largest of so many pixels on a side, every second pixel; 0 for none

    @property
    def number(self) -> str:
        """Give the digits that relu, norm and pool share with their convolution."""
        return self.name.removeprefix("conv")


class Dense(NamedTuple):
    """A dense layer; all but the last are preceded by dropout of one half and followed by ReLU."""

    name: str
    inputs: int
    outputs: int


class Net(NamedTuple):
    """Convolutions, and what the first of the three dense layers reads."""

    convolutions: tuple[Convolution, ...]
    pooled: tuple[int, int, int]  # channels, height, width


NETS = {
    "paper": Net(
        (
            Convolution("conv1", 3, 96, 11, stride=4, padding=(0, 0, 3, 3), norm=True, pool=3),
            Convolution("conv2", 96, 256, 5, padding=(2, 2, 2, 2), groups=2, norm=True, pool=3),
            Convolution("conv3", 256, 384, 3),
            Convolution("conv4", 384, 384, 3, groups=2),
            Convolution("conv5", 384, 256, 3, groups=2, pool=3),
        ),
        (256, 6, 6),
    ),
    "owt": Net(
        (
            Convolution("conv1", 3, 64, 11, stride=4, padding=(2, 2, 2, 2), pool=3),
            Convolution("conv2", 64, 192, 5, padding=(2, 2, 2, 2), pool=3),
            Convolution("conv3", 192, 384, 3),
            Convolution("conv4", 384, 256, 3),
            Convolution("conv5", 256, 256, 3, pool=3),
        ),
        (256, 6, 6),
    ),
    "vgg16": Net(
        (
            Convolution("conv1_1", 3, 64, 3),
            Convolution("conv1_2", 64, 64, 3, pool=2),
            Convolution("conv2_1", 64, 128, 3),
            Convolution("conv2_2", 128, 128, 3, pool=2),
            Convolution("conv3_1", 128, 256, 3),
            Convolution("conv3_2", 256, 256, 3),
            Convolution("conv3_3", 256, 256, 3, pool=2),
            Convolution("conv4_1", 256, 512, 3),
            Convolution("conv4_2", 512, 512, 3),
            Convolution("conv4_3", 512, 512, 3, pool=2),
            Convolution("conv5_1", 512, 512, 3),
            Convolution("conv5_2", 512, 512, 3),
            Convolution("conv5_3", 512, 512, 3, pool=2),
        ),
        (512, 7, 7),
    ),
}


def dense_layers(variant: str, num_classes: int = 1000) -> tuple[Dense, ...]:
    """Return the three dense layers that all networks end in."""
    return (
        Dense("fc6", math.prod(NETS[variant].pooled), 4096),
        Dense("fc7", 4096, 4096),
        Dense("fc8", 4096, num_classes),
    )


def macs(variant: str, training: bool = False) -> int:
    """Count multiplications of a forward pass of one image, or of a training step; those with padding are counted too.

    A step has three products a layer (forward, gradient of the weights, gradient of the input); nobody needs the
    gradient of the images.
    """
    _, height, width = IMAGE
    products = []
    for row in NETS[variant].convolutions:
        top, left, bottom, right = row.padding
        height = (height + top + bottom - row.window) // row.stride + 1
        width = (width + left + right - row.window) // row.stride + 1
        products.append(row.outputs * height * width * row.inputs // row.groups * row.window**2)
        if row.pool:
            height, width = ((side - row.pool) // 2 + 1 for side in (height, width))
    products += [dense.inputs * dense.outputs for dense in dense_layers(variant)]
    return 3 * sum(products) - products[0] if training else sum(products)


def weight_shapes(variant: str) -> dict[str, tuple[int, ...]]:
    """Give each layer's [out, in/groups, height, width] or [out, in]."""
    rows = NETS[variant].convolutions
    shapes = {row.name: (row.outputs, row.inputs // row.groups, row.window, row.window) for row in rows}
    return shapes | {dense.name: (dense.outputs, dense.inputs) for dense in dense_layers(variant)}


def weights(variant: str, seed: int = 0) -> dict[str, np.ndarray]:
    """Draw float32 weights, their variance 1 over the number of inputs that are summed; biases are 0.1."""
    generator = np.random.default_rng(seed)
    drawn = {}
    for name, shape in weight_shapes(variant).items():
        values = generator.standard_normal(shape, np.float32)
        values *= np.float32(math.sqrt(1 / math.prod(shape[1:])))
        drawn[f"{name}.weight"] = values
        drawn[f"{name}.bias"] = np.full(shape[0], 0.1, np.float32)
    return drawn


def batch(size: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Draw float32 [size, 3, 224, 224], of deviation 16 so that normalisation matters, and int64 labels [size]."""
    generator = np.random.default_rng(seed)
    images = generator.standard_normal((size, *IMAGE), np.float32) * np.float32(16)
    return images, generator.integers(0, 1000, size)
