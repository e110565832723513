"""A progress bar with images or bytes per second and the remaining time, or nothing.

All output of long work goes through this module. It is optional: the work continues, without waiting, whatever happens
to the bar and the streams.
"""

import os
import sys
from threading import RLock
from types import TracebackType
from typing import Any

from .output import write_text


class Progress:
    """A tqdm bar over images if it is wanted; a context manager. No method raises because of its output.

    Parameters
    ----------
    total : int or None
        Number of images, or of `unit`; None if it is not known.
    wanted : bool
        Whether to show it; tqdm is imported only then.
    title : str
    done : int
        Images already processed by an earlier run.
    unit : str
        With "B", large numbers are shown with k, M and G.
    """

    def __init__(self, total: int | None, wanted: bool, title: str, done: int = 0, unit: str = " images"):
        self._wanted = wanted
        self._bar = _bar(total, done, title, unit) if wanted else None

    def advance(self, count: int, **shown: str) -> None:
        """Count images, and show values next to the bar."""
        if shown:
            self._ask("set_postfix", shown, refresh=False)
        self._ask("update", count)

    def say(self, line: str) -> None:
        """Print a line above the bar."""
        if self._wanted:
            self._ask("clear")
            write_text(f"{line}\n", sys.stdout, wait=False)
            self._ask("refresh")

    def __enter__(self) -> "Progress":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ask("close")

    def _ask(self, method: str, *arguments: Any, **options: Any) -> None:
        """Call a method of the bar, if there is one; a bar that fails is not used again."""
        if self._bar is not None:
            try:
                getattr(self._bar, method)(*arguments, **options)
            except Exception:
                self._bar = None


def announce(line: str, wanted: bool) -> None:
    """Print a line between two pieces of work, if it is wanted."""
    if wanted:
        write_text(f"{line}\n", sys.stdout, wait=False)


class _NonBlocking:
    """A stream for tqdm, which drops output that would block."""

    def __init__(self, stream: Any):
        self._stream = stream

    def write(self, text: str) -> None:
        write_text(text, self._stream, wait=False)

    def flush(self) -> None:
        """Do nothing, because `write` flushes."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)  # encoding, fileno

    def __eq__(self, other: object) -> bool:
        return self._stream is other  # so that `tqdm.write` clears the bar from the terminal

    __hash__ = None  # type: ignore[assignment]


# tqdm's lock while it draws; the child of a fork gets a new one, because another thread may have been drawing.
_drawing = RLock()


def _renew_lock() -> None:
    global _drawing
    _drawing = RLock()


os.register_at_fork(after_in_child=_renew_lock)


def _bar(total: int | None, done: int, title: str, unit: str) -> Any:
    """Return a tqdm bar, or None if it cannot be created."""
    try:
        from tqdm.auto import tqdm

        live = sys.stderr.isatty() or "ipykernel" in sys.modules
        # Without a monitor thread: `miniters` makes every call of `update` check the clock.
        return type("Bar", (tqdm,), {"monitor_interval": 0, "_lock": _drawing})(
            total=total,
            initial=done,
            desc=title,
            file=_NonBlocking(sys.stderr),
            unit=unit,
            unit_scale=unit == "B",
            dynamic_ncols=True,
            smoothing=0.1,
            mininterval=0.1 if live else 10,  # in seconds: a log needs few lines
            miniters=1,
        )
    except Exception:
        return None
