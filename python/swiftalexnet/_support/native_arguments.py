"""Named tuples that are passed to the extension as one argument, in the order of the C code."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Float32 = NDArray[np.float32]

RULES = ("paper", "pytorch", "caffe", "lars")  # of an update; the code of a rule is its index


class Arithmetic(NamedTuple):
    """The arithmetic of the engine; all zeros is exact float32.

    `precision` is 0 for float32, 1 for bfloat16 and 2 for int8, the others are 0 or 1.
    """

    precision: int = 0
    int8_dense_weights: int = 0
    fast_math: int = 0


FLOAT32 = Arithmetic()


class StepOptions(NamedTuple):
    """The options of one training step.

    `rule` is an index into RULES. `rates` and `decays`, [parameters], are the learning rate and weight decay of each
    parameter, instead of `learning_rate` and `weight_decay` times the parameter's factors. `sample_weight`, [batch], is
    how much each image counts in the loss; None: all the same. `trust_coefficient` and `plain_biases` are of the rule
    "lars": η, and whether biases follow the rule "caffe". `precision` and `fast_math` are those of `Arithmetic`.
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
    sample_weight: Float32 | None = None
    trust_coefficient: float = 0.001
    plain_biases: bool = False
    fast_math: bool = False


class BatchShare(NamedTuple):
    """The part of a batch that one process computes.

    `first_image` is the place in the whole batch of its first image; `shards` are the numbers of images of its shards,
    a power of two of them; `divisor` is the sum of the whole batch's weights, without weights its number of images.
    With `rounds_sums` both numbers of every addition of two shards' sums are rounded to bfloat16 first.
    `factor_batch` is the number of images of the whole batch if dense layers give the factors of their gradients, and 0
    if they give the gradients.
    """

    first_image: int
    shards: tuple[int, ...]
    divisor: float
    rounds_sums: bool = False
    factor_batch: int = 0


class CropOptions(NamedTuple):
    """How decoded images become crops.

    `mean` is [channels] or [height, width, channels], `scale` [channels]. `mean_position` is the part of a mean image
    that is subtracted: 0 for its centre, 1 for the same part as the crop.
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
