"""Keras's names for layers and weights, where a file has no graph: .h5 of weights, dictionaries of arrays.

Keras's VGG has block1_conv1 … block5_conv4, fc1, fc2, predictions; other models have conv2d, conv2d_1, …, dense, ….
"""

import math
import re
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from ...errors import UnsupportedError
from ...network.catalog import catalog
from ...preprocessing.preprocessing import Preprocessing
from .. import mean_pixels
from ..chain import Chain, Part
from ..layouts import dense_hwc, hwio, in_out
from ..stored import Stored
from ..variants import Layer, chain_of

# "block1_conv1/block1_conv1_W_1:0", "conv2d/kernel:0", "batch_normalization/moving_mean:0"
_ROLE = re.compile(
    r"(?:^|[_/])(kernel|bias|gamma|beta|moving_mean|moving_variance|mean|variance|count|W|b)(?:_\d+)?(?::\d+)?$"
)
_ROLES = {"W": "kernel", "b": "bias"}
_VGG = re.compile(r"block[1-5]_conv[1-4]$")
_CONVOLUTIONS = {13: "vgg-D", 16: "vgg-E"}


def role_of(name: str) -> str:
    """Return what a weight is, "kernel" or "bias" for most; its name if that does not say."""
    found = _ROLE.search(name)
    return _ROLES.get(found[1], found[1]) if found else name


def is_keras_vgg(names: Iterable[str]) -> bool:
    """Whether layers are called as in Keras's VGG, whose weights came from Caffe and read blue, green, red."""
    return any(_VGG.match(name) for name in names)


def vgg_preprocessing(size: int) -> Preprocessing:
    """Return that of Keras's VGG: images squeezed to the input as `load_img` does, channels blue, green, red."""
    return Preprocessing(size, size, np.array(mean_pixels.VGG, np.float32), resample="bilinear", warp=True)


def has_keras_names(names: Iterable[str]) -> bool:
    """Whether some names are those of kernels of Keras, such as "block1_conv1/kernel:0"."""
    return any((found := _ROLE.search(name)) and found.start() and role_of(name) == "kernel" for name in names)


def keras_chain(tensors: Mapping[str, Stored], variant: str | None, place: str) -> Chain:
    """Return the network whose weights have Keras's names, such as "block1_conv1/kernel:0" or "fc1_b".

    Raises
    ------
    ValueError
        They fit no network of the catalogue.
    """
    layers: dict[str, dict[str, Stored]] = {}
    for name, tensor in tensors.items():
        found = _ROLE.search(name)
        if found is None or not (owner := name[: found.start()]):
            raise ValueError(f"{place}: {name} is no weight of a layer that Keras names")
        layers.setdefault(owner.rpartition("/")[2], {})[role_of(name)] = tensor
    return chain_of_layers(sorted(layers.items(), key=lambda item: _order(item[0])), variant, place)


def chain_of_layers(weights: Iterable[tuple[str, Mapping[str, Stored]]], variant: str | None, place: str) -> Chain:
    """Return the network of the catalogue that layers in the order of computation fit, or the variant with them.

    Raises
    ------
    ValueError
        None fits.
    UnsupportedError
        There is a layer that needs the graph.
    """
    layers, channels = [], 0
    for name, roles in weights:
        if "moving_mean" in roles or "gamma" in roles:
            raise UnsupportedError(f"{place}: {name} is a normalisation, which needs the model's graph: save the model")
        if (kernel := roles.get("kernel")) is None:
            raise ValueError(f"{place}: {name} has no kernel")
        layer = _layer(name, kernel, roles.get("bias"), channels, place)
        channels = layer.shape[0] if len(layer.shape) == 4 else 0
        layers.append(layer)
    is_vgg = is_keras_vgg(layer.name for layer in layers)
    names = _candidates([layer.name for layer in layers]) if variant is None else [variant]
    only_features = bool(layers) and all(len(layer.shape) == 4 for layer in layers)
    chain = chain_of(layers, names, place, only_features, say_which=True)
    if is_vgg and chain.input[0] == 3:
        as_keras_vgg(chain)
    else:
        chain.notes.append(
            "the file has weights alone, without the names of Keras's VGG: red, green, blue was assumed, prepared as "
            f"the authors of {chain.variant} did; strides, pads and norms are those of {chain.variant}"
        )
    return chain


def _candidates(layers: Sequence[str]) -> list[str]:
    """Return the variants that layers of these names may be; keras.applications has 16 and 19 layers."""
    convolutions = sum(_VGG.match(name) is not None for name in layers)
    if convolutions in _CONVOLUTIONS:
        return [_CONVOLUTIONS[convolutions]]
    return [name for name in catalog() if name.startswith("vgg") or not convolutions]


def as_keras_vgg(chain: Chain) -> None:
    """Say of a chain with the layers of Keras's VGG that it reads what that does."""
    chain.reads_bgr, chain.preprocessing = True, vgg_preprocessing(chain.input[1])
    chain.notes.append(
        "the layers have the names of Keras's VGG: blue, green, red minus 103.939, 116.779, 123.68 was assumed"
    )


def _layer(name: str, kernel: Stored, bias: Stored | None, channels: int, place: str) -> Layer:
    """Return a layer; `channels` are those of the map before a dense layer, 0 if there is none."""
    part = None if bias is None else Part(bias)
    if len(kernel.shape) == 4:
        height, width, inputs, outputs = kernel.shape
        return Layer(name, (outputs, inputs, height, width), Part(kernel, hwio), part)
    if len(kernel.shape) != 2:
        raise ValueError(
            f"{place}: {kernel.name} has shape {kernel.shape}, expected that of a convolution or a dense layer"
        )
    inputs, outputs = kernel.shape
    return Layer(name, (outputs, inputs), dense_part(kernel, channels), part)


def dense_part(kernel: Stored, channels: int, height: int = 0) -> Part:
    """Return a dense kernel behind a map of `channels`, square if its height is not said; 0 channels is no map."""
    inputs, outputs = kernel.shape
    height = height or (math.isqrt(inputs // channels) if channels else 0)
    width = inputs // (channels * height) if channels and height else 0
    if width * height * channels != inputs or width * height <= 1:
        return Part(kernel, in_out)
    return Part(kernel.reshaped(height, width, channels, outputs), dense_hwc(height, width))


def _order(name: str) -> tuple[bool, list[tuple[str, int]]]:
    """Sort convolutions before dense layers, and numbers as numbers."""
    is_dense = name.startswith(("fc", "dense", "predictions"))
    return is_dense, [(text, int(number or 0)) for text, number in re.findall(r"(\D+)(\d{0,9})", name)]
