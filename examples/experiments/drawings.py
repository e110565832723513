"""The figures of the report."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from swiftalexnet.plots import new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

STYLES = {"relu": ("ReLU", "-", "#222222"), "tanh": ("tanh", "--", "#4477aa")}
GREY, BLUE = "#888888", "#4477aa"


def training_errors(runs: dict[str, Sequence[Sequence[float]]], target: float) -> "Figure":
    """Draw the training error over epochs, with a line for each activation's mean and a band from best to worst seed.

    Runs end at the target: mean and band go as far as the shortest of them, thin lines show each to its end.
    """
    figure = new_figure(5.6, 4.0)
    axes = figure.subplots()
    longest = 1
    for activation, curves in runs.items():
        label, style, color = STYLES[activation]
        shortest = min(map(len, curves))
        longest = max(longest, *map(len, curves))
        epochs = np.arange(1, shortest + 1)
        values = np.array([curve[:shortest] for curve in curves]) / 100
        axes.fill_between(epochs, values.min(axis=0), values.max(axis=0), color=color, alpha=0.2, linewidth=0)
        axes.plot(epochs, values.mean(axis=0), style, color=color, linewidth=2, label=f"{label}, {len(curves)} seeds")
        for curve in curves:
            axes.plot(range(1, len(curve) + 1), np.array(curve) / 100, style, color=color, linewidth=0.6, alpha=0.6)
    axes.axhline(target / 100, color=GREY, linewidth=0.8, linestyle=":")
    axes.text(0.1, target / 100 - 0.008, f"{target:g} %", ha="left", va="top", fontsize=8, color=GREY)
    axes.set(xlabel="epochs", ylabel="training error rate", ylim=(0, 0.8))
    axes.set_xlim(0, longest + 0.5)
    axes.locator_params(axis="x", integer=True)
    axes.legend(frameon=False)
    _plain(axes)
    return figure


def differences(rows: dict[str, Sequence[float]], label: str) -> "Figure":
    """Draw paired differences: a dot per seed, a bar at the mean, a line at zero."""
    figure = new_figure(6.4, 0.9 + 0.42 * len(rows))
    axes = figure.subplots()
    axes.axvline(0, color=GREY, linewidth=0.8)
    for position, values in enumerate(rows.values()):
        axes.scatter(values, [position] * len(values), s=26, color=BLUE, alpha=0.6, linewidths=0, zorder=2)
        mean = float(np.mean(values))
        axes.plot([mean, mean], [position - 0.28, position + 0.28], color="#222222", linewidth=2.2, zorder=3)
    axes.set_yticks(range(len(rows)), list(rows))
    axes.set(xlabel=label, ylim=(len(rows) - 0.5, -0.5))
    axes.tick_params(axis="y", length=0)
    _plain(axes)
    axes.spines["left"].set_visible(False)
    return figure


def curves(
    groups: dict[str, Sequence[Sequence[dict[str, Any]]]],
    column: str = "train_top1_error",
    title: str = "training error",
) -> "Figure":
    """Draw an error of each group's runs against the epoch, the mean as a line and the range as a band."""
    figure = new_figure(6.4, 3.8)
    axes = figure.subplots()
    for number, (label, histories) in enumerate(groups.items()):
        errors = np.array([[row[column] for row in history] for history in histories])
        epochs = np.arange(1, errors.shape[1] + 1)
        axes.fill_between(epochs, errors.min(axis=0), errors.max(axis=0), color=f"C{number}", alpha=0.2, linewidth=0)
        axes.plot(epochs, errors.mean(axis=0), color=f"C{number}", linewidth=1.6, label=label)
    axes.set(xlabel="epochs", ylabel=f"{title} (%)")
    axes.set_ylim(bottom=0)
    axes.legend(frameon=False, fontsize=8)
    _plain(axes)
    return figure


def _plain(axes: "Axes") -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(alpha=0.25, linewidth=0.6)
    axes.set_axisbelow(True)
