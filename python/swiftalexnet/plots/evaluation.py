"""An evaluation as a figure: confusion matrix, class errors, reliability diagram."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .._support.kinds import require_kind
from ..inference.measurements import Measurements, rates
from .figures import fitted, new_figure, text_width, wrapped

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_NAMED = 50  # most classes that get a name and a bar each
_NUMBERED = 20  # most classes with numbers in the squares
_SQUARES = 250  # most squares per side
_RIGHT, _GAP, _CHANCE = "#4477aa", "#cc6677", "#777777"
_FONT, _LABEL = 8, 1.7  # points; inches, the longest name


def plot_evaluation(evaluation: Measurements) -> "Figure":
    """Draw the confusion matrix, the error of each class, and the reliability diagram.

    Left: the confusion matrix, with a row for each correct class and a column for each predicted one; shades are shares
    of the row. Middle: the top-1 error of each class, and chance. Right: the reliability diagram of Guo et al. 2017,
    figure 1: the accuracy at each confidence, and below it the number of images. A class without images has a grey row
    and no bar. With more than 50 classes names are omitted; with more than 250, neighbouring classes share a square,
    which shows the largest of their shares.

    Raises
    ------
    ImportError
        matplotlib is not installed.
    """
    require_kind(evaluation, Measurements, "evaluation", "plot_evaluation", "Evaluation")
    classes = len(evaluation.classes)
    named = classes <= _NAMED
    side = float(np.clip(0.3 * classes, 2.6, 9)) if named else 6.0
    names = [fitted(name, _LABEL, _FONT) for name in evaluation.classes] if named else []
    label = max((text_width(name, _FONT) for name in names), default=0.3) + 0.4
    figure = new_figure(side + label + 5.8, max(side, 3.6) + label + 0.7)
    title = f"{rates(evaluation)}; {evaluation.views}"
    figure.suptitle(wrapped(title, side + label + 5.6, 10), fontsize=10)
    grid = figure.add_gridspec(1, 3, width_ratios=(side, 1.5, 2.8))
    right = grid[2].subgridspec(3, 1, height_ratios=(2.6, 0.8, max(0.01, side - 3.4)))
    _matrix(figure.add_subplot(grid[0]), evaluation, names)
    _class_errors(figure.add_subplot(grid[1]), evaluation)
    _reliability(figure.add_subplot(right[0]), figure.add_subplot(right[1]), evaluation)
    return figure


def _matrix(axes: "Axes", evaluation: Measurements, names: list[str]) -> None:
    from matplotlib import colormaps
    from matplotlib.colors import PowerNorm

    classes = len(evaluation.classes)
    squares = _shares(evaluation)
    colors = colormaps["Blues"].with_extremes(bad="#dddddd")
    axes.imshow(
        squares,
        cmap=colors,
        norm=PowerNorm(1 if names else 0.5, 0, 100),
        aspect="auto",
        interpolation="nearest",
        extent=(-0.5, classes - 0.5, classes - 0.5, -0.5),
    )
    if names:
        axes.set_xticks(range(classes), names, rotation=90, fontsize=_FONT)
        axes.set_yticks(range(classes), names, fontsize=_FONT)
    if classes <= _NUMBERED:
        for row, column in np.argwhere(squares > 0):
            share = squares[row, column]
            color = "white" if share > 60 else "black"
            axes.text(column, row, f"{share:.0f}", ha="center", va="center", fontsize=_FONT, color=color)
    axes.set_xlabel("predicted class")
    axes.set_ylabel("right class")
    axes.set_title("shares of each row, in percent", fontsize=9)


def _shares(evaluation: Measurements) -> NDArray[np.float64]:
    """Return the percentages of each row, [squares, squares]; NaN for a class without images."""
    labels, predicted, counts = evaluation.confusions
    classes = len(evaluation.classes)
    together = -(-classes // _SQUARES)
    squares = np.zeros((-(-classes // together),) * 2)
    np.maximum.at(squares, (labels // together, predicted // together), 100 * counts / evaluation.class_counts[labels])
    measured = np.bincount(labels // together, minlength=len(squares))
    squares[measured == 0] = np.nan
    return squares


def _class_errors(axes: "Axes", evaluation: Measurements) -> None:
    errors = evaluation.class_errors
    classes = len(errors)
    if classes <= _NAMED:
        axes.barh(range(classes), np.nan_to_num(errors), color=_GAP, height=0.7)
        for place, (error, count) in enumerate(zip(errors, evaluation.class_counts, strict=True)):
            text = "no images" if np.isnan(error) else f"{error:.0f} % of {count}"
            axes.text(106, place, text, va="center", fontsize=_FONT - 1)
        axes.set_xlim(0, 100 + 15 * (6 + len(str(evaluation.count))) // 2)  # with room for the numbers
        axes.set_xticks((0, 50, 100))
    else:
        axes.scatter(errors, range(classes), color=_GAP, s=3)
        axes.set_xlim(-3, 103)
    axes.axvline(evaluation.chance_error, color=_CHANCE, linewidth=1, linestyle=":", zorder=0)
    axes.set_ylim(classes - 0.5, -0.5)
    axes.set_yticks(())
    axes.set_xlabel("top-1 error (%)\ndotted: chance")
    axes.spines[["top", "right"]].set_visible(False)


def _reliability(axes: "Axes", below: "Axes", evaluation: Measurements) -> None:
    calibration = evaluation.calibration
    edges, filled = calibration.edges, calibration.counts > 0
    lefts, rights = edges[:-1][filled], edges[1:][filled]
    axes.bar(lefts, calibration.accuracy[filled], edges[1], align="edge", color=_RIGHT, label="share right")
    axes.hlines(calibration.confidence[filled], lefts, rights, color=_GAP, linewidth=2.5, label="mean confidence")
    axes.plot((0, 1), (0, 1), color=_CHANCE, linewidth=1, linestyle="--")
    axes.set(xlim=(0, 1), ylim=(0, 1.01))
    axes.set_title(f"calibration error (ECE) {calibration.error:.1f} %", fontsize=9, pad=18)
    beside = {"ncols": 2, "handlelength": 1.2, "columnspacing": 1, "borderpad": 0, "borderaxespad": 0.4}
    axes.legend(fontsize=7, loc="lower left", bbox_to_anchor=(0, 1), frameon=False, **beside)
    axes.tick_params(labelbottom=False)
    below.bar(edges[:-1], calibration.counts, edges[1], align="edge", color=_CHANCE)
    below.set(xlim=(0, 1), ylabel="images")
    below.set_xlabel("confidence\n(probability of the predicted class)", fontsize=9)
    below.locator_params(axis="y", integer=True, nbins=3)
    for each in (axes, below):
        each.spines[["top", "right"]].set_visible(False)
