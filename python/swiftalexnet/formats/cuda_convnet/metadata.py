"""What a checkpoint may say of the data: its mean and the names of its classes, which the code keeps beside it."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from ...files.pickles.arrays import PickledArray
from ...files.pickles.values import by_text, text_of
from ...preprocessing.defaults import default_preprocessing
from ..chain import Chain
from ..graphs import adopt_names
from ..means import with_mean

_MOST_CLASSES = 1 << 20


def with_metadata(chain: Chain, places: Iterable[Mapping[str, Any]]) -> Chain:
    """Return the chain with the mean image and the class names of the first of `places` that has them."""
    found = [*places]
    found += [by_text(each.get("batch_meta")) for each in found]
    chain.classes = next((names for each in found if (names := _names(each.get("label_names"), chain))), None)
    mean = next((each["data_mean"] for each in found if isinstance(each.get("data_mean"), PickledArray)), None)
    channels, side, _ = chain.input
    if mean is None:
        chain.notes.append("the file holds no mean: that of ImageNet or none was assumed")
    elif mean.shape is not None and mean.dtype is not None:
        values = mean.array().astype(np.float32).reshape(-1)
        size = math.isqrt(values.size // channels)
        if values.size != channels * size**2 or size < side:
            raise ValueError(f"data_mean has {values.size:,} values, expected a square image of {channels} channels")
        image = values.reshape(channels, size, size).transpose(1, 2, 0)
        default = default_preprocessing(adopt_names(chain).variant, side, channels)
        chain.preprocessing = with_mean(default, image, "load")
    return chain


def _names(saved: Any, chain: Chain) -> tuple[str, ...] | None:
    outputs = [int(node.fields["outputs"]) for node in chain.nodes if node.is_weighted]
    if not isinstance(saved, list) or not outputs or len(saved) != outputs[-1] or len(saved) > _MOST_CLASSES:
        return None
    names = tuple(text for each in saved if (text := text_of(each)))
    return names if len(set(names)) == len(saved) else None
