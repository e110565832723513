"""Pictures of a run and of a network: learning curves, first-layer kernels, a sheet of predictions.

Every function returns a matplotlib Figure that belongs to nobody: no window, no global state, `savefig` writes it, and
a notebook shows it as the value of a cell.
"""

import io
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ._optional import require
from .images import as_pictures, iterate_squares

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from .history import History
    from .networks import Model

_TRAINING, _VALIDATION, _TOP5 = "#4477aa", "#cc6677", "#ddaa33"
_RIGHT, _WRONG, _OTHER = "#228833", "#cc3311", "#bbbbbb"


def plot_history(history: "History") -> "Figure":
    """Draw loss and error rates against the epoch, and mark where the learning rate changes.

    Raises
    ------
    ValueError
        The history is empty.
    ImportError
        matplotlib is not installed.
    """
    if not len(history):
        raise ValueError("plot_history: the history has no epochs, expected at least one")
    figure = new_figure(9.5, 3.6)
    losses, errors = figure.subplots(1, 2)
    epochs = np.array(history.column("epoch")) + 1
    _curves(
        losses, epochs, history, {"train_loss": ("training", _TRAINING), "validation_loss": ("validation", _VALIDATION)}
    )
    losses.set_ylabel("loss (mean −log p)")
    columns = {
        "train_top1_error": ("training, top-1", _TRAINING),
        "validation_top1_error": ("validation, top-1", _VALIDATION),
        "validation_top5_error": ("validation, top-5", _TOP5),
    }
    _curves(errors, epochs, history, columns)
    errors.set_ylabel("error (%)")
    rates = history.column("learning_rate")
    changes = [epoch for epoch, before, after in zip(epochs[1:], rates, rates[1:], strict=False) if before != after]
    for axes in (losses, errors):
        axes.set_ylim(bottom=0)
        for number, epoch in enumerate(changes):
            label = "learning rate changes" if number == 0 else None
            axes.axvline(epoch - 0.5, color="#999999", linewidth=1, linestyle=":", label=label)
        axes.legend(frameon=False, fontsize=8)
    return figure


def plot_kernels(model: "Model", layer: str | None = None, columns: int = 16) -> "Figure":
    """Draw the kernels of a convolution that reads pictures, as figure 3 of Krizhevsky et al. 2012.

    One scale for all: the smallest weight is black, the largest white; 16 in a row, a pixel apart, no smoothing.

    Parameters
    ----------
    model : Model
    layer : str, optional
        By default the first convolution.
    columns : int
        Kernels in a row.

    Raises
    ------
    ValueError
        The layer is no convolution, or reads neither 1 nor 3 channels.
    ImportError
        matplotlib is not installed.
    """
    weights = model.parameters()
    name = layer or next((key.removesuffix(".weight") for key, array in weights.items() if array.ndim == 4), "")
    kernels = weights.get(f"{name}.weight")
    if kernels is None or kernels.ndim != 4 or kernels.shape[1] not in (1, 3):
        raise ValueError(f"plot_kernels: {name!r} has no kernels over 1 or 3 channels")
    sheet = kernel_sheet(kernels, columns)
    height, width = sheet.shape[:2]
    figure = new_figure(7.0, 7.0 * height / width + 0.35)
    axes = figure.subplots()
    axes.imshow(sheet if sheet.shape[2] == 3 else sheet[..., 0], cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    axes.set_title(f"{name}: {len(kernels)} kernels of {' × '.join(map(str, kernels.shape[1:]))}", fontsize=10)
    axes.axis("off")
    return figure


def kernel_sheet(kernels: NDArray[np.float32], columns: int = 16) -> NDArray[np.float32]:
    """Lay kernels [count, channels, height, width] out on a white sheet [rows, columns, channels] of 0 … 1."""
    count, channels, height, width = kernels.shape
    scaled = kernels - kernels.min()
    scaled = scaled / max(float(scaled.max()), np.finfo(np.float32).tiny)
    rows = -(-count // columns)
    sheet = np.ones((rows * (height + 1) - 1, min(count, columns) * (width + 1) - 1, channels), np.float32)
    for index, kernel in enumerate(scaled):
        top, left = index // columns * (height + 1), index % columns * (width + 1)
        sheet[top : top + height, left : left + width] = kernel.transpose(1, 2, 0)
    return sheet


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
        _bars(grid[row + 1, column], predictions[index], right)
    return figure


def new_figure(width: float, height: float) -> "Figure":
    """Return an empty figure of this size in inches.

    Raises
    ------
    ImportError
        matplotlib is not installed.
    """
    figure: Figure = _figure_class()(figsize=(width, height), dpi=120, layout="constrained")
    return figure


@cache
def _figure_class() -> Any:
    """Return matplotlib's Figure with what a notebook needs to show it; made late, as matplotlib is imported late."""
    base: Any = require("matplotlib.figure", "plots", "drawing").Figure

    class NotebookFigure(base):  # type: ignore[misc]
        def _repr_png_(self) -> bytes:
            buffer = io.BytesIO()
            self.savefig(buffer, format="png")
            return buffer.getvalue()

    return NotebookFigure


def _curves(axes: "Axes", epochs: NDArray[Any], history: "History", columns: dict[str, tuple[str, str]]) -> None:
    for column, (label, color) in columns.items():
        values = history.column(column)
        if None not in values:
            axes.plot(epochs, values, color=color, label=label, marker="o" if len(epochs) < 30 else None, markersize=3)
    axes.set_xlabel("epoch")
    axes.locator_params(axis="x", integer=True)
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)


def _bars(axes: "Axes", prediction: Any, right: int | None) -> None:
    """Draw one bar a class, the likeliest at the top, with the names inside."""
    colors = [_RIGHT if label == right else _OTHER for label in prediction.labels]
    if right is not None and prediction.labels[0] != right:
        colors[0] = _WRONG
    positions = range(len(colors))
    axes.barh(positions, prediction.probabilities, color=colors, height=0.86, alpha=0.8)
    for position, name, probability in zip(positions, prediction.classes, prediction.probabilities, strict=True):
        text = f"{name[:24]}  {100 * probability:.1f} %"
        axes.text(0.02, position, text, va="center", fontsize=7)
    axes.set(xlim=(0, 1), ylim=(len(colors) - 0.4, -0.6))
