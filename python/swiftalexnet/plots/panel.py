"""What a network makes of test pictures, and which training pictures it finds alike: figure 4 of the 2012 paper."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..loading import shuffled
from ..neighbors import last_hidden, nearest_pictures
from .figures import new_figure, place
from .predictions import RIGHT, draw_bars

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ..data import Dataset
    from ..networks import Model

# Inches. Left: two rows of pictures with label and bars; right: rows of a test picture and its neighbours.
_PICTURE, _LABEL, _BARS, _GAP = 1.5, 0.26, 0.86, 0.14
_THUMB, _THUMB_GAP, _QUERY_GAP = 0.98, 0.085, 0.16
_MARGIN, _TITLE, _BETWEEN = 0.12, 0.3, 0.42


def plot_panel(
    model: "Model",
    test: "Dataset",
    train: "Dataset",
    layer: str | None = None,
    predictions: int = 8,
    queries: int = 5,
    neighbors: int = 6,
    seed: int = 0,
) -> "Figure":
    """Draw predictions for some test pictures, and for others the nearest training pictures.

    Left: the right class above each picture, bars of the five likeliest classes below; the right class's bar is green,
    a wrong first one red. Right: a test picture in the first column, then the training pictures whose activations of
    `layer` have the smallest Euclidean distance to its own; a green frame says that one is of the same class. Test
    pictures are drawn by `seed`, a class at a time, and not chosen by what the network makes of them.

    Parameters
    ----------
    model : Model
    test, train : Dataset
    layer : str, optional
        By default the last hidden one, after its activation function: `relu7` of the paper's network.
    predictions, queries : int
        Pictures at the left, in two rows, and rows at the right.
    neighbors : int
        Training pictures a row.
    seed : int

    Raises
    ------
    TypeError, ValueError, OSError
        Data that does not fit the model, an unknown layer, or too few pictures.
    ImportError
        matplotlib is not installed.
    """
    figure = new_figure(1, 1)  # before any work: matplotlib may be missing
    layer = layer or last_hidden(model)
    chosen = _some(test, model, seed, predictions + queries)
    left, right = chosen[:predictions], chosen[predictions:]
    columns = -(-len(left) // 2)
    height = max(2 * (_LABEL + _PICTURE + _BARS) + _GAP, len(right) * (_THUMB + _THUMB_GAP) - _THUMB_GAP)
    width = columns * (_PICTURE + _GAP) - _GAP
    start = _MARGIN + width + _BETWEEN
    near_start = start + _THUMB + _QUERY_GAP
    total = near_start + neighbors * (_THUMB + _THUMB_GAP) - _THUMB_GAP + _MARGIN
    figure.set_size_inches(total, _TITLE + height + _MARGIN)
    figure.set_layout_engine("none")
    _title(figure, _MARGIN, "Test pictures and their likeliest classes")
    _title(figure, start, "Test")
    _title(figure, near_start, f"Training pictures nearest to it in {layer}; in green: of the same class")
    _draw_predictions(figure, model, test, left, columns)
    images = np.stack([image for _, image in right])
    found, _ = nearest_pictures(model, train, images, neighbors, layer)
    for row, (index, image) in enumerate(right):
        top = _TITLE + row * (_THUMB + _THUMB_GAP)
        _show(place(figure, start, top, _THUMB, _THUMB), image)
        for column, neighbor in enumerate(found[row]):
            axes = place(figure, near_start + column * (_THUMB + _THUMB_GAP), top, _THUMB, _THUMB)
            pixels = train.image(int(neighbor), model.preprocessing.geometry)
            if pixels is not None:
                _show(axes, pixels)
            if train.labels[neighbor] == test.labels[index]:
                _frame(axes)
    return figure


def _draw_predictions(
    figure: "Figure", model: "Model", test: "Dataset", chosen: list[tuple[int, NDArray[np.uint8]]], columns: int
) -> None:
    names = model.classes or test.classes or tuple(map(str, range(model.num_classes)))
    results = model.predict(np.stack([image for _, image in chosen]), min(5, model.num_classes))
    for number, ((index, image), result) in enumerate(zip(chosen, results, strict=True)):
        right = int(test.labels[index])
        left = _MARGIN + number % columns * (_PICTURE + _GAP)
        top = _TITLE + number // columns * (_LABEL + _PICTURE + _BARS + _GAP)
        axes = place(figure, left, top + _LABEL, _PICTURE, _PICTURE)
        _show(axes, image)
        axes.set_title(names[right], fontsize=9, pad=4)
        draw_bars(place(figure, left, top + _LABEL + _PICTURE + 0.04, _PICTURE, _BARS - 0.04), result, right)


def _some(data: "Dataset", model: "Model", seed: int, count: int) -> list[tuple[int, NDArray[np.uint8]]]:
    """Take (index, pixels) of `count` readable pictures, a class at a time."""
    geometry, chosen = model.preprocessing.geometry, []
    for index in _class_by_class(data.labels, seed):
        pixels = data.image(index, geometry)
        if pixels is not None:
            chosen.append((index, pixels))
        if len(chosen) == count:
            return chosen
    raise ValueError(f"plot_panel: {len(chosen)} readable test pictures, expected at least {count}")


def _class_by_class(labels: NDArray[np.int32], seed: int) -> Iterator[int]:
    """Yield all indices, shuffled, so that no class comes a second time before all have come once."""
    order = shuffled(len(labels), seed, 0)
    seen: dict[int, int] = {}
    rounds = []
    for index in order:
        rounds.append(seen.setdefault(int(labels[index]), 0))
        seen[int(labels[index])] += 1
    yield from map(int, order[np.argsort(rounds, kind="stable")])


def _show(axes: "Axes", pixels: NDArray[Any]) -> None:
    axes.imshow(pixels if pixels.shape[2] == 3 else pixels[..., 0], cmap="gray", vmin=0, vmax=255)


def _frame(axes: "Axes") -> None:
    axes.axis("on")
    axes.set(xticks=[], yticks=[])
    for spine in axes.spines.values():
        spine.set(color=RIGHT, linewidth=2)


def _title(figure: "Figure", left: float, text: str) -> None:
    width, height = figure.get_size_inches()
    figure.text(left / width, 1 - 0.1 / height, text, fontsize=10, va="top")
