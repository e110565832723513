"""The tables of `nets` as PyTorch modules."""

from torch import nn

from nets import NETS, Convolution, dense_layers


def network(variant: str, num_classes: int = 1000) -> nn.Sequential:
    """Build `paper`, `owt` or `vgg16`: [batch, 3, height, width] in, logits [batch, num_classes] out."""
    net = nn.Sequential()
    for row in NETS[variant].convolutions:
        _add_convolution(net, row)
    if variant == "owt":  # lets torchvision's net take other sizes than 224
        net.add_module("average", nn.AdaptiveAvgPool2d(NETS[variant].pooled[1:]))
    net.add_module("flatten", nn.Flatten())
    _add_classifier(net, variant, num_classes)
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
        net.add_module(f"pool{row.number}", nn.MaxPool2d(row.pool, 2))


def _add_classifier(net: nn.Sequential, variant: str, num_classes: int) -> None:
    *hidden, last = dense_layers(variant, num_classes)
    for row in hidden:
        number = row.name[-1]
        net.add_module(f"drop{number}", nn.Dropout(0.5))
        net.add_module(row.name, nn.Linear(row.inputs, row.outputs))
        net.add_module(f"relu{number}", nn.ReLU(inplace=True))
    net.add_module(last.name, nn.Linear(last.inputs, last.outputs))
