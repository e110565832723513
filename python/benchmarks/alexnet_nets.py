"""The two networks of the benchmarks as tables, and their weights: every engine builds from the same numbers.

`paper` is the network of 2012, its two towers written as groups; `owt` is the single tower of "One weird trick" as
torchvision ships it. Layers carry the names that `swiftalexnet` uses.
"""

import math
from typing import NamedTuple

import numpy as np


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
    pool: bool = False  # the largest of 3 x 3 pixels, every second pixel

    @property
    def number(self) -> str:
        """Give the digit that relu, norm and pool share with their convolution."""
        return self.name[-1]


class Dense(NamedTuple):
    """A dense layer; all but the last are preceded by dropout of one half and followed by ReLU."""

    name: str
    inputs: int
    outputs: int


CONVOLUTIONS = {
    "paper": (
        Convolution("conv1", 3, 96, 11, stride=4, padding=(0, 0, 3, 3), norm=True, pool=True),
        Convolution("conv2", 96, 256, 5, padding=(2, 2, 2, 2), groups=2, norm=True, pool=True),
        Convolution("conv3", 256, 384, 3),
        Convolution("conv4", 384, 384, 3, groups=2),
        Convolution("conv5", 384, 256, 3, groups=2, pool=True),
    ),
    "owt": (
        Convolution("conv1", 3, 64, 11, stride=4, padding=(2, 2, 2, 2), pool=True),
        Convolution("conv2", 64, 192, 5, padding=(2, 2, 2, 2), pool=True),
        Convolution("conv3", 192, 384, 3),
        Convolution("conv4", 384, 256, 3),
        Convolution("conv5", 256, 256, 3, pool=True),
    ),
}
POOLED = (256, 6, 6)  # channels, height, width of what fc6 reads


def dense_layers(num_classes: int = 1000) -> tuple[Dense, ...]:
    """Both networks end in the same three dense layers."""
    return (
        Dense("fc6", math.prod(POOLED), 4096),
        Dense("fc7", 4096, 4096),
        Dense("fc8", 4096, num_classes),
    )


def weights(variant: str, seed: int = 0) -> dict[str, np.ndarray]:
    """Draw float32 [out, in/groups, height, width] and [out, in], of variance 1 over the inputs summed; biases 0.1."""
    generator = np.random.default_rng(seed)
    shapes = {c.name: (c.outputs, c.inputs // c.groups, c.window, c.window) for c in CONVOLUTIONS[variant]}
    shapes |= {dense.name: (dense.outputs, dense.inputs) for dense in dense_layers()}
    drawn = {}
    for name, shape in shapes.items():
        deviation = np.float32(math.sqrt(1 / math.prod(shape[1:])))
        drawn[f"{name}.weight"] = generator.standard_normal(shape, np.float32) * deviation
        drawn[f"{name}.bias"] = np.full(shape[0], 0.1, np.float32)
    return drawn


def batch(size: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Draw float32 [size, 3, 224, 224], of deviation 16 so that normalisation matters, and int64 labels [size]."""
    generator = np.random.default_rng(seed)
    images = generator.standard_normal((size, 3, 224, 224), np.float32) * np.float32(16)
    return images, generator.integers(0, 1000, size)
