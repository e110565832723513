"""A model in eight bits, made from one in float32 and some images."""

import warnings
from typing import Any, TypeVar

import numpy as np

from .. import _native
from .._support.arrays import as_integer
from .._support.choices import choose
from .._support.numbers import check_number
from .._support.shown import shown
from ..inference.feature_images import given_images
from ..network.base import BaseModel
from ..network.batch_size import BatchSize, for_inference
from ..network.checks import require_model
from ..network.fine_tuning import keep
from ..network.quantization import Quantization
from ..network.rounded_weights import round_in_place, rounded_parameters
from .observation import observe
from .ranges import METHODS, range_of

Kind = TypeVar("Kind", bound=BaseModel)

_FEW = 16  # images, whose ranges say little of others


def quantize(
    model: Kind,
    images: Any,
    method: str | None = None,
    percentile: float | None = None,
    layout: str | None = None,
    value_range: tuple[float, float] | None = None,
    batch_size: BatchSize = 64,
    progress: bool = False,
) -> Kind:
    """Return a copy that computes in 8 bits: integers in convolutions, dense layers and max-pooling, sums of 32 bits.

    Weights are rounded to 127 steps of one scale for each output, and stand in the copy's `parameters` as what is left
    of them. Activations are rounded to 256 levels of one scale for each tensor; the range of these is chosen here, from
    what the images give rise to in float32. They are read twice, and cut as for `features`: the centre crop. What other
    layers do stays in float32, between tensors that are rounded: `summary` names both. The logits are float32.

    The model itself does not change. A copy of a quantised model keeps its weights, and gets new ranges.

    Parameters
    ----------
    model : Model
    images : images
        A few hundred like those that it will see; labels are not needed. See `swiftalexnet.inference.features`: arrays,
        paths, Pillow images, a folder or a data set, but no iterator. A UserWarning is given for fewer than 16.
    method : {"mse", "percentile"} or None
        How the range of a tensor is chosen, among values that are not zero. "mse": so that the squared error of
        clipping and rounding is least. "percentile": so that a share of them is clipped. None: "percentile" if
        `percentile` is given, else "mse".
    percentile : float or None
        For the method of this name: what is clipped above, and below where values are negative, is 100 - `percentile`
        percent. More than 50, and at most 100, which clips nothing; None: 99.99.
    layout, value_range
        See `swiftalexnet.inference.prediction.probabilities`.
    batch_size : int or "auto"
        Images at a time; of layers with large outputs fewer. The ranges do not depend on it, but for rounding with
        OpenBLAS.
    progress : bool
        Show a bar over both passes.

    Returns
    -------
    Model
        Its `quantization` says how each tensor is rounded. `predict`, `evaluate`, `features` and `forward` compute in
        int8 unless another `precision` is given.

    Raises
    ------
    TypeError, ValueError
        Something that is not an image, no images at all, an unknown method or a percentile out of its range.
    OSError
        An image cannot be read.
    NonFiniteError
        A weight or an activation is infinite or NaN; the message names the parameter, or the node and the image.
    MemoryError
        The copy does not fit into memory.
    """
    require_model(model, "quantize")
    if method is None:
        method = "mse" if percentile is None else "percentile"
    if choose("quantize", "method", method, METHODS) != "percentile" and percentile is not None:
        raise ValueError(f"quantize: percentile is {shown(percentile)} with method {method!r}, which has none")
    percentile = 99.99 if percentile is None else percentile
    check_number(percentile, "percentile", "quantize")
    if not 50 < percentile <= 100:
        raise ValueError(f"quantize: percentile is {shown(percentile)}, expected more than 50 and at most 100")
    if not isinstance(progress, (bool, np.bool_)):
        raise TypeError(f"quantize: progress is {shown(progress)}, expected True or False")
    at_once = for_inference(model, batch_size, "quantize", keeps_layers=True)
    at_once = as_integer(at_once, "batch_size", "quantize", 1, 2**20)
    given = given_images(images, model, layout, value_range, "raise", None, "quantize")
    if given.count is None:
        raise TypeError(f"quantize: images is {shown(images)}, expected images that can be read twice, such as a list")
    copy = _copy(model)
    scales = {name: round_in_place(copy.parameters()[name]) for name in rounded_parameters(copy.network)}
    histograms, count = observe(copy, given, at_once, bool(progress))
    if not count:
        raise ValueError("quantize: got no images, expected a few hundred, or one at the least")
    if count < _FEW:
        told = "image, whose ranges" if count == 1 else "images, whose ranges"
        warnings.warn(f"quantize: {count} {told} say little of others; expected some hundred", stacklevel=3)
    ranges = {name: range_of(histogram, method, float(percentile)) for name, histogram in histograms.items()}
    how = f"percentile {float(percentile):g}" if method == "percentile" else method
    copy.quantization = Quantization(ranges, scales, how, count)
    return copy


def _copy(model: Kind) -> Kind:
    """Return a model of the same weights, classes and preprocessing, in float32."""
    with model.network.hold("quantize", False):
        model.network.require_finite(_native.VALUE, "quantize")
        other = type(model).from_spec(model.spec, "zeros", variant=model.variant)
        copy = keep(model, other, list(model.parameters()), "quantize")
    copy.classes = model.classes
    return copy
