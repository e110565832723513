"""The preprocessing that a variant's authors used."""

import numpy as np
from numpy.typing import NDArray

from .preprocessing import Preprocessing

# Channel means of the ILSVRC training set, pixels 0 … 255: cuda-convnet2, make-data/input_meta, `data_mean`.
ILSVRC_MEAN = (127.3049, 119.7154, 104.9126)
# The same of the released VGG networks, in R, G, B: gist.github.com/ksimonyan/211839e770f7b538e2d8.
VGG_MEAN = (123.68, 116.779, 103.939)
# torchvision/transforms/_presets.py, brought from 0 … 1 to 0 … 255.
TORCHVISION_MEAN = (0.485 * 255, 0.456 * 255, 0.406 * 255)
TORCHVISION_DEVIATION = (0.229 * 255, 0.224 * 255, 0.225 * 255)
# The authors resized to 256 and cut 224 (Krizhevsky et al. 2012, section 2 and 4.1); Caffe cut 227 from the same 256.
NATIVE_RESIZE, NATIVE_CROPS = 256, (224, 227)
_LUMA = np.array((0.299, 0.587, 0.114))  # how Pillow turns RGB into grey (ITU-R 601-2)


def default_preprocessing(variant: str | None, size: int, channels: int) -> Preprocessing:
    """Return what a variant's authors did, for a network that reads `size` × `size` pixels.

    Sizes other than the authors' own keep their proportion of image to crop.
    """
    family = (variant or "").partition("-")[0]
    ilsvrc = _per_channel(ILSVRC_MEAN, channels)
    if family == "cifar":  # images of 32 × 32 pixels; the networks with locally connected layers read crops of 24
        resize = round(size * 32 / 24) if "local" in str(variant) else size
        return Preprocessing(resize, size, ilsvrc, learn_mean=True)
    if family == "d2l":  # chapter 8.1: resized to the network's size, brought to 0 … 1
        scale = np.full(channels, 1 / 255, np.float32)
        return Preprocessing(size, size, np.zeros(channels, np.float32), scale, "bilinear")
    resize = NATIVE_RESIZE if size in NATIVE_CROPS else round(size * NATIVE_RESIZE / 224)
    if family == "owt":
        mean, deviation = _per_channel(TORCHVISION_MEAN, channels), _per_channel(TORCHVISION_DEVIATION, channels)
        return Preprocessing(resize, size, mean, (1 / deviation).astype(np.float32), "bilinear")
    if family == "vgg":
        return Preprocessing(resize, size, _per_channel(VGG_MEAN, channels), learn_mean="pixel")
    # BVLC's tools squeezed images to a square, whatever their proportion (examples/imagenet/readme.md).
    # They did so by OpenCV's linear interpolation, which skips pixels when it shrinks (src/caffe/util/io.cpp).
    warp = family in ("caffe", "caffenet")
    resample = "opencv_bilinear" if warp else "area"
    # The paper subtracts the mean of each pixel before it crops, and Caffe's mean follows the crop
    # (src/caffe/data_transformer.cpp); the authors' code gave every crop the centre.
    mean_at = "crop" if warp or family in ("paper", "one_tower") else "center"
    return Preprocessing(resize, size, ilsvrc, resample=resample, learn_mean=True, warp=warp, mean_at=mean_at)


def _per_channel(rgb: tuple[float, ...], channels: int) -> NDArray[np.float32]:
    """Give RGB values for RGB, and their grey value for every channel of anything else."""
    values = rgb if channels == 3 else np.full(channels, _LUMA @ rgb)
    return np.asarray(values, np.float32)
