"""Figures without a window or global state, and text shortened or wrapped to fit."""

import io
import warnings
from functools import cache
from typing import TYPE_CHECKING, Any

from .._support.numbers import check_number
from .._support.optional import require
from .._support.tables import printable

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DPI = 120


def new_figure(width: float, height: float) -> "Figure":
    """Return an empty figure of the given size in inches.

    Raises
    ------
    TypeError, ValueError
        Sizes that are not numbers, negative, or not finite.
    ImportError
        matplotlib is not installed.
    """
    for size, name in ((width, "width"), (height, "height")):
        check_number(size, name, "new_figure")
    figure: Figure = _figure_class()(figsize=(width, height), dpi=DPI, layout="constrained")
    return figure


@cache
def _figure_class() -> Any:
    """Return matplotlib's Figure as a class that notebooks can show; defined here because matplotlib loads lazily."""
    base: Any = require("matplotlib.figure", "plots", "drawing").Figure

    class NotebookFigure(base):  # type: ignore[misc]
        def _repr_png_(self) -> bytes:
            buffer = io.BytesIO()
            self.savefig(buffer, format="png")
            return buffer.getvalue()

    return NotebookFigure


def place(figure: "Figure", left: float, top: float, width: float, height: float) -> "Axes":
    """Add axes without ticks at a place given in inches from the figure's upper left corner."""
    across, down = figure.get_size_inches()
    axes: Axes = figure.add_axes((left / across, 1 - (top + height) / down, width / across, height / down))
    axes.axis("off")
    return axes


def text_width(text: str, size: float) -> float:
    """Return the width of a line of text in inches; `size` is in points."""
    FontProperties = require("matplotlib.font_manager", "plots", "drawing").FontProperties  # noqa: N806 (a class)
    text_to_path = require("matplotlib.textpath", "plots", "drawing").text_to_path
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about glyphs missing from the font: drawing warns again
        width, _, _ = text_to_path.get_text_width_height_descent(text, FontProperties(size=size), ismath=False)
    return float(width) / 72


def fitted(text: str, inches: float, size: float) -> str:
    """Return a label no wider than `inches`; the middle of longer text is replaced by an ellipsis."""
    text = printable(text)
    if text_width(text, size) <= inches:
        return verbatim(text)
    fits, too_many = 1, len(text)  # characters; bisection
    while too_many - fits > 1:
        tried = (fits + too_many) // 2
        if text_width(_shortened(text, tried), size) <= inches:
            fits = tried
        else:
            too_many = tried
    return verbatim(_shortened(text, fits))


def wrapped(text: str, inches: float, size: float) -> str:
    """Return text broken between words into lines no wider than `inches`."""
    lines: list[str] = []
    for word in printable(text).split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and text_width(longer, size) <= inches:
            lines[-1] = longer
        else:
            lines.append(word)
    return "\n".join(fitted(line, inches, size) for line in lines)


def verbatim(text: str) -> str:
    """Escape dollar signs, between which matplotlib would read a formula."""
    return text.replace("$", r"\$")


def _shortened(text: str, length: int) -> str:
    if len(text) <= length:
        return text
    tail = (length - 1) // 3
    return f"{text[: length - 1 - tail]}…{text[len(text) - tail :]}"
