"""The arguments of a training step on tensors."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._support.arithmetic import DIFFERENTIABLE, choose_arithmetic
from .._support.arrays import as_float32, as_labels, as_seed
from .._support.choices import choose
from .._support.native_arguments import RULES, StepOptions
from .._support.sample_weights import as_sample_weight

Float32 = NDArray[np.float32]


class StepSettings(NamedTuple):
    """The numbers of a step, unchecked: see `BaseModel.train_step`."""

    learning_rate: float = 0.01
    momentum: float = 0.9
    weight_decay: float = 5e-4
    rule: str = "paper"
    seed: int = 0
    step: int = 0
    precision: str = "float32"
    trust_coefficient: float = 0.001
    lars_biases: bool = True
    fast_math: bool = False


def step_arguments(
    x: ArrayLike, labels: ArrayLike, classes: int, settings: StepSettings, sample_weight: ArrayLike | None
) -> tuple[Float32, NDArray[np.int32], StepOptions]:
    """Return images, labels and options for the engine.

    Raises
    ------
    TypeError, ValueError
        Arrays or numbers that do not fit.
    """
    operation = "train_step"
    arithmetic = choose_arithmetic(operation, settings.precision, fast_math=settings.fast_math, among=DIFFERENTIABLE)
    rule = RULES.index(choose(operation, "rule", settings.rule, RULES))
    array = as_float32(x, "x", operation, ndim=4)
    targets = as_labels(labels, "labels", operation, len(array), classes)
    draw = as_seed(settings.seed, "seed", operation), as_seed(settings.step, "step", operation)
    weights = as_sample_weight(sample_weight, operation, len(array))
    rates = settings.learning_rate, settings.momentum, settings.weight_decay
    lars = settings.trust_coefficient, not settings.lars_biases
    fast_math = bool(arithmetic.fast_math)
    return array, targets, StepOptions(*rates, rule, *draw, None, None, arithmetic.precision, weights, *lars, fast_math)
