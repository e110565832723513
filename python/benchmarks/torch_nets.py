"""The two networks of the benchmarks in PyTorch: the paper's of 2012, and the one-tower `owt` that torchvision ships.

Layers carry the names that `swiftalexnet` uses, so that one dictionary of weights fits every engine.
"""

from collections import OrderedDict

from torch import nn


def alexnet(variant: str, num_classes: int = 1000) -> nn.Sequential:
    """AlexNet `paper` or `owt`: float32 [batch, 3, height, width] in, logits [batch, num_classes] out."""
    trunk = {"paper": _paper_trunk, "owt": _owt_trunk}[variant]()
    return nn.Sequential(OrderedDict(trunk | _classifier(num_classes)))


def _paper_trunk() -> dict[str, nn.Module]:
    """Two towers as two groups; the windows of conv1 reach 3 pixels past the right and bottom of a 224 input."""
    return {
        "edge": nn.ZeroPad2d((0, 3, 0, 3)),
        "conv1": nn.Conv2d(3, 96, 11, stride=4),
        "relu1": nn.ReLU(inplace=True),
        "norm1": _response_norm(),
        "pool1": nn.MaxPool2d(3, 2),
        "conv2": nn.Conv2d(96, 256, 5, padding=2, groups=2),
        "relu2": nn.ReLU(inplace=True),
        "norm2": _response_norm(),
        "pool2": nn.MaxPool2d(3, 2),
        "conv3": nn.Conv2d(256, 384, 3, padding=1),
        "relu3": nn.ReLU(inplace=True),
        "conv4": nn.Conv2d(384, 384, 3, padding=1, groups=2),
        "relu4": nn.ReLU(inplace=True),
        "conv5": nn.Conv2d(384, 256, 3, padding=1, groups=2),
        "relu5": nn.ReLU(inplace=True),
        "pool5": nn.MaxPool2d(3, 2),
    }


def _owt_trunk() -> dict[str, nn.Module]:
    """The single tower of "One weird trick" as torchvision builds it; any input of 63 pixels or more gives 6 x 6."""
    return {
        "conv1": nn.Conv2d(3, 64, 11, stride=4, padding=2),
        "relu1": nn.ReLU(inplace=True),
        "pool1": nn.MaxPool2d(3, 2),
        "conv2": nn.Conv2d(64, 192, 5, padding=2),
        "relu2": nn.ReLU(inplace=True),
        "pool2": nn.MaxPool2d(3, 2),
        "conv3": nn.Conv2d(192, 384, 3, padding=1),
        "relu3": nn.ReLU(inplace=True),
        "conv4": nn.Conv2d(384, 256, 3, padding=1),
        "relu4": nn.ReLU(inplace=True),
        "conv5": nn.Conv2d(256, 256, 3, padding=1),
        "relu5": nn.ReLU(inplace=True),
        "pool5": nn.MaxPool2d(3, 2),
        "average": nn.AdaptiveAvgPool2d(6),
    }


def _classifier(num_classes: int) -> dict[str, nn.Module]:
    """Three dense layers; dropout stands before fc6 and fc7, as in torchvision."""
    return {
        "flatten": nn.Flatten(),
        "drop6": nn.Dropout(0.5),
        "fc6": nn.Linear(256 * 6 * 6, 4096),
        "relu6": nn.ReLU(inplace=True),
        "drop7": nn.Dropout(0.5),
        "fc7": nn.Linear(4096, 4096),
        "relu7": nn.ReLU(inplace=True),
        "fc8": nn.Linear(4096, num_classes),
    }


def _response_norm() -> nn.LocalResponseNorm:
    """The paper's alpha of 1e-4 multiplies the plain sum of 5 squares; PyTorch divides its alpha by the size."""
    return nn.LocalResponseNorm(5, alpha=5e-4, beta=0.75, k=2.0)
