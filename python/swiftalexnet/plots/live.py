"""Learning curves of a run that has not ended."""

import io
import warnings

import numpy as np
from numpy.typing import NDArray

from .curves import History, draw_history
from .figures import new_figure

_POINTS = 512  # of a curve over steps, however many steps there were


class StepCurve:
    """Loss and error of training by step, in bounded memory: when it is full, two neighbours become their mean."""

    def __init__(self) -> None:
        self._points = np.zeros((_POINTS, 3))  # epoch, loss, top-1 error
        self._count, self._each = 0, 1  # points, and the steps in each
        self._sum, self._steps = np.zeros(3), 0

    def add(self, epoch: float, loss: float, error: float) -> None:
        """Add a step that ended when `epoch` epochs were done."""
        self._sum += (epoch, loss, error)
        self._steps += 1
        if self._steps < self._each:
            return
        if self._count == _POINTS:
            self._points[: _POINTS // 2] = (self._points[::2] + self._points[1::2]) / 2
            self._count, self._each = _POINTS // 2, 2 * self._each
            return  # this step and the next make a point
        self._points[self._count] = self._sum / self._steps
        self._count += 1
        self._sum[:], self._steps = 0, 0

    def points(self) -> NDArray[np.float64]:
        """Return (epoch, loss, top-1 error in percent) of each point, [points, 3]."""
        return self._points[: self._count]


def live_png(history: History, steps: StepCurve) -> bytes:
    """Return the curves so far as a PNG: epochs as `plot_history` draws them, and steps behind them.

    Parameters
    ----------
    history : History
        May be empty.
    steps : StepCurve
        At least one step, or one row.
    """
    figure, buffer = new_figure(9.5, 3.6), io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the run goes on, whatever a font or a scale lacks
        draw_history(figure, history, steps.points())
        figure.savefig(buffer, format="png")
    return buffer.getvalue()
