"""The preprocessing that a variant's authors used, from the engine's table."""

import numpy as np
from numpy.typing import NDArray

from .. import _native
from .._support.choices import plain_text
from .preprocessing import Preprocessing

_LEARN_MEAN: dict[str, bool | str] = {"none": False, "image": True, "pixel": "pixel"}


def default_preprocessing(variant: str | None, size: int, channels: int) -> Preprocessing:
    """Return what a variant's authors did, for a network that reads `size` × `size` pixels.

    Sizes other than the authors' own keep their proportion of image to crop.
    """
    text = _native.variant_preprocessing(plain_text(variant or ""), size, channels)
    words = dict(word.split("=", 1) for word in text.split())

    def numbers(name: str) -> NDArray[np.float32]:
        return np.resize(np.array(words[name].split(","), np.float32), channels)

    return Preprocessing(
        int(words["resize"]),
        int(words["crop"]),
        numbers("mean"),
        numbers("scale") if "scale" in words else None,
        words["resample"],
        _LEARN_MEAN[words["learn_mean"]],
        words["warp"] == "1",
        mean_at=words["mean_at"],
    )
