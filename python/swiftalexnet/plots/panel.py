"""Predictions for test images, and the training images nearest to them: figure 4 of the 2012 paper."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .._support.arrays import as_integer, as_seed
from ..data.checks import check_dataset, checked_image
from ..data.order import shuffled
from ..inference.neighbors import last_hidden, nearest_images
from ..inference.prediction import predict
from ..network.base import BaseModel
from ..network.checks import require_model
from .figures import new_figure, place, wrapped
from .sampling import class_by_class
from .sheet import BAR, LABEL, RIGHT, Answer, draw_answer, show

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ..data.dataset import Dataset

# Inches. Left: two rows of images with labels and bars; right: rows with a test image and its neighbours.
_IMAGE, _GAP, _CLASSES = 1.5, 0.14, 5
_CELL = LABEL + _IMAGE + 0.04 + BAR * _CLASSES
_THUMB, _THUMB_GAP, _QUERY_GAP = 0.98, 0.085, 0.16
_MARGIN, _LINE, _BETWEEN = 0.12, 0.2, 0.42


def plot_panel(
    model: BaseModel,
    test: "Dataset",
    train: "Dataset",
    layer: str | None = None,
    predictions: int = 8,
    queries: int = 5,
    neighbors: int = 6,
    seed: int = 0,
) -> "Figure":
    """Draw predictions for some test images, and the nearest training images for others.

    Left: the correct class above each image, bars of the five likeliest classes below; the correct class's bar is
    green, a wrong first one red. Right: a test image in the first column, then the training images whose activations of
    `layer` have the smallest Euclidean distance to its own; a green frame marks the same class. Test images are drawn
    at random from `seed`, cycling through the classes, whatever the network's answers.

    Parameters
    ----------
    model : Model
    test, train : Dataset
    layer : str, optional
        By default the last hidden one, after its activation function: `relu7` in the paper's network.
    predictions, queries : int
        Number of images on the left, in two rows, and of rows on the right.
    neighbors : int
        Training images per row.
    seed : int

    Raises
    ------
    TypeError, ValueError, OSError
        Data that does not fit the model, an unknown layer, or too few images.
    ImportError
        matplotlib is not installed.
    """
    require_model(model, "plot_panel")
    as_seed(seed, "seed", "plot_panel")
    for name, value in (("predictions", predictions), ("queries", queries), ("neighbors", neighbors)):
        as_integer(value, name, "plot_panel", 1)
    figure = new_figure(1, 1)  # first, because matplotlib may be missing
    test, train = (check_dataset(model, data, "plot_panel") for data in (test, train))
    layer = layer or last_hidden(model)
    chosen = _some(test, model, seed, predictions + queries)
    left, right = chosen[:predictions], chosen[predictions:]
    columns = -(-len(left) // 2)
    width = columns * (_IMAGE + _GAP) - _GAP
    start = _MARGIN + width + _BETWEEN
    near_start = start + _THUMB + _QUERY_GAP
    near_width = neighbors * (_THUMB + _THUMB_GAP) - _THUMB_GAP
    titles = [
        (
            _MARGIN,
            wrapped(
                "Test images and their likeliest classes; in green: the right one, in red: a wrong answer", width, 10
            ),
        ),
        (start, "Test"),
        (near_start, wrapped(f"Training images nearest to it in {layer}; in green: of the same class", near_width, 10)),
    ]
    top = 0.1 + _LINE * max(len(title.splitlines()) for _, title in titles)
    rows = -(-len(left) // columns)
    height = max(rows * (_CELL + _GAP) - _GAP, len(right) * (_THUMB + _THUMB_GAP) - _THUMB_GAP)
    figure.set_size_inches(near_start + near_width + _MARGIN, top + height + _MARGIN)
    figure.set_layout_engine("none")
    for at, title in titles:
        _title(figure, at, title)
    for number, answer in enumerate(_answers(model, test, left)):
        place_left = _MARGIN + number % columns * (_IMAGE + _GAP)
        draw_answer(figure, place_left, top + number // columns * (_CELL + _GAP), _IMAGE, answer)
    images = np.stack([image for _, image in right])
    found, _ = nearest_images(model, train, images, neighbors, layer)
    for row, (index, image) in enumerate(right):
        row_top = top + row * (_THUMB + _THUMB_GAP)
        show(place(figure, start, row_top, _THUMB, _THUMB), image)
        for column, neighbor in enumerate(found[row]):
            axes = place(figure, near_start + column * (_THUMB + _THUMB_GAP), row_top, _THUMB, _THUMB)
            geometry = model.preprocessing.geometry
            pixels = checked_image(train.image(int(neighbor), geometry), train, geometry)
            if pixels is not None:
                show(axes, pixels)
            if train.labels[neighbor] == test.labels[index]:
                _frame(axes)
    return figure


def _answers(model: BaseModel, test: "Dataset", chosen: list[tuple[int, NDArray[np.uint8]]]) -> list[Answer]:
    names = model.classes or test.classes or tuple(map(str, range(model.num_classes)))
    images = np.stack([image for _, image in chosen])
    results = predict(model, images, min(_CLASSES, model.num_classes), layout="NHWC")
    labels = [int(test.labels[index]) for index, _ in chosen]
    return [
        Answer(image, names[label], result, label)
        for (_, image), result, label in zip(chosen, results, labels, strict=True)
    ]


def _some(data: "Dataset", model: BaseModel, seed: int, count: int) -> list[tuple[int, NDArray[np.uint8]]]:
    """Return (index, pixels) of `count` readable images, cycling through the classes."""
    geometry, chosen = model.preprocessing.geometry, []
    for index in map(int, class_by_class(data.labels, shuffled(len(data), seed, 0))):
        pixels = checked_image(data.image(index, geometry), data, geometry)
        if pixels is not None:
            chosen.append((index, pixels))
        if len(chosen) == count:
            return chosen
    raise ValueError(f"plot_panel: {len(chosen)} readable test images, expected at least {count}")


def _frame(axes: "Axes") -> None:
    axes.axis("on")
    axes.set(xticks=[], yticks=[])
    for spine in axes.spines.values():
        spine.set(color=RIGHT, linewidth=2)


def _title(figure: "Figure", left: float, text: str) -> None:
    width, height = figure.get_size_inches()
    figure.text(left / width, 1 - 0.1 / height, text, fontsize=10, va="top", linespacing=1.3)
