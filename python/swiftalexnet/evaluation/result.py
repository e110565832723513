"""What a model gets wrong, and all that follows from it: classes, confusions, chance, calibration, the worst images."""

import math
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from . import report as evaluation_report
from .._support.arrays import require_memory
from ..inference.calibration import Calibration, calibrate
from ..inference.views import Views

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from pandas import DataFrame

    from ..data.dataset import Dataset

Int32 = NDArray[np.int32]
Int64 = NDArray[np.int64]
Float32 = NDArray[np.float32]


@dataclass(frozen=True)
class WorstImage:
    """An image with a large loss.

    Attributes
    ----------
    index : int
        Its place in the data.
    path : str or None
        Its file, where the data has files.
    label, predicted : int
        The right class, and the likeliest.
    probability : float
        Of the predicted class, 0 … 1.
    loss : float
        −log p of the right class.
    """

    index: int
    path: str | None
    label: int
    predicted: int
    probability: float
    loss: float


class Confusions(NamedTuple):
    """The entries of a confusion matrix that are not zero, row by row; each [pairs]."""

    labels: Int64
    predicted: Int64
    counts: Int64


@dataclass(frozen=True)
class Evaluation:
    """What a model gets wrong. Prints itself; a notebook shows it as tables.

    Two are equal if their rates, counts, classes and views are.

    Attributes
    ----------
    top1_error, top5_error : float
        Percent. Classes of equal probability share the credit, as in the authors' code.
    loss : float
        Mean of −log p of the right class.
    count, skipped : int
        Images that were measured, and images that could not be read.
    classes : tuple of str
        Names of the classes by label; the label as text where they have no names.
    views : Views
        What of each image was classified, and in which arithmetic.
    indices : array of int32, [count]
        The measured images' places in the data, rising.
    labels, predicted : array of int32, [count]
        The right class of each, and the likeliest: the first of several that are equally likely.
    confidence : array of float32, [count]
        Probability of the predicted class, 0 … 1.
    losses : array of float32, [count]
        −log p of the right class.
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
        """The pairs of (right class, predicted class) that occur."""
        classes = len(self.classes)
        pairs, counts = np.unique(self.labels.astype(np.int64) * classes + self.predicted, return_counts=True)
        return Confusions(pairs // classes, pairs % classes, counts)

    @cached_property
    def confusion(self) -> Int64:
        """The confusion matrix, [classes, classes]: images of the row's class that were taken for the column's.

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
        """Measured images of each class, [classes]."""
        return np.bincount(self.labels, minlength=len(self.classes))

    @cached_property
    def class_mistakes(self) -> Int64:
        """Images of each class that were taken for another one, [classes]."""
        return np.bincount(self.labels[self.labels != self.predicted], minlength=len(self.classes))

    @property
    def class_errors(self) -> NDArray[np.float64]:
        """Top-1 error of each class in percent, [classes]; NaN for a class without images."""
        with np.errstate(invalid="ignore"):
            return 100 * self.class_mistakes / self.class_counts

    @property
    def commonest(self) -> int:
        """The class with most of the measured images; the first of several."""
        return int(np.argmax(self.class_counts))

    @property
    def chance_error(self) -> float:
        """The top-1 error, in percent, of always answering `commonest`.

        100 · (1 − 1 / classes) where all classes have as many images.
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

        False where all images are of one class: every answer of that class is then right.
        """
        return self.chance_error > 0 and self.top1_error >= self.chance_error - 2 * self.chance_deviation

    @cached_property
    def calibration(self) -> Calibration:
        """Confidence beside accuracy, in 15 bins; `calibration.error` is the expected calibration error (ECE)."""
        return calibrate(self.confidence, self.labels == self.predicted)

    def plot(self) -> "Figure":
        """Draw confusion matrix, error a class and reliability diagram: see `swiftalexnet.plots.plot_evaluation`."""
        from ..plots import plot_evaluation

        return plot_evaluation(self)

    def plot_worst(self, data: "Dataset | None" = None, count: int = 12) -> "Figure":
        """Draw the worst images: see `swiftalexnet.plots.plot_worst`."""
        from ..plots import plot_worst

        return plot_worst(self, data, count)

    def to_frame(self) -> "DataFrame":
        """Return a pandas DataFrame, a row a class: `label`, `class`, `images`, `mistakes`, `error`, `taken_for`.

        Raises
        ------
        ImportError
            pandas is not installed.
        """
        return evaluation_report.as_frame(self)

    def to_json(self) -> dict[str, Any]:
        """Return everything but the numbers of single images, as JSON can hold it.

        What is not defined is None. `confusion` lists [right, predicted, images] where there are any.
        """
        return evaluation_report.as_json(self)

    def __str__(self) -> str:
        return evaluation_report.as_text(self)

    def __repr__(self) -> str:
        return f"<{evaluation_report.rates(self)}>"

    def _repr_html_(self) -> str:
        return evaluation_report.as_html(self)
