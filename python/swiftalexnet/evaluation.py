"""Error rates on labelled pictures, as the two papers measure them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from . import _native
from ._arithmetic import choose_arithmetic
from .batch_size import BatchSize, for_inference
from .progress import Progress
from .views import Views, classify_all

if TYPE_CHECKING:
    from .data import Dataset
    from .ensemble import Ensemble
    from .networks import Model


@dataclass(frozen=True)
class Evaluation:
    """What a model gets wrong.

    Attributes
    ----------
    top1_error, top5_error : float
        Percent. Classes of equal probability share the credit, as in the authors' code.
    loss : float
        Mean of −log p of the right class.
    count, skipped : int
        Pictures that were measured, and pictures that could not be read.
    """

    top1_error: float
    top5_error: float
    loss: float
    count: int
    skipped: int

    def __str__(self) -> str:
        skipped = f", {self.skipped} skipped" if self.skipped else ""
        errors = f"top-1 error {self.top1_error:.2f} %, top-5 error {self.top5_error:.2f} %"
        return f"{errors}, loss {self.loss:.4f} on {self.count} pictures{skipped}"


def evaluate(
    model: "Model",
    data: "Dataset",
    crops: int | None = None,
    batch_size: BatchSize = 64,
    progress: bool = False,
    dense: bool = False,
    scales: Sequence[int] | None = None,
    precision: str = "float32",
    weights: str = "float",
    fast_math: bool = False,
) -> Evaluation:
    """Classify every picture and compare with its label.

    Parameters
    ----------
    model : Model
    data : Dataset
        Its classes must be the model's.
    crops : {1, 9, 10, 50}, optional
        See `Views`: the centre crop; or grids, or corners and centre, of which probabilities are averaged.
    batch_size : int or "auto"
        Crops that are computed at once; results do not depend on it, but for rounding with OpenBLAS. "auto":
        the largest power of two up to 256 that fits into free memory.
    progress : bool
        Show a bar.
    dense : bool
        See `Views`: the network slides over the whole picture.
    scales : sequence of int, optional
        See `Views`: shorter sides of the whole picture.
    precision, weights, fast_math
        See `swiftalexnet.prediction.probabilities`.

    Raises
    ------
    ValueError
        Classes or labels that are not the model's, with crops a scale smaller than the crop, with dense evaluation
        one that is too small for a single position, or no readable picture.
    UnsupportedError
        Dense evaluation of a network with layers for one size only, or of a model that whitens its pictures;
        arithmetic that the processor does not have.
    OSError
        A picture cannot be read.
    """
    views = Views(crops, dense, scales, "evaluate", choose_arithmetic("evaluate", precision, weights, fast_math))
    batch_size = for_inference(model, batch_size, "evaluate", views.arithmetic)
    views.pictures_at_once(batch_size)
    check_dataset(model, data, "evaluate", same_names=True)
    views.check(model)
    totals, count = np.zeros(3), 0
    with Progress(len(data) * views.passes, progress, "evaluate") as bar:
        for numbers, probabilities in classify_all(model, data, views, batch_size, bar.advance):
            totals += score(probabilities, data, numbers)
            count += len(numbers)
    return as_evaluation(totals, count, len(data))


def score(
    probabilities: NDArray[np.float32], data: "Dataset", numbers: NDArray[np.int32]
) -> tuple[float, float, float]:
    """Return the sums (top-1 credit, top-5 credit, loss) over some pictures of the data."""
    return _native.score(probabilities, np.ascontiguousarray(data.labels[numbers], np.int32))


def as_evaluation(totals: Sequence[float] | NDArray[np.float64], count: int, pictures: int) -> Evaluation:
    """Make an `Evaluation` of the sums over `count` of so many pictures.

    Raises
    ------
    ValueError
        `count` is 0.
    """
    if not count:
        raise ValueError(f"evaluate: none of {pictures} pictures could be read")
    top1, top5 = (100 * (count - float(credit)) / count for credit in totals[:2])
    return Evaluation(top1, top5, float(totals[2]) / count, count, pictures - count)


def check_dataset(model: "Model | Ensemble", data: "Dataset", operation: str, same_names: bool = False) -> None:
    """Refuse data whose classes, by number and with `same_names` by name, or labels are not the model's."""
    for attribute in ("__len__", "labels", "classes", "image", "workers"):
        if not hasattr(data, attribute):
            raise TypeError(
                f"{operation}: got {type(data).__name__}, expected a data set such as ImageFolder or ArrayDataset"
            )
    if data.classes is not None and len(data.classes) != model.num_classes:
        raise ValueError(f"{operation}: the data has {len(data.classes)} classes, the model {model.num_classes}")
    if len(data) == 0 or len(data.labels) != len(data):
        raise ValueError(
            f"{operation}: {len(data)} pictures and {len(data.labels)} labels, expected as many, at least 1"
        )
    for label in (int(np.min(data.labels)), int(np.max(data.labels))):
        if not 0 <= label < model.num_classes:
            raise ValueError(f"{operation}: label {label}, expected 0 ≤ label < {model.num_classes}")
    if same_names and None not in (data.classes, model.classes) and data.classes != model.classes:
        raise ValueError(f"{operation}: the data's classes {data.classes} are not the model's {model.classes}")
