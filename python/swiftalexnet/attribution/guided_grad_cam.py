"""Guided Grad-CAM: guided backpropagation where Grad-CAM sees the class."""

from dataclasses import replace
from typing import Any

import numpy as np

from .._support.choices import choose
from ..images.enlarging import INTERPOLATIONS, enlarged
from ..network.base import BaseModel
from ..network.checks import require_model
from ..network.derivatives import INPUT
from .grad_cam import weighted_sum
from .layers import map_layer
from .result import Attribution
from .subject import Subject, explain
from .targets import Chosen, Float32


def guided_grad_cam(
    model: BaseModel,
    images: Any,
    target: Any = None,
    layer: str | None = None,
    *,
    interpolation: str = "bilinear",
    **options: Any,
) -> Attribution:
    """Return guided backpropagation times the enlarged Grad-CAM (Selvaraju et al. 2017, section 3.2).

    Parameters
    ----------
    model, images, target, layer, **options
        See `grad_cam`.
    interpolation : {"bilinear", "nearest"}
        How Grad-CAM's map is enlarged: the paper's way, or captum's.

    Returns
    -------
    Attribution
        `values` are [count, channels, height, width], with sign.

    Raises
    ------
    ValueError
        A layer without maps: the message lists those with.
    TypeError, ValueError, OSError, UnsupportedError, NonFiniteError, MemoryError
        As `saliency`.
    """
    require_model(model, "guided_grad_cam")
    choose("guided_grad_cam", "interpolation", interpolation, INTERPOLATIONS)
    node = map_layer(model, layer, "guided_grad_cam")

    def work(subject: Subject) -> tuple[Float32, Chosen]:
        (gradient, guided), chosen, values = subject.gradients((node, "standard"), (INPUT, "guided"))
        maps = np.maximum(weighted_sum(gradient, values[node]), 0)
        return guided * enlarged(maps, guided.shape[2:], interpolation)[:, None], chosen

    result = explain(model, images, target, None, "guided_grad_cam", "color", work, options)
    return replace(result, layer=node)
