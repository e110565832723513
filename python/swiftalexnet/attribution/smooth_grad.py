"""The mean of gradients at noisy copies of an image."""

from typing import Any

import numpy as np

from .._support.arrays import as_integer, as_seed
from .._support.numbers import check_number
from ..network.base import BaseModel
from .result import Attribution
from .subject import Subject, explain
from .targets import Chosen, Float32


def smooth_grad(
    model: BaseModel,
    images: Any,
    target: Any = None,
    layer: str | None = None,
    *,
    samples: int = 25,
    noise: float = 0.15,
    deviation: float | None = None,
    seed: int = 0,
    absolute: bool = False,
    **options: Any,
) -> Attribution:
    """Return the mean of ∂S/∂x over noisy copies of each image (Smilkov et al. 2017, section 2).

    Parameters
    ----------
    model, images, target, layer, **options
        See `saliency`. The target is that of the image without noise.
    samples : int
        Noisy copies of each image, up to 10,000.
    noise : float
        Standard deviation of the normal noise, in parts of the difference between an image's largest and smallest input
        value; the paper recommends 0.1 to 0.2.
    deviation : float, optional
        The standard deviation itself, in the units of the network's input, instead of `noise`.
    seed : int
        The noise is drawn from (seed, index of the image): see `noise_of`.
    absolute : bool
        Average magnitudes of gradients. The paper averages gradients with their signs.

    Returns
    -------
    Attribution
        `values` are [count, channels, height, width]; its `maps` are their largest magnitudes over the channels.

    Raises
    ------
    TypeError, ValueError, OSError, UnsupportedError, NonFiniteError, MemoryError
        As `saliency`.
    """
    samples = as_integer(samples, "samples", "smooth_grad", 1, 10_000)
    seed = as_seed(seed, "seed", "smooth_grad")
    check_number(noise, "noise", "smooth_grad")
    if deviation is not None:
        check_number(deviation, "deviation", "smooth_grad")

    def work(subject: Subject) -> tuple[Float32, Chosen]:
        chosen, values = subject.choose(), np.zeros_like(subject.x)
        for place, x in enumerate(subject.x):
            spread = np.float32(noise * (x.max() - x.min()) if deviation is None else deviation)
            draw = noise_of(seed, subject.rows.start + place)
            for start in range(0, samples, subject.inputs.batch_size):
                size = min(subject.inputs.batch_size, samples - start)
                noisy = x + spread * draw.standard_normal((size, *x.shape), np.float32)
                gradients = subject.gradient_of(noisy, int(chosen.units[place]))
                values[place] += (np.abs(gradients) if absolute else gradients).sum(axis=0)
        return values / np.float32(samples), chosen

    return explain(model, images, target, layer, "smooth_grad", "heat", work, options)


def noise_of(seed: int, number: int) -> np.random.Generator:
    """Return the generator of an image's noise: one copy after the other, float32, rows by rows of each channel."""
    return np.random.Generator(np.random.Philox(key=[seed, number]))
