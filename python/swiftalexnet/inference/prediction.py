"""Classify images."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._support.arrays import as_integer, as_output
from ..images.geometry import Whole
from ..images.inputs import as_images
from ..images.thumbnails import thumbnails
from ..network.base import BaseModel
from ..network.batch_size import BatchSize, for_inference
from ..network.checks import require_model
from .ranking import Prediction, Predictions, likeliest
from .views import Views, classify_all

__all__ = ["Prediction", "predict", "probabilities", "score_map"]

Float32 = NDArray[np.float32]


def predict(model: BaseModel, images: Any, top: int = 5, crops: int | None = None, **options: Any) -> Predictions:
    """Return the `top` likeliest classes of each image: a list of `Prediction`.

    A notebook shows it as a table, the first images of it too.

    Parameters
    ----------
    model : Model
    images : images
        uint8 array [count, height, width, channels]; one image [height, width, channels]; grey [count, height, width]
        or [height, width]; a path; a Pillow image; or a list of single images of any sizes. An array whose layout is
        ambiguous is refused: see `layout`.
    top : int
        Number of classes, at least 1.
    crops : {1, 9, 10, 50}, optional
        See `Views`: the centre crop, or several crops whose probabilities are averaged.
    **options
        `dense`, `scales`, `layout`, `value_range`, `batch_size`, `precision`, `weights` and `fast_math`: see
        `probabilities`.

    Raises
    ------
    TypeError, ValueError, OSError
        Something is not an image, or cannot be read.
    """
    top = as_integer(top, "top", "predict", 1)
    channels, value_range = model.preprocessing.channels, options.get("value_range")
    given = as_images(images, options.get("layout"), value_range, channels, "predict")
    table = probabilities(model, given, crops, **options)
    return likeliest(table, model.classes, top, thumbnails(given, channels, value_range))


def probabilities(
    model: BaseModel,
    images: Any,
    crops: int | None = None,
    layout: str | None = None,
    value_range: tuple[float, float] | None = None,
    batch_size: BatchSize = 64,
    dense: bool = False,
    scales: Sequence[int] | None = None,
    precision: str | None = None,
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
        Axis order of arrays, NHWC by default. It must be given if both the first and the last axis could be the
        channels: 1, 3 or as many as the network reads. [3, height, width] is one NCHW image; otherwise it is refused:
        three grey images are [3, height, width, 1].
    value_range : (float, float), optional
        The values of black and white in images of more than 8 bits, for example (0, 1). Float arrays, arrays of other
        integers, and 32-bit files and Pillow images need it, because no default fits all of them. For 16 bits the
        default is (0, 65535). Such images are rounded to uint8; it has no effect on 8-bit images.
    batch_size : int or "auto"
        Crops per batch; results do not depend on it, except for rounding with OpenBLAS. "auto": the largest power of
        two up to 256 that fits into free memory.
    dense : bool
        See `Views`: slide the network over the whole image.
    scales : sequence of int, optional
        See `Views`: sizes of the whole image's shorter side.
    precision : {"float32", "bfloat16", "int8", "auto"}, optional
        Of activations and the factors of products; sums and logits are always float32, but for the sums of int8, which
        are exact integers. By default float32, and int8 of a quantised model: see `swiftalexnet.Model.quantize`, whose
        rounded weights any other precision computes with. "auto" is bfloat16 if the processor has instructions for it,
        otherwise float32. In bfloat16 an activation that is not finite may turn its neighbours into NaN.
    weights : {"float", "int8"}
        With "int8" the weights of dense layers are rounded to 8 bits; these layers then read float32 in any precision
        but int8, which refuses it.
    fast_math : bool
        Compute convolutions in float32 by Winograd's method (Lavin and Gray 2016): faster, with an error of at most
        2e-5 of a layer's largest output, and not exact on integers. Which convolutions: docs/evaluation.md. It has no
        effect on bfloat16, and int8 refuses it.

    Returns
    -------
    array of float32, [count, classes]

    Raises
    ------
    TypeError, ValueError, OSError
        Something is not an image, or cannot be read.
    UnsupportedError
        The processor does not support the arithmetic.
    NonFiniteError
        A probability is NaN; the message names the parameter or node that caused it.
    """
    require_model(model, "predict")
    views = Views(crops, dense, scales, "predict", model.arithmetic("predict", precision, weights, fast_math))
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
    precision: str | None = None,
    weights: str = "float",
    fast_math: bool = False,
) -> Float32:
    """Return the class scores at every position of one whole image: dense evaluation before averaging.

    Position (i, j) is the network's output for the crop that starts `stride` · i pixels down and `stride` · j pixels to
    the right, where `stride` is the product of all strides (32 for the networks of 2012 and 2014), except that padding
    surrounds the whole image, not the crop.

    Parameters
    ----------
    model : Model
    image : image
        One image: see `predict`.
    scale : int, optional
        Size of its shorter side after resizing; by default the preprocessing's `resize`.
    layout, value_range, precision, weights, fast_math
        See `probabilities`.

    Returns
    -------
    array of float32, [rows, columns, classes]
        Logits, the input of the softmax.

    Raises
    ------
    TypeError, ValueError, OSError
        Not a single image, one that cannot be read, or one that is too small for the network.
    UnsupportedError
        The network has layers of fixed size, or the processor does not support the arithmetic.
    NonFiniteError
        A score is infinite or NaN; the message names the parameter or node that caused it.
    """
    require_model(model, "score_map")
    arithmetic = model.arithmetic("score_map", precision, weights, fast_math)
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
