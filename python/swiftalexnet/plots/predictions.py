"""A sheet of images with their likeliest classes."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .._support.arrays import as_integer, as_labels
from .._support.kinds import require_kind
from ..images.inputs import as_images
from ..inference.prediction import predict
from ..network.base import BaseModel
from ..network.checks import require_model
from .sheet import Answer, plot_answers

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def plot_predictions(
    model: BaseModel,
    images: Any,
    labels: Sequence[int] | None = None,
    top: int = 5,
    columns: int = 4,
    title: str = "",
    **options: Any,
) -> "Figure":
    """Draw images with bars of their likeliest classes, as in figure 4 of Krizhevsky et al. 2012.

    Parameters
    ----------
    model : Model
    images : images
        See `Model.predict`.
    labels : sequence of int, optional
        The correct classes, shown above each image; the bar of the correct class is green, a wrong first one red.
    top, columns : int
        Bars per image, and images per row.
    title : str
        Above the figure.
    **options
        `crops`, `layout`, `value_range`: see `Model.predict`.

    Raises
    ------
    TypeError, ValueError, OSError
        Something that is not an image; a wrong number of labels, or labels out of range.
    ImportError
        matplotlib is not installed.
    """
    require_model(model, "plot_predictions")
    require_kind(title, str, "title", "plot_predictions")
    top, columns = (as_integer(n, name, "plot_predictions", 1) for n, name in ((top, "top"), (columns, "columns")))
    channels = model.preprocessing.channels
    given = as_images(images, options.get("layout"), options.get("value_range"), channels, "plot_predictions")
    right: list[int | None] = [None] * len(given)
    if labels is not None:
        right = list(map(int, as_labels(labels, "labels", "plot_predictions", len(given), model.num_classes)))
    predictions = predict(model, images, top, **options)
    names = model.classes or tuple(map(str, range(model.num_classes)))
    squares = given.squares(model.preprocessing.geometry)
    answers = [
        Answer(square, "" if label is None else names[label], prediction, label)
        for square, prediction, label in zip(squares, predictions, right, strict=True)
    ]
    return plot_answers(answers, columns, title)
