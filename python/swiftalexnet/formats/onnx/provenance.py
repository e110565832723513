"""How the maker of a graph prepared images: the file does not say, but its tensors' names and its producer do."""

import re
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from ...preprocessing.defaults import default_preprocessing
from ...preprocessing.preprocessing import Preprocessing
from ..chain import Chain
from ..graphs import adopt_names

_CAFFE2_WEIGHT = re.compile(r"(conv\d+(_\d+)?|fc\d+)_[wb]_0")
_GLUON_WEIGHT = re.compile(r"vgg\d*_(conv|dense)\d+_weight")
_ZOO_SIZE = 224  # of the ONNX model zoo's AlexNet and CaffeNet
# Mean pixels in the order blue, green, red.
_CAFFE_MEAN = (104.00698793, 116.66876762, 122.67891434)  # of BVLC's mean image, from caffe's examples
_VGG_MEAN = (103.939, 116.779, 123.68)  # from the authors' model page; Keras' "caffe" mode


class Origin(NamedTuple):
    """Where a graph comes from.

    Attributes
    ----------
    note : str
        What is assumed, for the user.
    reads_bgr : bool
    preprocessing : Preprocessing or None
    """

    note: str
    reads_bgr: bool = False
    preprocessing: Preprocessing | None = None


def origin_of(chain: Chain, producer: str, weights: Iterable[str]) -> Origin:
    """Return what the producer and the names of the weights say of a graph that reads prepared images."""
    channels, size, width = chain.input
    names = list(weights)
    if channels != 3 or size != width:
        return Origin("the file does not say how images are prepared: the defaults are used")
    if sum(_CAFFE2_WEIGHT.fullmatch(name) is not None for name in names) > len(names) // 2:
        return _of_caffe(names, size)
    torchvision = default_preprocessing("owt", size, 3)
    if producer.startswith("pytorch") or any(_GLUON_WEIGHT.search(name) for name in names):
        maker = "PyTorch" if producer.startswith("pytorch") else "MXNet"
        return Origin(f"made with {maker}: images are prepared as torchvision does", preprocessing=torchvision)
    if producer.startswith("tf2onnx") and (adopt_names(chain).variant or "").startswith("vgg"):
        return Origin(
            "made with tf2onnx: images are prepared as Keras' VGG does, in the order blue, green, red, without a scale",
            True,
            torchvision.replace(mean=np.array(_VGG_MEAN, np.float32), scale=None),
        )
    return Origin("the file does not say how images are prepared: the defaults are used")


def _of_caffe(names: Iterable[str], size: int) -> Origin:
    """Return what the authors of VGG, or else Caffe's tools, do, with the published mean pixel."""
    note = (
        "made from Caffe's weights, by the names of its tensors: images are prepared as there, in the order blue, "
        "green, red, with the mean pixel of the data set subtracted"
    )
    is_vgg = any(name.startswith("conv1_1") for name in names)
    if not is_vgg and size == _ZOO_SIZE:
        note += f"; the graph reads {size} pixels and rounds pools down, where Caffe's reads 227 and scores higher"
    usual = default_preprocessing("vgg-D" if is_vgg else "caffe", size, 3)
    mean = np.array(_VGG_MEAN if is_vgg else _CAFFE_MEAN, np.float32)
    return Origin(note, True, usual.replace(mean=mean, learn_mean=False))
