"""Classify images: any image in, probabilities out."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._support.arithmetic import choose_arithmetic
from .._support.arrays import as_integer, as_output
from ..images.geometry import Whole
from ..images.inputs import as_images
from ..network.base import BaseModel
from ..network.batch_size import BatchSize, for_inference
from .ranking import Prediction, Predictions, likeliest
from .views import Views, classify_all

__all__ = ["Prediction", "predict", "probabilities", "score_map"]

Float32 = NDArray[np.float32]


def predict(model: BaseModel, images: Any, top: int = 5, crops: int | None = None, **options: Any) -> Predictions:
    """Return the `top` likeliest classes of each image: a list of `Prediction`, which a notebook shows as a table.

    Parameters
    ----------
    model : Model
    images : images
        uint8 array [count, height, width, channels]; one image [height, width, channels]; grey [count, height, width]
        or [height, width]; a path; a Pillow image; or a list of single images, in any sizes. An array that can be read
        in two ways is refused: see `layout`.
    top : int
        How many classes, at least 1.
    crops : {1, 9, 10, 50}, optional
        See `Views`: the centre crop; or grids, or corners and centre, with averaged probabilities.
    **options
        `dense`, `scales`, `layout`, `value_range`, `batch_size`, `precision`, `weights` and `fast_math`: see
        `probabilities`.

    Raises
    ------
    TypeError, ValueError, OSError
        Something that is not an image, or cannot be read.
    """
    top = as_integer(top, "top", "predict", 1)
    return likeliest(probabilities(model, images, crops, **options), model.classes, top)


def probabilities(
    model: BaseModel,
    images: Any,
    crops: int | None = None,
    layout: str | None = None,
    value_range: tuple[float, float] | None = None,
    batch_size: BatchSize = 64,
    dense: bool = False,
    scales: Sequence[int] | None = None,
    precision: str = "float32",
    weights: str = "float",
    fast_math: bool = False,
) -> Float32:
    """Return the probability of every class.

    Parameters
    ----------
    model : Model
    images : images
        See `predict`.
    crops : {1, 9, 10, 50}, optional
        See `Views`.
    layout : {"NHWC", "NCHW"}, optional
        Order of arrays, NHWC unless it is given; it must be where the channels, 1, 3 or as many as the network reads,
        may be the first axis as well as the last. [3, height, width] is one image in NCHW, and else refused: three grey
        images are [3, height, width, 1].
    value_range : (float, float), optional
        What black and white are in images of more than 8 bits, for instance (0, 1): float arrays and those of other
        integers, files and Pillow images of 32 bits need it, because a guess would be wrong for some. 16 bits mean
        (0, 65535) unless it is given. Such images are rounded to uint8; others do not heed it.
    batch_size : int or "auto"
        Crops that are computed at once; results do not depend on it, but for rounding with OpenBLAS. "auto":
        the largest power of two up to 256 that fits into free memory.
    dense : bool
        See `Views`: the network slides over the whole image.
    scales : sequence of int, optional
        See `Views`: shorter sides of the whole image.
    precision : {"float32", "bfloat16", "auto"}
        What activations are kept in and products are made of; sums and logits are float32 always. "auto" is bfloat16
        where the processor has instructions for it, else float32. In bfloat16 an activation that is not finite may make
        its neighbours NaN.
    weights : {"float", "int8"}
        Whether the dense layers' weights are rounded to 8 bits; these layers then read float32 in every precision.
    fast_math : bool
        Compute 3 × 3 and 5 × 5 convolutions of stride 1 in float32 by Winograd's method: faster, and off by at most
        2e-5 of a layer's largest output; not exact on integers. bfloat16 stays as it is.

    Returns
    -------
    array of float32, [count, classes]

    Raises
    ------
    TypeError, ValueError, OSError
        Something that is not an image, or cannot be read.
    UnsupportedError
        Arithmetic that the processor does not have.
    NonFiniteError
        A probability is NaN; the message names the parameter or the node that makes it so.
    """
    views = Views(crops, dense, scales, "predict", choose_arithmetic("predict", precision, weights, fast_math))
    batch_size = for_inference(model, batch_size, "predict", views.arithmetic)
    views.images_at_once(batch_size)
    views.check(model)
    given = as_images(images, layout, value_range, model.preprocessing.channels, "predict")
    table = as_output(None, (len(given), model.num_classes), "predict")
    for numbers, rows in classify_all(model, given, views, batch_size):
        table[numbers] = rows
    return table


def score_map(
    model: BaseModel,
    image: Any,
    scale: int | None = None,
    layout: str | None = None,
    value_range: tuple[float, float] | None = None,
    precision: str = "float32",
    weights: str = "float",
    fast_math: bool = False,
) -> Float32:
    """Return the class scores at every position of one whole image: dense evaluation before it averages.

    Position (i, j) is the network on the crop that begins `stride` · i pixels down and `stride` · j pixels to the
    right, where `stride` is the product of the strides (32 for the networks of 2012 and 2014), except for what padding
    puts around a crop.

    Parameters
    ----------
    model : Model
    image : image
        One image: see `predict`.
    scale : int, optional
        What its shorter side is resized to; by default the preprocessing's `resize`.
    layout, value_range, precision, weights, fast_math
        See `probabilities`.

    Returns
    -------
    array of float32, [rows, columns, classes]
        Logits, the input of the softmax.

    Raises
    ------
    TypeError, ValueError, OSError
        Something that is not one image, cannot be read, or is smaller than what the network needs.
    UnsupportedError
        The network has layers for one size only, or the processor does not have the arithmetic.
    NonFiniteError
        A score is infinite or NaN; the message names the parameter or the node that makes it so.
    """
    arithmetic = choose_arithmetic("score_map", precision, weights, fast_math)
    views = Views(None, True, None if scale is None else (scale,), "score_map")
    views.check(model)
    preprocessing = model.preprocessing
    given = as_images(image, layout, value_range, preprocessing.channels, "score_map")
    if len(given) != 1:
        raise ValueError(f"score_map: got {len(given)} images, expected one")
    geometry = Whole(views.scales_for(model)[0], preprocessing.channels, preprocessing.resample)
    pixels = given.image(0, geometry)
    size = model.network.score_map_size(*pixels.shape[:2])
    scores = as_output(None, (1, *size, model.num_classes), "score_map")
    model.network.score_map(np.ascontiguousarray(pixels[None]), preprocessing.for_engine(), arithmetic, scores)
    first: Float32 = scores[0]
    return first
