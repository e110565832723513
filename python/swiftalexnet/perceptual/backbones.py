"""The two networks on whose features LPIPS stands, and models that can serve as one."""

import os
from typing import Any, NamedTuple

from .. import _native
from .._support.shown import shown
from ..errors import CheckpointCorruptError
from ..formats.load import load
from ..formats.pretrained.finding import weights_file
from ..formats.pretrained.registry import entry_named
from ..network.base import BaseModel
from ..network.fine_tuning import up_to
from ..network.spec_text import cut_behind


class Backbone(NamedTuple):
    """A network of the catalogue up to the last layer that is compared.

    Attributes
    ----------
    family, variant : str
        Of the catalogue.
    full_name : str
        What messages call it.
    published : str
        The registry's name of the weights that lpips uses, too.
    layers : tuple of str
        What is compared: the outputs of these ReLUs.
    """

    family: str
    variant: str
    full_name: str
    published: str
    layers: tuple[str, ...]

    @property
    def nodes(self) -> list[str]:
        """Its nodes but for the input, in the text of a specification."""
        spec = _native.spec(self.family, self.variant, 1000, 3, 224, "relu", "", 0)
        return cut_behind(spec, None, self.layers[-1], "LPIPS").splitlines()[2:]


BACKBONES = {
    "alex": Backbone(
        *("alexnet", "owt", "torchvision's AlexNet (variant 'owt')", "alexnet-torchvision"),
        ("relu1", "relu2", "relu3", "relu4", "relu5"),
    ),
    "vgg": Backbone(
        *("vgg", "D", "VGG-16 (variant 'D')", "vgg16-torchvision"),
        ("relu1_2", "relu2_2", "relu3_3", "relu4_3", "relu5_3"),
    ),
}


def open_backbone(net: str, given: Any, progress: bool) -> BaseModel:
    """Return the convolutional part of a model, of a file's, or of the published weights.

    Raises
    ------
    TypeError
        Neither a model nor a path.
    ValueError
        Another network.
    OSError, UnsupportedError
        The published weights are not on this machine and cannot be downloaded; the message says how to get them.
    """
    wanted = BACKBONES[net]
    last = wanted.layers[-1]
    if isinstance(given, BaseModel):
        _require(given, wanted, net)
        return up_to(given, last)  # a copy: training the model must not change distances
    if given is None:
        entry = entry_named(wanted.published, "LPIPS")
        return load(BaseModel, weights_file(entry, progress, "LPIPS"), variant=entry.variant, up_to=last)
    if not isinstance(given, (str, os.PathLike)):
        raise TypeError(f"LPIPS: backbone is {shown(given)}, expected a model, a path, or None for published weights")
    try:
        model = load(BaseModel, given, up_to=last)
    except CheckpointCorruptError:
        raise
    except ValueError as error:  # no such layer, most likely
        raise ValueError(f"LPIPS: net={net!r} stands on {wanted.full_name}, not on this backbone: {error}") from error
    _require(model, wanted, net)
    return model


def _require(model: BaseModel, wanted: Backbone, net: str) -> None:
    """Refuse a model whose first layers are not those of the backbone; the message names the first that differs."""
    expected = wanted.nodes
    found = model.spec.splitlines()[2:]
    start = f"LPIPS: net={net!r} stands on {wanted.full_name}, and the backbone is {model!r}"
    if model.input_shape[0] != 3:
        raise ValueError(f"{start}: it reads {model.input_shape[0]} channels, expected 3")
    for number, line in enumerate(expected):
        own = found[number] if number < len(found) else "nothing"
        if own != line:
            raise ValueError(f"{start}: it has {own!r} where {line!r} is expected")
