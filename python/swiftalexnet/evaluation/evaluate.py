"""Measure a model on labelled images: error rates as in the two papers, and the mistakes behind them."""

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .. import _native
from .._support.progress import Progress
from ..data.checks import Classifier, check_dataset
from ..data.skipped import report_skipped
from ..inference.measurements import WorstImage
from ..inference.views import Views, classify_all
from ..network.base import BaseModel
from ..network.batch_size import BatchSize, for_inference
from ..network.checks import require_model
from .result import Evaluation

if TYPE_CHECKING:
    from ..data.dataset import Dataset

__all__ = ["Evaluation", "Tally", "evaluate", "mean_errors"]

_WORST = 16  # images listed by an evaluation


def evaluate(
    model: BaseModel,
    data: "Dataset",
    crops: int | None = None,
    batch_size: BatchSize = 64,
    progress: bool = False,
    dense: bool = False,
    scales: Sequence[int] | None = None,
    precision: str | None = None,
    weights: str = "float",
    fast_math: bool = False,
) -> Evaluation:
    """Classify every image and compare the result with its label.

    Parameters
    ----------
    model : Model
    data : Dataset
        Its classes must be the model's. A UserWarning counts the files that are left out, by class and reason.
    crops : {1, 9, 10, 50}, optional
        See `Views`: the centre crop, or several crops whose probabilities are averaged.
    batch_size : int or "auto"
        Crops per batch; results do not depend on it, except for rounding with OpenBLAS. "auto": the largest power of
        two up to 256 that fits into free memory.
    progress : bool
        Show a bar.
    dense : bool
        See `Views`: slide the network over the whole image.
    scales : sequence of int, optional
        See `Views`: sizes of the whole image's shorter side.
    precision, weights, fast_math
        See `swiftalexnet.inference.prediction.probabilities`.

    Raises
    ------
    TypeError, ValueError
        Not a data set; classes or labels that are not the model's; with crops, a scale smaller than the crop; with
        dense evaluation, a scale too small for a single position; a class without a readable image.
    UnsupportedError
        Dense evaluation of a network with layers of fixed size, or of a model that whitens its images; arithmetic that
        the processor does not support.
    OSError
        An image cannot be read.
    """
    require_model(model, "evaluate")
    views = Views(crops, dense, scales, "evaluate", model.arithmetic("evaluate", precision, weights, fast_math))
    batch_size = for_inference(model, batch_size, "evaluate", views.arithmetic)
    views.images_at_once(batch_size)
    data = check_dataset(model, data, "evaluate", same_names=True)
    views.check(model)
    tally = Tally(data)
    with Progress(len(data) * views.passes, progress, "evaluate") as bar:
        for numbers, probabilities in classify_all(model, data, views, batch_size, bar.advance):
            tally.add(probabilities, numbers)
    result = tally.evaluation(model, views)
    report_skipped(data, tally.missing(), "evaluate")
    return result


class Tally:
    """Accumulates results over the images of a data set: five numbers per image."""

    def __init__(self, data: "Dataset"):
        self._data, self._totals = data, np.zeros(3)
        self._parts: list[tuple[NDArray[Any], ...]] = []

    def add(self, probabilities: NDArray[np.float32], numbers: NDArray[np.int32]) -> None:
        """Add images, given their probabilities [count, classes] and their numbers."""
        labels = np.ascontiguousarray(self._data.labels[numbers], np.int32)
        self._totals += _native.score(probabilities, labels)  # which refuses labels out of range
        rows = np.arange(len(numbers))
        predicted = probabilities.argmax(axis=1)
        parts = probabilities[rows, predicted], probabilities[rows, labels]
        self._parts.append((numbers, labels, predicted.astype(np.int32), *parts))

    def missing(self) -> list[int]:
        """Return the numbers of the images that were not measured."""
        measured = np.concatenate([numbers for numbers, *_ in self._parts])
        return [int(number) for number in np.setdiff1d(np.arange(len(self._data)), measured)]

    def evaluation(self, model: Classifier, views: Views) -> Evaluation:
        """Return the result.

        Raises
        ------
        ValueError
            No image could be read.
        """
        images = len(self._data)
        if not self._parts:
            raise ValueError(f"evaluate: none of {images} images could be read")
        joined = [np.concatenate(parts) for parts in zip(*self._parts, strict=True)]
        order = np.argsort(joined[0])  # dense evaluation groups images of one size
        numbers, labels, predicted, confidence, right = (part[order] for part in joined)
        losses = -np.log(np.maximum(right, np.finfo(np.float32).smallest_subnormal))
        top1, top5, loss = mean_errors(self._totals, len(numbers))
        worst = tuple(
            WorstImage(
                int(numbers[place]),
                _path(self._data, int(numbers[place])),
                int(labels[place]),
                int(predicted[place]),
                float(confidence[place]),
                float(losses[place]),
            )
            for place in np.argsort(right, kind="stable")[:_WORST]
        )
        rates = top1, top5, loss, len(numbers), images - len(numbers)
        names = _names(model.num_classes, model.classes, self._data.classes)
        return Evaluation(*rates, names, views, numbers, labels, predicted, confidence, losses, worst)


def mean_errors(totals: NDArray[np.float64], images: int) -> tuple[float, float, float]:
    """Return top-1 error and top-5 error in percent and the mean loss, from the sums of `_native.score`."""
    top1, top5 = (100 * (images - float(credit)) / images for credit in totals[:2])
    return top1, top5, float(totals[2]) / images


def _names(count: int, *given: Sequence[str] | None) -> tuple[str, ...]:
    """Return the first names of which there is one per class, otherwise the class numbers."""
    fitting = (names for names in given if names is not None and len(names) == count)
    return tuple(map(str, next(fitting, range(count))))


def _path(data: "Dataset", index: int) -> str | None:
    """Return the file of an image, or None if the data set has no list of files."""
    try:
        return os.fsdecode(data.paths[index])  # type: ignore[attr-defined]
    except (AttributeError, LookupError, TypeError):
        return None
