"""Learning curves of networks that differ in their seed: their mean and its band."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .._support.kinds import as_items, require_kind
from .curves import TOP5, TRAINING, VALIDATION, History, finish_axes
from .figures import new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def plot_seeds(histories: Sequence[History]) -> "Figure":
    """Draw loss and error rates against the epoch: the mean over the seeds, and a band of one standard deviation.

    A line for every seed is drawn faintly. Where a run is shorter than others, the rest of them is averaged.

    Parameters
    ----------
    histories : sequence of History
        One for each seed, as `SeedFamily.histories` has them.

    Raises
    ------
    TypeError, ValueError
        Not histories, none, or only empty ones.
    ImportError
        matplotlib is not installed.
    """
    given = as_items(histories, "histories", "plot_seeds")
    for history in given:
        require_kind(history, History, "a history", "plot_seeds")
    given = [history for history in given if len(history)]
    if not given:
        raise ValueError("plot_seeds: the histories have no epochs, expected at least one")
    figure = new_figure(9.5, 3.6)
    losses, errors = figure.subplots(1, 2)
    _band(losses, given, "train_loss", "training", TRAINING)
    _band(losses, given, "validation_loss", "validation", VALIDATION)
    _band(errors, given, "train_top1_error", "training, top-1", TRAINING)
    _band(errors, given, "validation_top1_error", "validation, top-1", VALIDATION)
    _band(errors, given, "validation_top5_error", "validation, top-5", TOP5)
    losses.set_ylabel("loss (mean −log p)")
    errors.set_ylabel("error (%)")
    for axes in (losses, errors):
        finish_axes(axes, max(map(len, given)))
    seeds = f"{len(given)} seeds: mean ± standard deviation" if len(given) > 1 else "one seed"
    figure.suptitle(seeds, fontsize=10)
    return figure


def _band(axes: "Axes", histories: Sequence[History], column: str, label: str, color: str) -> None:
    """Draw one column: every seed, the mean, and the band around it."""
    table = _table([history.column(column) for history in histories])
    epochs = np.flatnonzero(np.isfinite(table).any(axis=0)) + 1
    if not len(epochs):
        return
    values = table[:, epochs - 1]
    count = np.isfinite(values).sum(axis=0)
    mean = np.nansum(values, axis=0) / count
    squares = np.nansum((values - mean) ** 2, axis=0)
    deviation = np.sqrt(squares / np.maximum(count - 1, 1))  # of the sample; no band where there is one seed
    for row in values if len(values) > 1 else ():
        axes.plot(epochs, row, color=color, linewidth=0.6, alpha=0.35)
    axes.fill_between(epochs, mean - deviation, mean + deviation, color=color, alpha=0.2, linewidth=0)
    axes.plot(epochs, mean, color=color, label=label, marker="o" if len(epochs) < 30 else None, markersize=3)


def _table(columns: list[list[Any]]) -> NDArray[np.float64]:
    """Return [seeds, epochs], NaN where a run has no such epoch or value."""
    table = np.full((len(columns), max(map(len, columns))), np.nan)
    for row, column in zip(table, columns, strict=True):
        row[: len(column)] = [np.nan if value is None else value for value in column]
    return table
