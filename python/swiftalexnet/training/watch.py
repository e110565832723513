"""What a run shows while it trains: a bar with a line per epoch, or in a notebook a bar with growing curves.

Showing is optional: it never ends the run, and curves take at most a twentieth of its time.
"""

import time
from types import TracebackType
from typing import Any, Literal

from .._support.notebook import ShownImage, in_notebook
from .._support.optional import require
from .._support.progress import Progress
from .._support.shown import shown
from .history import HEADING, History, row_text
from .run import Run

Showing = bool | Literal["plot"]

_SHARE = 1 / 20  # largest share of the time that drawing takes
_OFTEN = 1.0  # seconds between two drawings at least


def as_showing(progress: Any, operation: str) -> Showing:
    """Return `progress` as True, False or "plot"; raise for another word, and if matplotlib is needed and missing.

    Raises
    ------
    ValueError
        A word other than "plot".
    ImportError
        "plot", and matplotlib is not installed.
    """
    if not isinstance(progress, str):
        return bool(progress)
    if progress != "plot":
        raise ValueError(f"{operation}: progress is {shown(progress)}, expected True, False or 'plot'")
    require("matplotlib", "plots", f"{operation} with progress='plot'")
    return "plot"


class Watch:
    """Shows a run; a context manager. No method raises because of its output.

    Parameters
    ----------
    run : Run
    showing : True, False or "plot"
    """

    def __init__(self, run: Run, showing: Showing):
        self._run = run
        self._bar = Progress(run.epochs * len(run.plan.train), bool(showing), "train", run.images_done())
        self._curves = _Curves(run) if showing == "plot" and in_notebook() else None
        if showing == "plot" and self._curves is None:
            self.say("progress='plot' draws in notebooks; here it is the bar")
        if self._curves is None:
            self.say(HEADING)

    def after_step(self, count: int) -> None:
        """Show a step of so many images."""
        self._bar.advance(count, **self._run.shown())
        if self._curves is not None and count:
            self._draw("after_step")

    def after_epoch(self, row: dict[str, Any]) -> None:
        """Show a new row of the history."""
        if self._curves is None:
            self.say(row_text(row))
        else:
            self._draw("after_epoch")

    def say(self, line: str) -> None:
        """Print a line above the bar."""
        self._bar.say(line)

    def __enter__(self) -> "Watch":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._draw("close")
        finally:
            self._bar.__exit__(kind, error, trace)

    def _draw(self, method: str) -> None:
        """Call a method of the curves, if there are any; after a failure there are lines instead."""
        if self._curves is not None:
            try:
                getattr(self._curves, method)()
            except (Exception, SystemExit) as error:  # whatever a display does, it does not end the run
                self._curves = None
                self.say(f"the curves could not be drawn, lines follow instead: {shown(error)}")
                self.say("\n".join([HEADING, *map(row_text, self._run.state.rows)]))


class _Curves:
    """The curves of a run in a notebook, drawn anew from time to time."""

    def __init__(self, run: Run):
        from ..plots import live  # which other runs need not load

        self._run, self._draw_png, self._steps, self._image = run, live.live_png, live.StepCurve(), ShownImage()
        self._next = 0.0

    def after_step(self) -> None:
        loss, error = self._run.state.outcomes[-1]
        self._steps.add(self._run.images_done() / len(self._run.plan.train), loss, error)
        self._draw_if_due()

    def after_epoch(self) -> None:
        self._draw_if_due()

    def close(self) -> None:
        """Leave the curves of the whole run."""
        if self._run.step:
            self._draw()

    def _draw_if_due(self) -> None:
        if time.perf_counter() >= self._next:
            self._draw()

    def _draw(self) -> None:
        started = time.perf_counter()
        history = History(self._run.state.rows)
        self._image.update(self._draw_png(history, self._steps), f"{history!r}"[1:-1])
        took = time.perf_counter() - started
        self._next = started + took + max(_OFTEN, took / _SHARE)
