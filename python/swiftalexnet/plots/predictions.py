"""A sheet of pictures with their likeliest classes."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..images import as_pictures, iterate_squares
from .figures import new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ..networks import Model

RIGHT, _WRONG, _OTHER = "#228833", "#cc3311", "#bbbbbb"


def plot_predictions(
    model: "Model", images: Any, labels: Sequence[int] | None = None, top: int = 5, columns: int = 4, **options: Any
) -> "Figure":
    """Draw pictures with bars of their likeliest classes, as figure 4 of Krizhevsky et al. 2012.

    Parameters
    ----------
    model : Model
    images : pictures
        See `Model.predict`.
    labels : sequence of int, optional
        The right classes: named above each picture; the bar of the right class is green, a wrong first one red.
    top, columns : int
        Bars a picture, and pictures in a row.
    **options
        `crops`, `layout`, `value_range`: see `Model.predict`.

    Raises
    ------
    TypeError, ValueError, OSError
        Something that is no picture, or labels that are not as many.
    ImportError
        matplotlib is not installed.
    """
    channels = model.preprocessing.channels
    pictures = as_pictures(images, options.get("layout", "NHWC"), options.get("value_range"), channels)
    predictions = model.predict(images, top, **options)
    if labels is not None and len(labels) != len(pictures):
        raise ValueError(f"plot_predictions: {len(labels)} labels for {len(pictures)} pictures, expected as many")
    names = model.classes or tuple(map(str, range(model.num_classes)))
    columns = min(columns, len(pictures))
    rows = -(-len(pictures) // columns)
    bars = min(top, model.num_classes)
    figure = new_figure(2.3 * columns, rows * (2.35 + 0.17 * bars))
    grid = figure.subplots(2 * rows, columns, squeeze=False, height_ratios=[1, 0.1 + 0.085 * bars] * rows)
    for axes in grid.flat:
        axes.axis("off")
    for index, square in enumerate(iterate_squares(pictures, model.preprocessing.geometry)):
        row, column = 2 * (index // columns), index % columns
        right = None if labels is None else int(labels[index])
        grid[row, column].imshow(square if channels == 3 else square[..., 0], cmap="gray", vmin=0, vmax=255)
        if right is not None:
            grid[row, column].set_title(names[right], fontsize=9, pad=3)
        draw_bars(grid[row + 1, column], predictions[index], right)
    return figure


def draw_bars(axes: "Axes", prediction: Any, right: int | None) -> None:
    """Draw one bar a class, the likeliest at the top, with the names inside."""
    colors = [RIGHT if label == right else _OTHER for label in prediction.labels]
    if right is not None and prediction.labels[0] != right:
        colors[0] = _WRONG
    positions = range(len(colors))
    axes.barh(positions, prediction.probabilities, color=colors, height=0.86, alpha=0.8)
    for position, name, probability in zip(positions, prediction.classes, prediction.probabilities, strict=True):
        text = f"{name[:24]}  {100 * probability:.1f} %"
        axes.text(0.02, position, text, va="center", fontsize=7)
    axes.set(xlim=(0, 1), ylim=(len(colors) - 0.4, -0.6))
