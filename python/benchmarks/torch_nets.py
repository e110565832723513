"""The tables of `alexnet_nets` as PyTorch modules."""

from torch import nn

from alexnet_nets import CONVOLUTIONS, POOLED, Convolution, dense_layers


def alexnet(variant: str, num_classes: int = 1000) -> nn.Sequential:
    """AlexNet `paper` or `owt`: float32 [batch, 3, height, width] in, logits [batch, num_classes] out."""
    net = nn.Sequential()
    for row in CONVOLUTIONS[variant]:
        _add_convolution(net, row)
    if variant == "owt":
        net.add_module("average", nn.AdaptiveAvgPool2d(POOLED[1:]))  # lets torchvision's net take other sizes than 224
    net.add_module("flatten", nn.Flatten())
    _add_classifier(net, num_classes)
    return net


def _add_convolution(net: nn.Sequential, row: Convolution) -> None:
    top, left, bottom, right = row.padding
    even = (top, left) == (bottom, right)
    if not even:
        net.add_module(f"edge{row.number}", nn.ZeroPad2d((left, right, top, bottom)))
    padding = (top, left) if even else 0
    net.add_module(row.name, nn.Conv2d(row.inputs, row.outputs, row.window, row.stride, padding, groups=row.groups))
    net.add_module(f"relu{row.number}", nn.ReLU(inplace=True))
    if row.norm:  # PyTorch divides its alpha by the size
        net.add_module(f"norm{row.number}", nn.LocalResponseNorm(5, alpha=5e-4, beta=0.75, k=2.0))
    if row.pool:
        net.add_module(f"pool{row.number}", nn.MaxPool2d(3, 2))


def _add_classifier(net: nn.Sequential, num_classes: int) -> None:
    *hidden, last = dense_layers(num_classes)
    for row in hidden:
        number = row.name[-1]
        net.add_module(f"drop{number}", nn.Dropout(0.5))
        net.add_module(row.name, nn.Linear(row.inputs, row.outputs))
        net.add_module(f"relu{number}", nn.ReLU(inplace=True))
    net.add_module(last.name, nn.Linear(last.inputs, last.outputs))
