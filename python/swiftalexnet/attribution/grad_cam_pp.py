"""Grad-CAM++: Grad-CAM whose weights see every place where an object occurs."""

from dataclasses import replace
from typing import Any

import numpy as np

from ..network.base import BaseModel
from ..network.checks import require_model
from .layers import map_layer
from .result import Attribution
from .subject import Subject, explain
from .targets import Chosen, Float32


def grad_cam_pp(
    model: BaseModel, images: Any, target: Any = None, layer: str | None = None, **options: Any
) -> Attribution:
    """Return Grad-CAM++ of the score Y = exp(S), S being the class's logit.

    Chattopadhyay et al. 2018, equations 5, 6, 10 and 19: with g = ∂S/∂A, a map's weight is Σ α · relu(g) over its
    positions, where α = g² / (2g² + ΣA · g³), and 0 where g is. The factor exp(S), which all weights have, is left out.

    Parameters
    ----------
    model, images, target, layer, **options
        See `grad_cam`.

    Returns
    -------
    Attribution
        As from `grad_cam`.

    Raises
    ------
    ValueError
        A layer without maps: the message lists those with.
    TypeError, ValueError, OSError, UnsupportedError, NonFiniteError, MemoryError
        As `saliency`.
    """
    require_model(model, "grad_cam_pp")
    node = map_layer(model, layer, "grad_cam_pp")

    def work(subject: Subject) -> tuple[Float32, Chosen]:
        (gradient,), chosen, values = subject.gradients((node, "standard"))
        maps = values[node]
        # α = 1 / (2 + ΣA · g): nothing overflows, and what g² divides out is not computed.
        below = 2 + maps.sum(axis=(2, 3), keepdims=True) * gradient
        share = np.divide(1, below, out=np.zeros_like(below), where=(below != 0) & (gradient != 0))
        weights = (share * np.maximum(gradient, 0)).sum(axis=(2, 3))
        return np.maximum(np.einsum("bc,bchw->bhw", weights, maps), 0), chosen

    result = explain(model, images, target, None, "grad_cam_pp", "heat", work, options)
    return replace(result, layer=node)
