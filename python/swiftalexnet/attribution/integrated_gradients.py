"""Gradients along the straight line from a baseline to an image."""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._support.arrays import as_integer
from .._support.choices import choose
from ..network.base import BaseModel
from .baselines import as_baseline, check_baseline
from .result import Attribution
from .subject import Subject, explain
from .targets import Chosen, Float32

RULES = ("gausslegendre", "riemann_left", "riemann_middle", "riemann_right")


def integrated_gradients(
    model: BaseModel,
    images: Any,
    target: Any = None,
    layer: str | None = None,
    *,
    baseline: Any = "mean",
    steps: int = 50,
    rule: str = "gausslegendre",
    **options: Any,
) -> Attribution:
    """Return (x − x') · ∫ ∂S(x' + α(x − x'))/∂x dα, 0 ≤ α ≤ 1 (Sundararajan et al. 2017, section 3).

    Parameters
    ----------
    model, images, target, layer, **options
        See `saliency`. The target is that of the image itself.
    baseline : {"mean", "black", "white"}, number or array
        x': the mean that preprocessing subtracts, which is zero in the network's input; an image of one colour (the
        paper's is black); or values of the network's input, float32 [channels, height, width].
    steps : int
        Points at which the gradient is computed, 1 to 1,000.
    rule : {"gausslegendre", "riemann_left", "riemann_middle", "riemann_right"}
        Where they lie, and their weights: captum's names, and its default.

    Returns
    -------
    Attribution
        `values` are [count, channels, height, width], with sign; they sum to S(x) − S(x') but for `delta`, which is
        what is missing because steps are finite, [count]. Its `maps` are their sums over the channels.

    Raises
    ------
    ValueError
        A baseline of another size.
    TypeError, ValueError, OSError, UnsupportedError, NonFiniteError, MemoryError
        As `saliency`.
    """
    points, weights = quadrature(rule, as_integer(steps, "steps", "integrated_gradients", 1, 1000))
    check_baseline(model, baseline, "integrated_gradients")
    missing: list[Float32] = []

    def work(subject: Subject) -> tuple[Float32, Chosen]:
        start = as_baseline(model, baseline, subject.x.shape[1:], "integrated_gradients")
        chosen, values = subject.choose(), np.zeros_like(subject.x)
        for place, x in enumerate(subject.x):
            way = x - start
            for first in range(0, len(points), subject.inputs.batch_size):
                some = slice(first, first + subject.inputs.batch_size)
                gradients = subject.gradient_of(start + points[some, None, None, None] * way, int(chosen.units[place]))
                values[place] += np.tensordot(weights[some], gradients, 1)
            values[place] *= way
        at_start = subject.outputs(start[None]).reshape(-1)[chosen.units]
        missing.append(chosen.scores - at_start - values.sum(axis=(1, 2, 3), dtype=np.float64).astype(np.float32))
        return values, chosen

    result = explain(model, images, target, layer, "integrated_gradients", "signed", work, options)
    return replace(result, delta=np.concatenate(missing))


def quadrature(rule: str, steps: int) -> tuple[Float32, Float32]:
    """Return the points of 0 … 1 and the weights, which sum to 1, that approximate an integral.

    Raises
    ------
    ValueError
        An unknown rule.
    """
    choose("integrated_gradients", "rule", rule, RULES)
    if rule == "gausslegendre":
        at, weight = np.polynomial.legendre.leggauss(steps)
        return _float32((1 + at) / 2), _float32(weight / 2)
    shift = {"riemann_left": 0.0, "riemann_middle": 0.5, "riemann_right": 1.0}[rule]
    return _float32((np.arange(steps) + shift) / steps), np.full(steps, 1 / steps, np.float32)


def _float32(values: NDArray[np.float64]) -> Float32:
    return values.astype(np.float32)
