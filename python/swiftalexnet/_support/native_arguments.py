"""What crosses into the extension as one argument: tuples with names, in the order that the C code reads."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Float32 = NDArray[np.float32]

RULES = ("paper", "pytorch", "caffe")  # of an update; a rule's number is its place


class Arithmetic(NamedTuple):
    """How the engine computes; all zero is exact float32.

    `precision` is 0 for float32 and 1 for bfloat16, the others are 0 or 1.
    """

    precision: int = 0
    int8_dense_weights: int = 0
    fast_math: int = 0


FLOAT32 = Arithmetic()


class StepOptions(NamedTuple):
    """Of one training step.

    `rule` is a place in RULES. `rates` and `decays`, [parameters], hold the learning rate and weight decay of each
    parameter, in place of `learning_rate` and `weight_decay` times the parameter's factors.
    """

    learning_rate: float
    momentum: float
    weight_decay: float
    rule: int
    seed: int
    step: int
    rates: Float32 | None = None
    decays: Float32 | None = None
    precision: int = 0


class CropOptions(NamedTuple):
    """How decoded images become crops.

    `mean` is [channels] or [height, width, channels], `scale` [channels]. `mean_position` of a mean image: 0 for its
    centre, 1 for what lies under the crop.
    """

    crop_height: int
    crop_width: int
    mean: Float32 | None
    scale: Float32 | None
    mean_position: int


class AugmentationOptions(NamedTuple):
    """How training images are changed at random. `eigenvectors` is [3, 3], `deviations` [3]; None without noise."""

    random_crop: bool
    flip: bool
    color_noise: float
    eigenvectors: Float32 | None
    deviations: Float32 | None
    chunk: int
    color_divisor: float
    rotation: float
    shift: int
