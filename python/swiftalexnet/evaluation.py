"""Error rates on labelled pictures, as the two papers measure them."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from . import _native
from ._arrays import as_integer, as_output
from .loading import Loader, in_order
from .progress import Progress

if TYPE_CHECKING:
    from .data import Dataset
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
    model: "Model", data: "Dataset", crops: int = 1, batch_size: int = 64, progress: bool = False
) -> Evaluation:
    """Classify every picture and compare with its label.

    Parameters
    ----------
    model : Model
    data : Dataset
        Its classes must be the model's.
    crops : {1, 10}
        The centre crop, or the corners, the centre and their mirrors, of which probabilities are averaged
        (Krizhevsky et al. 2012, section 4.1).
    batch_size : int
        Crops that are computed at once; results do not depend on it.
    progress : bool
        Show a bar.

    Raises
    ------
    ValueError
        Classes or labels that are not the model's, or no readable picture.
    OSError
        A picture cannot be read.
    """
    views = check_crops(crops, "evaluate")
    images_at_once = max(1, as_integer(batch_size, "batch_size", "evaluate", 1, 2**20) // views)
    check_dataset(model, data, "evaluate")
    preprocessing = model.preprocessing
    totals, count = np.zeros(3), 0
    batches = in_order(len(data), images_at_once)
    with Progress(len(data), progress, "evaluate") as bar, Loader(data, batches, preprocessing.geometry) as loader:
        for images, labels in loader:
            if len(images):
                probabilities = as_output(None, (len(images), model.num_classes), "evaluate")
                model.network.predict_images(images, preprocessing.for_engine(), views, probabilities)
                totals += _native.score(probabilities, labels)
                count += len(images)
            bar.advance(len(images))
    if not count:
        raise ValueError(f"evaluate: none of {len(data)} pictures could be read")
    top1, top5 = (100 * (count - float(credit)) / count for credit in totals[:2])
    return Evaluation(top1, top5, float(totals[2]) / count, count, len(data) - count)


def check_crops(crops: int, operation: str) -> int:
    """Refuse numbers of crops other than 1 and 10."""
    if as_integer(crops, "crops", operation) not in (1, 10):
        raise ValueError(f"{operation}: crops is {crops}, expected 1 or 10")
    return crops


def check_dataset(model: "Model", data: "Dataset", operation: str) -> None:
    """Refuse data whose classes or labels are not the model's."""
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
    if int(np.min(data.labels)) < 0 or int(np.max(data.labels)) >= model.num_classes:
        raise ValueError(f"{operation}: label {int(np.max(data.labels))}, expected 0 ≤ label < {model.num_classes}")
    if operation == "evaluate" and None not in (data.classes, model.classes) and data.classes != model.classes:
        raise ValueError(f"{operation}: the data's classes {data.classes} are not the model's {model.classes}")
