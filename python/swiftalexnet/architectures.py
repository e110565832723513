"""Build models of the known networks by name."""

import os
from collections.abc import Iterable

import numpy as np

from . import _native
from ._support.arrays import as_integer
from ._support.choices import choose
from ._support.kinds import as_items
from .model import Model
from .network.catalog import Variant, catalog

ACTIVATIONS = ("relu", "tanh", "sigmoid")

Pretrained = bool | str | os.PathLike[str] | Model | None

# The layers that the deeper networks copy from network A: Simonyan, Zisserman 2014, section 3.1.
VGG_PRETRAINED = ("conv1_1", "conv2_1", "conv3_1", "conv3_2", "fc6", "fc7", "fc8")


def alexnet(
    variant: str = "paper",
    num_classes: int | None = None,
    in_channels: int | None = None,
    image_size: int | None = None,
    seed: int = 0,
    initialization: str | None = None,
    activation: str = "relu",
    without: str | Iterable[str] = (),
    ceil_mode: bool | None = None,
    pretrained: Pretrained = None,
) -> Model:
    """Build AlexNet or one of its relatives.

    Parameters
    ----------
    variant : str
        `paper` (Krizhevsky et al. 2012, as printed), `chm145` (the network its authors ran), their ablations
        `one_gpu`, `no_lrn`, `non_overlapping`, `towers_apart`, and `conv6` (the pre-trained nets); `caffe` (BVLC
        AlexNet), `caffenet` (pooling before normalisation), `one_tower` (no groups), `owt` ("One weird trick", as in
        torchvision), `d2l` (Dive into Deep Learning). `alexnet_variants` lists them.
    num_classes, in_channels : int, optional
        Number of outputs, and colour channels of the images; by default the variant's own: 1000 and 3 for most.
    image_size : int, optional
        Side of the network's input in pixels; by default the variant's own, 224 or 227.
    seed : int
        Seed of the random weights.
    initialization : str, optional
        `paper`, `chm145`, `caffe`, `caffenet`, `torchvision`, `vgg`, `vgg_0.01`, `glorot`, `zeros` or the name of a
        CIFAR network; by default the variant's own.
    activation : {"relu", "tanh", "sigmoid"}
        The function that replaces every ReLU; `relu1` is then called `tanh1` or `sigmoid1`.
    without : str or iterable of str
        Nodes to leave out, such as "conv4" (its ReLU goes with it), "norm1" or "drop6".
    ceil_mode : bool, optional
        Whether the output sizes of pooling layers are rounded up, as in Caffe and cuda-convnet, so that the last window
        may reach past the edge, or down, as in PyTorch; by default as in the variant's source. `summary()` says
        "rounded up".
    pretrained : True, str, path or Model, optional
        Weights to start from: True for the variant's default, a name that `pretrained_models` lists, a file that `load`
        reads, or a model of the same variant, which is not changed. The preprocessing is that of the weights. With
        another number of classes the last layer is new; if the file has convolutions alone, the dense layers are, and
        `source.notes` says so. Everything else must fit.

    Returns
    -------
    Model

    Raises
    ------
    TypeError, ValueError
        An unknown name, sizes that leave a layer without input, or weights that do not fit the network.
    OSError, UnsupportedError
        The weights are neither on this machine nor could they be downloaded: see `pretrained`.
    MemoryError
        The network does not fit into memory.
    """
    sizes = num_classes, in_channels, image_size
    more = ceil_mode, pretrained
    return _build("alexnet", "alexnet", variant, *sizes, seed, initialization, activation, without, *more)


def vgg(
    variant: str = "D",
    num_classes: int | None = None,
    in_channels: int | None = None,
    image_size: int | None = None,
    seed: int = 0,
    initialization: str | None = None,
    activation: str = "relu",
    without: str | Iterable[str] = (),
    from_model: Model | None = None,
    ceil_mode: bool | None = None,
    pretrained: Pretrained = None,
) -> Model:
    """Build one of the networks of Simonyan and Zisserman 2014.

    Parameters
    ----------
    variant : {"A", "A-LRN", "B", "C", "D", "E"}
        A column of table 1 in the paper; D is VGG-16, E is VGG-19.
    num_classes, in_channels, image_size, seed, activation, without
        As for `alexnet`.
    ceil_mode : bool, optional
        As for `alexnet`: by default rounded down, as in torchvision and Keras; True is what the authors' toolbox, a
        derivative of Caffe, does. It makes no difference at multiples of 32 pixels.
    initialization : str, optional
        By default `glorot`, with which the authors found pre-training unnecessary (section 3.1, footnote). `vgg` is
        normal with a variance of 10⁻², as printed in the paper, and overflows at the paper's learning rate;
        `vgg_0.01` has a standard deviation of 10⁻².
    from_model : Model, optional
        A trained network A: the first four convolutions and the three dense layers start from its weights
        (section 3.1), the other layers from random ones.
    pretrained
        As for `alexnet`.

    Returns
    -------
    Model

    Raises
    ------
    TypeError, ValueError
        An unknown name, sizes that leave a layer without input, a `from_model` whose layers have other shapes,
        `from_model` and `pretrained` at once, or weights that do not fit the network.
    OSError, UnsupportedError
        The weights are neither on this machine nor could they be downloaded: see `pretrained`.
    MemoryError
        The network does not fit into memory.
    """
    if from_model is not None and _is_wanted(pretrained):
        raise ValueError("vgg: from_model and pretrained both give the first weights, expected one of them")
    sizes = num_classes, in_channels, image_size
    model = _build("vgg", "vgg", variant, *sizes, seed, initialization, activation, without, ceil_mode, pretrained)
    if from_model is not None:
        model.copy_layers(from_model, VGG_PRETRAINED)
    return model


def cifar_net(
    variant: str = "18pct",
    num_classes: int | None = None,
    in_channels: int | None = None,
    image_size: int | None = None,
    seed: int = 0,
    initialization: str | None = None,
    activation: str = "relu",
    without: str | Iterable[str] = (),
    ceil_mode: bool | None = None,
) -> Model:
    """Build one of cuda-convnet's networks for CIFAR-10, which include those of section 3.3 of the 2012 paper.

    Parameters
    ----------
    variant : {"80sec", "18pct", "19pct", "conv-local-13pct", "conv-local-11pct"}
        The name of its configuration file; the percentages are the test errors its authors report.
    num_classes, in_channels, seed, initialization, activation, without, ceil_mode
        As for `alexnet`; ten classes by default.
    image_size : int, optional
        By default 32, or 24 for the networks with locally connected layers, which read crops.

    Returns
    -------
    Model

    Raises
    ------
    TypeError, ValueError
        An unknown name, or sizes that leave a layer without input.
    MemoryError
        The network does not fit into memory.
    """
    sizes = num_classes, in_channels, image_size
    return _build("cifar_net", "cifar", variant, *sizes, seed, initialization, activation, without, ceil_mode)


def build(
    name: str,
    num_classes: int | None = None,
    in_channels: int | None = None,
    image_size: int | None = None,
    seed: int = 0,
    initialization: str | None = None,
    activation: str = "relu",
    without: str | Iterable[str] = (),
    ceil_mode: bool | None = None,
    pretrained: Pretrained = None,
) -> Model:
    """Build a network by its full name, such as "paper", "vgg-D" or "cifar-18pct"; `variants` lists them.

    The other parameters, the result and the errors are those of `alexnet`.
    """
    rows = catalog()
    family, variant = rows[choose("build", "network", name, rows, even_if_far=True)]
    sizes = num_classes, in_channels, image_size
    more = ceil_mode, pretrained
    return _build("build", family, variant.name, *sizes, seed, initialization, activation, without, *more)


def _build(
    operation: str,
    family: str,
    variant: str,
    num_classes: int | None,
    in_channels: int | None,
    image_size: int | None,
    seed: int,
    initialization: str | None,
    activation: str,
    without: str | Iterable[str],
    ceil_mode: bool | None,
    pretrained: Pretrained = None,
) -> Model:
    name = choose(operation, "variant", variant, _native.variants(family), even_if_far=True)
    row = Variant(*_native.variant(family, name))

    def size(value: int | None, name: str) -> int:
        return 0 if value is None else as_integer(value, name, operation, 1, 2**31 - 1)

    sizes = size(num_classes, "num_classes"), size(in_channels, "in_channels"), size(image_size, "image_size")
    choose(operation, "activation", activation, ACTIVATIONS)
    if not isinstance(ceil_mode, (bool, np.bool_)) and ceil_mode is not None:
        raise TypeError(f"{operation}: ceil_mode is of type {type(ceil_mode).__name__}, expected True, False or None")
    rounding = 0 if ceil_mode is None else 1 if ceil_mode else -1

    def build(classes: int, side: int) -> Model:
        text = _native.spec(family, row.name, classes, sizes[1], side, "relu", "", rounding)
        removed = _nodes(operation, without, text)
        if removed or activation != "relu":
            text = _native.spec(family, row.name, classes, sizes[1], side, activation, " ".join(removed), rounding)
        first = row.initialization if initialization is None else initialization
        return Model.from_spec(text, first, seed, variant=row.catalog_name)

    if not _is_wanted(pretrained):
        return build(sizes[0], sizes[2])
    from .formats.pretrained.start import Wish, start_from, weights_for  # slow to import, for the network's sake

    is_changed = activation != "relu" or ceil_mode is not None or without not in ((), "")
    classes, channels, side = (value or None for value in sizes)
    wish = Wish(classes, channels, side, is_changed, seed, initialization)
    source = weights_for(Model, pretrained, row.catalog_name, operation)
    return start_from(source, wish, build, operation)


def _is_wanted(pretrained: Pretrained) -> bool:
    return pretrained is not None and pretrained is not False


def _nodes(operation: str, without: str | Iterable[str], spec: str) -> list[str]:
    """Return the names in `without`; each must be a node of the specification."""
    names = [without] if isinstance(without, str) else as_items(without, "without", operation)
    known = [line.split()[1] for line in spec.splitlines()[2:]]
    return [choose(operation, "node in without", name, known) for name in names]
