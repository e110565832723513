"""A network from arrays that no framework's file describes: whose names they have, and how they are laid out.

Layers of Caffe's names come in two forms. TensorFlow's has kernels [height, width, in, out] and matrices [in, out] with
in = H, W, C; Caffe's has [out, in, height, width] and matrices with in = C, H, W. Shapes and the lengths of the biases
tell which it is.
"""

import math
import re
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from ...preprocessing.defaults import default_preprocessing
from .. import mean_pixels
from ..chain import Chain, Part
from ..contents import Options
from ..layouts import conventional, dense_hwc, hwio, in_out
from ..stored import Stored
from ..variants import Layer, chain_of
from . import keras as keras_names
from .tensors import chain_by_names
from .torchvision import has_torchvision_names

_ROLE = re.compile(r"(.+)(?:_(W|b)|[/._](weights?|kernel|bias(?:es)?|W|w|b))(?::0)?")
_CAFFE = re.compile(r"(conv|fc|local|ip)\d\w*")
_KERAS = re.compile(r"block\d+_conv\d+|:0$|/kernel$|(^|/)(conv2d|dense)(_\d+)?[/_.]")
_WEIGHTS = ("W", "w", "weight", "weights", "kernel")
_ALIKE = ("caffe", "caffenet")  # the same shapes
_VARIANTS = (_ALIKE[0], "one_tower", "vgg-A", "vgg-B", "vgg-C", "vgg-D", "vgg-E")


class _Pair(NamedTuple):
    weight: Stored
    bias: Stored | None


def chain_of_arrays(tensors: Mapping[str, Stored], options: Options, place: str) -> Chain:
    """Return the network of arrays with the names of torchvision, this package, Keras or Caffe.

    Raises
    ------
    ValueError
        They have other names or shapes, or two variants fit and the caller does not say which.
    """
    if has_torchvision_names(tensors) or any(name.endswith("features.0.weight") for name in tensors):
        return chain_by_names(tensors, options, place)
    if any(_KERAS.search(name) for name in tensors):
        return keras_names.keras_chain(tensors, options.variant, place)
    pairs = _pairs(tensors, place)
    if all(name.endswith((".weight", ".bias")) for name in tensors) and not _is_hwio(list(pairs.values()), place):
        chain = chain_by_names(tensors, options, place)
        chain.notes.append("the names are this package's or PyTorch's: red, green, blue was assumed")
        return chain
    return _of_caffe(pairs, options, place)


def _pairs(tensors: Mapping[str, Stored], place: str) -> dict[str, _Pair]:
    """Return weight and bias of each layer, convolutions first, in the order of their numbers."""
    parts: dict[str, dict[bool, Stored]] = {}
    for name, stored in tensors.items():
        match = _ROLE.fullmatch(name)
        layer = match[1].rpartition("/")[2] if match else ""
        if match is None or _CAFFE.fullmatch(layer) is None:
            raise ValueError(f"{place}: {name or 'an array'!r} has no name of a network's weights, such as conv1_W")
        is_weight = (match[2] or match[3]) in _WEIGHTS
        if is_weight in parts.setdefault(layer, {}):
            raise ValueError(f"{place}: {layer} has two {'weights' if is_weight else 'biases'}")
        parts[layer][is_weight] = stored
    if bare := [layer for layer, each in parts.items() if True not in each or len(each[True].shape) not in (2, 4)]:
        raise ValueError(f"{place}: {bare[0]} has no weight of 2 or 4 dimensions")
    if not parts:
        raise ValueError(f"{place} holds no arrays with the names of a network's weights")
    pairs = {layer: _Pair(each[True], each.get(False)) for layer, each in parts.items()}
    return dict(sorted(pairs.items(), key=lambda item: (len(item[1].weight.shape) == 2, _numbers(item[0]))))


def _numbers(name: str) -> list[tuple[str, int]]:
    return [(text, int(number or 0)) for text, number in re.findall(r"(\D+)(\d{0,9})", name)]


def _of_caffe(pairs: Mapping[str, _Pair], options: Options, place: str) -> Chain:
    is_hwio = _is_hwio(list(pairs.values()), place)
    is_in_out = _is_in_out(list(pairs.values()), is_hwio)
    layers, channels = [], 0
    for name, (weight, bias) in pairs.items():
        part = None if bias is None else Part(bias.reshaped(math.prod(bias.shape)))
        if len(weight.shape) == 4:
            shape = tuple(weight.shape[axis] for axis in ((3, 2, 0, 1) if is_hwio else (0, 1, 2, 3)))
            layers.append(Layer(name, shape, Part(weight, hwio if is_hwio else conventional), part))
            channels = shape[0]
        else:
            shape = weight.shape[::-1] if is_in_out else weight.shape
            layers.append(Layer(name, shape, _dense(weight, channels if is_hwio else 0, is_in_out), part))
            channels = 0
    only_features = all(len(layer.shape) == 4 for layer in layers)
    names = _VARIANTS if options.variant is None else (options.variant,)
    chain = chain_of(layers, names, place, only_features)
    if options.variant is None and chain.variant == _ALIKE[0]:
        which = " or ".join(f'variant="{name}"' for name in _ALIKE)
        raise ValueError(f"{place} has no graph, and {' and '.join(_ALIKE)} both fit its arrays: pass {which}")
    _describe(chain, is_hwio, is_in_out)
    return chain


def _describe(chain: Chain, is_hwio: bool, is_in_out: bool) -> None:
    """Say what was assumed: the names are Caffe's, so its networks read blue, green, red."""
    layouts = f"kernels {'[height, width, in, out]' if is_hwio else '[out, in, height, width]'}"
    chain.notes.append(f"{layouts} and matrices {'[in, out]' if is_in_out else '[out, in]'}, as shapes and biases tell")
    channels, height, _ = chain.input
    if channels == len(mean_pixels.CAFFE):
        chain.reads_bgr = True
        chain.notes.append("the names are Caffe's: a first layer that reads blue, green, red was assumed")
        default = default_preprocessing(chain.variant, height, channels)
        is_alexnet = chain.variant is not None and not chain.variant.startswith("vgg")
        mean = np.array(mean_pixels.CAFFE, np.float32) if is_alexnet else default.mean[..., ::-1]
        chain.preprocessing = default.replace(mean=mean, learn_mean=False)


def _is_hwio(pairs: list[_Pair], place: str) -> bool:
    """Tell whether kernels are [height, width, in, out]; if both fit they are [out, in, height, width]."""
    kernels = [pair for pair in pairs if len(pair.weight.shape) == 4]

    def fits(out: int, sides: tuple[int, int]) -> bool:
        return all(
            weight.shape[sides[0]] == weight.shape[sides[1]] and (bias is None or bias.size == weight.shape[out])
            for weight, bias in kernels
        )

    conventional_fits = fits(0, (2, 3))
    if not conventional_fits and not fits(3, (0, 1)):
        shapes = ", ".join(str(pair.weight.shape) for pair in kernels[:5])
        raise ValueError(f"{place}: kernels of shapes {shapes} are neither Caffe's nor TensorFlow's")
    return not conventional_fits


def _is_in_out(pairs: list[_Pair], is_hwio: bool) -> bool:
    """Tell whether matrices are [in, out]; if biases do not tell, they go with the kernels."""
    matrices = [pair for pair in pairs if len(pair.weight.shape) == 2 and pair.bias is not None]
    first, last = (all(w.shape[axis] == b.size for w, b in matrices if b is not None) for axis in (0, 1))
    return is_hwio if first == last else last


def _dense(weight: Stored, channels: int, is_in_out: bool) -> Part:
    """Return a matrix; behind a map of `channels` that TensorFlow flattened, its rows are H, W, C."""
    if not is_in_out:
        return Part(weight)
    count, width = weight.shape
    side = math.isqrt(count // channels) if channels else 1
    if side <= 1 or side**2 * channels != count:
        return Part(weight, in_out)
    return Part(weight.reshaped(side, side, channels, width), dense_hwc(side, side))
