"""The images with the largest loss."""

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .._support.arrays import as_integer
from .._support.kinds import require_kind
from ..data.checks import checked_image
from ..images.decoding import read_image
from ..images.geometry import Geometry
from ..inference.measurements import Measurements, WorstImage
from ..inference.ranking import Prediction
from .sheet import Answer, plot_answers

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..data.dataset import Dataset

_SIDE = 240  # pixels of a drawn image


def plot_worst(evaluation: Measurements, data: "Dataset | None" = None, count: int = 12, columns: int = 4) -> "Figure":
    """Draw the images with the largest loss, with the correct class above and bars of both classes' probabilities.

    Parameters
    ----------
    evaluation : Evaluation
    data : Dataset, optional
        The evaluated data; only needed if its images have no files.
    count, columns : int
        Number of images, at most the 16 that an evaluation lists, and images per row.

    Raises
    ------
    ValueError
        Images without files, and no `data`; or not the data that was evaluated.
    TypeError
        Not a number.
    ImportError
        matplotlib is not installed.
    """
    count = as_integer(count, "count", "plot_worst", 1)
    columns = as_integer(columns, "columns", "plot_worst", 1)
    require_kind(evaluation, Measurements, "evaluation", "plot_worst", "Evaluation")
    worst = evaluation.worst[:count]
    if data is not None and len(data) != evaluation.count + evaluation.skipped:
        came = f"{evaluation.count + evaluation.skipped} images were evaluated"
        raise ValueError(f"plot_worst: {came}, data has {len(data)}; expected the same data")
    if data is None and any(each.path is None for each in worst):
        raise ValueError("plot_worst: these images have no files, expected data=, the evaluated data")
    answers = [_answer(evaluation, each, _pixels(each, data)) for each in worst]
    return plot_answers(answers, columns, f"Largest loss first, of {evaluation.count} images; above each its class")


def _answer(evaluation: Measurements, worst: WorstImage, image: NDArray[np.uint8] | None) -> Answer:
    chances = {worst.predicted: worst.probability, worst.label: math.exp(-worst.loss)}
    names = tuple(evaluation.classes[label] for label in chances)
    prediction = Prediction(tuple(chances), names, tuple(chances.values()))
    return Answer(image, evaluation.classes[worst.label], prediction, worst.label)


def _pixels(worst: WorstImage, data: "Dataset | None") -> NDArray[np.uint8] | None:
    """Return uint8 [side, side, 3]; None for a file that can no longer be read."""
    geometry = Geometry(_SIDE, 3, "area")
    try:
        if data is not None:
            return checked_image(data.image(worst.index, geometry), data, geometry)
        return None if worst.path is None else read_image(worst.path, geometry)
    except (OSError, ValueError):
        return None
