"""Measurements of a model's errors: by class, confusions, chance, calibration, the worst images."""

import math
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._support.arrays import require_memory
from .calibration import Calibration, calibrate
from .views import Views

Int32 = NDArray[np.int32]
Int64 = NDArray[np.int64]
Float32 = NDArray[np.float32]


@dataclass(frozen=True)
class WorstImage:
    """An image with a large loss.

    Attributes
    ----------
    index : int
        Its index in the data.
    path : str or None
        Its file, if the data has files.
    label, predicted : int
        The correct class, and the likeliest.
    probability : float
        Of the predicted class, 0 … 1.
    loss : float
        −log p of the correct class.
    """

    index: int
    path: str | None
    label: int
    predicted: int
    probability: float
    loss: float


class Confusions(NamedTuple):
    """The nonzero entries of a confusion matrix, row by row; each array is [pairs]."""

    labels: Int64
    predicted: Int64
    counts: Int64


@dataclass(frozen=True)
class Measurements:
    """Measurements of a model's errors; `Evaluation` adds text, tables and figures.

    Two are equal if their rates, counts, classes and views are equal.

    Attributes
    ----------
    top1_error, top5_error : float
        Percent. Classes of equal probability share the credit, as in the authors' code.
    loss : float
        Mean of −log p of the correct class.
    count, skipped : int
        Images that were measured, and images that could not be read.
    classes : tuple of str
        Names of the classes by label; the label as text if they have no names.
    views : Views
        The views of each image that were classified, and the arithmetic.
    indices : array of int32, [count]
        The measured images' indices in the data, ascending.
    labels, predicted : array of int32, [count]
        The correct class of each image, and the likeliest; the first if several are equally likely.
    confidence : array of float32, [count]
        Probability of the predicted class, 0 … 1.
    losses : array of float32, [count]
        −log p of the correct class.
    worst : tuple of WorstImage
        The 16 images with the largest loss, the worst first.
    """

    top1_error: float
    top5_error: float
    loss: float
    count: int
    skipped: int
    classes: tuple[str, ...]
    views: Views
    indices: Int32 = field(compare=False)
    labels: Int32 = field(compare=False)
    predicted: Int32 = field(compare=False)
    confidence: Float32 = field(compare=False)
    losses: Float32 = field(compare=False)
    worst: tuple[WorstImage, ...] = field(compare=False)

    @cached_property
    def confusions(self) -> Confusions:
        """The pairs of (correct class, predicted class) that occur."""
        classes = len(self.classes)
        pairs, counts = np.unique(self.labels.astype(np.int64) * classes + self.predicted, return_counts=True)
        return Confusions(pairs // classes, pairs % classes, counts)

    @cached_property
    def confusion(self) -> Int64:
        """The confusion matrix, [classes, classes]: images of the row's class predicted as the column's class.

        Raises
        ------
        MemoryError
            It does not fit into memory; `confusions` has the same numbers.
        """
        shape = (len(self.classes), len(self.classes))
        require_memory(shape, 8, "Evaluation.confusion")
        matrix = np.zeros(shape, np.int64)
        matrix[self.confusions.labels, self.confusions.predicted] = self.confusions.counts
        return matrix

    @cached_property
    def class_counts(self) -> Int64:
        """The number of measured images of each class, [classes]."""
        return np.bincount(self.labels, minlength=len(self.classes))

    @cached_property
    def class_mistakes(self) -> Int64:
        """The number of misclassified images of each class, [classes]."""
        return np.bincount(self.labels[self.labels != self.predicted], minlength=len(self.classes))

    @property
    def class_errors(self) -> NDArray[np.float64]:
        """Top-1 error of each class in percent, [classes]; NaN for a class without images."""
        with np.errstate(invalid="ignore"):
            return 100 * self.class_mistakes / self.class_counts

    @property
    def commonest(self) -> int:
        """The class with the most measured images; the first of several."""
        return int(np.argmax(self.class_counts))

    @property
    def chance_error(self) -> float:
        """The top-1 error, in percent, of always answering `commonest`.

        100 · (1 − 1 / classes) if all classes have the same number of images.
        """
        return 100 * (1 - int(self.class_counts.max()) / self.count)

    @property
    def chance_deviation(self) -> float:
        """The standard error of `chance_error` on `count` images, in percent: √(p (1 − p) / count)."""
        chance = self.chance_error / 100
        return 100 * math.sqrt(chance * (1 - chance) / self.count)

    @property
    def near_chance(self) -> bool:
        """Whether the top-1 error is no more than two standard errors better than chance.

        False if all images belong to one class, because always answering that class is then correct.
        """
        return self.chance_error > 0 and self.top1_error >= self.chance_error - 2 * self.chance_deviation

    @cached_property
    def calibration(self) -> Calibration:
        """Confidence and accuracy in 15 bins; `calibration.error` is the expected calibration error (ECE)."""
        return calibrate(self.confidence, self.labels == self.predicted)


def rates(result: Measurements) -> str:
    """Return the error rates, the loss and the counts on one line."""
    skipped = f", {result.skipped} skipped" if result.skipped else ""
    errors = f"top-1 error {result.top1_error:.2f} %, top-5 error {result.top5_error:.2f} %"
    return f"{errors}, loss {result.loss:.4f} on {result.count} images{skipped}"
