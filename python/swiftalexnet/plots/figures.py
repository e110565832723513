"""Figures that belong to nobody: no window, no global state."""

import io
from functools import cache
from typing import TYPE_CHECKING, Any

from .._optional import require

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DPI = 120


def new_figure(width: float, height: float) -> "Figure":
    """Return an empty figure of this size in inches.

    Raises
    ------
    ImportError
        matplotlib is not installed.
    """
    figure: Figure = _figure_class()(figsize=(width, height), dpi=DPI, layout="constrained")
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


def place(figure: "Figure", left: float, top: float, width: float, height: float) -> "Axes":
    """Add axes without ticks at a place given in inches from the figure's upper left corner."""
    across, down = figure.get_size_inches()
    axes: Axes = figure.add_axes((left / across, 1 - (top + height) / down, width / across, height / down))
    axes.axis("off")
    return axes
