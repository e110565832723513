"""Learning curves of a run."""

from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from .._support.kinds import require_kind
from .figures import new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@runtime_checkable
class History(Protocol):
    """The parts of a run's history that are drawn."""

    def __len__(self) -> int: ...

    def column(self, name: str) -> list[Any]:
        """Return a column of the table of epochs."""


TRAINING, VALIDATION, TOP5 = "#4477aa", "#cc6677", "#ddaa33"


def plot_history(history: History) -> "Figure":
    """Draw loss and error rates against the epoch, and mark where the learning rate changes.

    Raises
    ------
    TypeError, ValueError
        Not a history, or an empty one.
    ImportError
        matplotlib is not installed.
    """
    require_kind(history, History, "history", "plot_history")
    if not len(history):
        raise ValueError("plot_history: the history has no epochs, expected at least one")
    figure = new_figure(9.5, 3.6)
    draw_history(figure, history)
    return figure


def draw_history(figure: "Figure", history: History, steps: "NDArray[np.float64] | None" = None) -> None:
    """Draw a history into a figure.

    Parameters
    ----------
    figure : Figure
        An empty one.
    history : History
        May be empty if there are steps.
    steps : array of float64, optional
        (epoch, loss, top-1 error in percent) of single steps of training, [steps, 3], drawn faintly.
    """
    losses, errors = figure.subplots(1, 2)
    epochs = np.array(history.column("epoch"), np.int64) + 1
    if steps is not None:
        for axes, column in ((losses, 1), (errors, 2)):
            axes.plot(steps[:, 0], steps[:, column], color=TRAINING, alpha=0.3, linewidth=0.8, label="training, steps")
    _curves(
        losses, epochs, history, {"train_loss": ("training", TRAINING), "validation_loss": ("validation", VALIDATION)}
    )
    losses.set_ylabel("loss (mean −log p)")
    columns = {
        "train_top1_error": ("training, top-1", TRAINING),
        "validation_top1_error": ("validation, top-1", VALIDATION),
        "validation_top5_error": ("validation, top-5", TOP5),
    }
    _curves(errors, epochs, history, columns)
    errors.set_ylabel("error (%)")
    rates = history.column("learning_rate")
    changes = [epoch for epoch, before, after in zip(epochs[1:], rates, rates[1:], strict=False) if before != after]
    for axes in (losses, errors):
        for number, epoch in enumerate(changes):
            label = "learning rate changes" if number == 0 else None
            axes.axvline(epoch - 0.5, color="#999999", linewidth=1, linestyle=":", label=label)
        finish_axes(axes, len(epochs))
        if steps is not None:
            axes.set_xlim(0, max([*epochs, *steps[-1:, 0]]) + 0.5)


def _curves(axes: "Axes", epochs: NDArray[Any], history: History, columns: dict[str, tuple[str, str]]) -> None:
    for column, (label, color) in columns.items():
        values = history.column(column)
        if values and None not in values:
            axes.plot(epochs, values, color=color, label=label, marker="o" if len(epochs) < 30 else None, markersize=3)


def finish_axes(axes: "Axes", epochs: int) -> None:
    """Set what all axes of learning curves have in common, after the curves are drawn."""
    axes.set_xlabel("epoch")
    axes.locator_params(axis="x", integer=True, min_n_ticks=1)
    axes.set_xlim(0.5, max(epochs, 1) + 0.5)
    axes.margins(y=0.1)
    axes.set_ylim(bottom=0)
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(fontsize=8, edgecolor="none", framealpha=0.8)
