"""What published files of PyTorch hold besides plain networks."""

import re
from collections.abc import Mapping

import numpy as np

from ..stored import FLOATS, Stored

_LPIPS = re.compile(r"lin\d+\.(model\.)?1\.weight")
_FIRST_OF_VGG = "classifier.0.weight"  # AlexNet's classifier has none: nothing of it need be read
_LOOKED_AT = 256  # values of a tensor
_MOST_TENSORS = 6  # of VGG's classifier


def refuse_lpips(tensors: Mapping[str, Stored], place: str) -> None:
    """Raise ValueError for the files of LPIPS, which weigh the channels of another network."""
    if all(map(_LPIPS.fullmatch, tensors)):
        what = "the channel weights of LPIPS, a distance between the features of a network"
        raise ValueError(f"{place} holds {what}, and not a network: {', '.join(list(tensors)[:3])} …")


def only_valid(tensors: Mapping[str, Stored]) -> tuple[dict[str, Stored], list[str]]:
    """Return the tensors without a classifier of NaN, such as torchvision's VGG16 for features has; and notes."""
    is_vgg = any(name.endswith(_FIRST_OF_VGG) for name in tensors)
    classifier = [name for name in tensors if "classifier." in name] if is_vgg else []
    if not 0 < len(classifier) <= _MOST_TENSORS or not all(_is_nan(tensors[name]) for name in classifier):
        return dict(tensors), []
    valid = {name: stored for name, stored in tensors.items() if name not in classifier}
    return valid, ["the classifier holds no numbers (NaN) and is left out: these are features alone"]


def _is_nan(stored: Stored) -> bool:
    return stored.dtype.char in FLOATS and bool(np.isnan(stored.read(0, min(stored.size, _LOOKED_AT))).all())
