"""Grad-CAM: where the maps of a layer speak for a class."""

from dataclasses import replace
from typing import Any

import numpy as np

from ..network.base import BaseModel
from ..network.checks import require_model
from .layers import map_layer
from .result import Attribution
from .subject import Subject, explain
from .targets import Chosen, Float32


def grad_cam(
    model: BaseModel, images: Any, target: Any = None, layer: str | None = None, *, relu: bool = True, **options: Any
) -> Attribution:
    """Return Grad-CAM: the sum of a layer's maps, each times the mean of the score's gradient with respect to it.

    Selvaraju et al. 2017, equations 1 and 2.

    Parameters
    ----------
    model, images, target, **options
        See `saliency`.
    layer : str, optional
        The layer with the maps. By default the last convolution's activation, `relu5` in AlexNet and `relu5_3` in VGG
        D, as in the paper's own program.
    relu : bool
        Keep only what speaks for the class, as in equation 2.

    Returns
    -------
    Attribution
        `values` are [count, height, width] of the layer; its `maps` are enlarged to the image by bilinear
        interpolation.

    Raises
    ------
    ValueError
        A layer without maps: the message lists those with.
    TypeError, ValueError, OSError, UnsupportedError, NonFiniteError, MemoryError
        As `saliency`.
    """
    require_model(model, "grad_cam")
    node = map_layer(model, layer, "grad_cam")

    def work(subject: Subject) -> tuple[Float32, Chosen]:
        (gradient,), chosen, values = subject.gradients((node, "standard"))
        total = weighted_sum(gradient, values[node])
        return np.maximum(total, 0) if relu else total, chosen

    result = explain(model, images, target, None, "grad_cam", "heat" if relu else "signed", work, options)
    return replace(result, layer=node)


def weighted_sum(gradient: Float32, maps: Float32) -> Float32:
    """Return the sum of maps [batch, channels, height, width], each times the mean of its gradient: equation 2."""
    total: Float32 = np.einsum("bc,bchw->bhw", gradient.mean(axis=(2, 3)), maps)
    return total
