"""Images with bars of their likeliest classes, one or a sheet of them: figure 4 of Krizhevsky et al. 2012."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..inference.ranking import Prediction
from .figures import fitted, new_figure, place, wrapped

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

RIGHT, _WRONG, _OTHER = "#228833", "#cc3311", "#bbbbbb"

BAR, LABEL = 0.165, 0.26  # inches: heights of a bar and of the label above an image
_IMAGE, _GAP, _MARGIN, _LINE = 2.0, 0.16, 0.12, 0.2


class Answer(NamedTuple):
    """An image, a network's prediction for it, and the correct class if it is known."""

    image: NDArray[np.uint8] | None  # None: it cannot be shown
    title: str
    prediction: Prediction
    right: int | None


def plot_answers(answers: Sequence[Answer], columns: int, title: str = "") -> "Figure":
    """Draw a sheet of images with a title above, and a legend below if correct classes are known."""
    columns = min(columns, len(answers))
    rows = -(-len(answers) // columns)
    bars = max(len(answer.prediction.labels) for answer in answers)
    width, height = columns * (_IMAGE + _GAP) - _GAP, LABEL + _IMAGE + BAR * bars + _GAP
    heading = wrapped(title, width, 10)
    top = _MARGIN + _LINE * len(heading.splitlines())
    used = {color for answer in answers if answer.right is not None for color in _colors(answer)}
    in_a_row = max(1, min(len(used), int(width / 1.6)))
    legend = _LINE * -(-len(used) // in_a_row)
    figure = new_figure(width + 2 * _MARGIN, top + rows * height + legend + _MARGIN)
    figure.set_layout_engine("none")
    across, down = figure.get_size_inches()
    if heading:
        figure.text(_MARGIN / across, 1 - _MARGIN / down, heading, fontsize=10, va="top", linespacing=1.3)
    for number, answer in enumerate(answers):
        left = _MARGIN + number % columns * (_IMAGE + _GAP)
        draw_answer(figure, left, top + number // columns * height, _IMAGE, answer)
    if used:
        _draw_legend(place(figure, _MARGIN, top + rows * height, width, legend), used, in_a_row)
    return figure


def draw_answer(figure: "Figure", left: float, top: float, width: float, answer: Answer) -> None:
    """Draw, from top to bottom, a label, a square image and a bar per class at a position in inches."""
    axes = place(figure, left, top + LABEL, width, width)
    show(axes, answer.image)
    axes.set_title(fitted(answer.title, width, 9), fontsize=9, pad=4)
    height = BAR * len(answer.prediction.labels)
    _draw_bars(place(figure, left, top + LABEL + width + 0.04, width, height), answer, width)


def _colors(answer: Answer) -> list[str]:
    """Return the colour of each bar."""
    colors = [RIGHT if label == answer.right else _OTHER for label in answer.prediction.labels]
    if answer.right is not None and answer.prediction.labels[0] != answer.right:
        colors[0] = _WRONG
    return colors


def _draw_legend(axes: "Axes", used: set[str], in_a_row: int) -> None:
    """Explain the colours of the bars."""
    for color, meaning in ((RIGHT, "the right class"), (_WRONG, "a wrong answer"), (_OTHER, "another class")):
        if color in used:
            axes.bar(0, 0, color=color, alpha=0.8, label=meaning)
    axes.legend(
        loc="center left", ncols=in_a_row, frameon=False, fontsize=8, handlelength=1.2, borderpad=0, borderaxespad=0
    )


def show(axes: "Axes", pixels: NDArray[np.uint8] | None) -> None:
    """Draw uint8 [height, width, 1 or 3], or a note that the image cannot be shown."""
    if pixels is None:
        axes.text(0.5, 0.5, "cannot be shown", ha="center", va="center", fontsize=8, color="#777777")
        return
    axes.imshow(pixels if pixels.shape[2] == 3 else pixels[..., 0], cmap="gray", vmin=0, vmax=255)


def _draw_bars(axes: "Axes", answer: Answer, width: float) -> None:
    """Draw one bar per class, the likeliest at the top, with the names inside."""
    prediction = answer.prediction
    positions = range(len(prediction.labels))
    axes.barh(positions, prediction.probabilities, color=_colors(answer), height=0.86, alpha=0.8)
    for position, name, probability in zip(positions, prediction.classes, prediction.probabilities, strict=True):
        share = f"  {100 * probability:.1f} %"
        axes.text(0.02, position, fitted(name, width - 0.62, 7) + share, va="center", fontsize=7)
    axes.set(xlim=(0, 1), ylim=(len(positions) - 0.5, -0.5))
