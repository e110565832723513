"""The gradient of a class's score with respect to the pixels."""

from typing import Any

import numpy as np

from ..network.base import BaseModel
from .result import Attribution
from .subject import Subject, explain
from .targets import Chosen, Float32


def saliency(
    model: BaseModel,
    images: Any,
    target: Any = None,
    layer: str | None = None,
    *,
    absolute: bool = True,
    **options: Any,
) -> Attribution:
    """Return |∂S/∂x|, how much each input value would change the score S (Simonyan et al. 2013, section 3).

    Parameters
    ----------
    model : Model
    images : images
        In any form that `predict` takes.
    target : int, str or sequence of these, optional
        A class by its index or name, for all images or one an image; by default each image's likeliest. With a layer,
        a channel's index; by default the channel with the largest activation.
    layer : str, optional
        Explain a unit of this layer instead of a class: the position of the channel where its activation is largest.
    absolute : bool
        Without it the gradient keeps its sign.
    **options
        `layout`, `value_range`, `batch_size`, `precision` and `preprocessed`: see `inputs.Inputs`. With
        preprocessed=True images are the network's input, float32 [count, channels, height, width].

    Returns
    -------
    Attribution
        `values` are [count, channels, height, width]; its `maps` are their largest magnitudes over the channels.

    Raises
    ------
    TypeError, ValueError, OSError
        Something that is not an image; an unknown layer or class, a target out of range.
    UnsupportedError
        The network has no classes, and no layer is given.
    NonFiniteError
        A value is infinite or NaN; the message names the parameter or node that caused it.
    MemoryError
        The values of all images do not fit into memory.
    """

    def work(subject: Subject) -> tuple[Float32, Chosen]:
        gradient, chosen = subject.gradient()
        return np.abs(gradient) if absolute else gradient, chosen

    return explain(model, images, target, layer, "saliency", "heat", work, options)
