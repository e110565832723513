"""A progress bar with images a second, or bytes, and the time left; or nothing.

Everything that long work says goes through here. It is a courtesy: whatever becomes of the bar and of the streams, the
work that it accompanies goes on, without waiting for them.
"""

import os
import sys
from threading import RLock
from types import TracebackType
from typing import Any

from .output import write_text


class Progress:
    """A tqdm bar over images when it is wanted; a context manager. No method raises because of what it shows.

    Parameters
    ----------
    total : int
        Images, or what `unit` says.
    wanted : bool
        Whether to show it; tqdm is imported only then.
    title : str
    done : int
        Images that an earlier run has done.
    unit : str
        "B" shows large numbers with k, M and G.
    """

    def __init__(self, total: int, wanted: bool, title: str, done: int = 0, unit: str = " images"):
        self._wanted = wanted
        self._bar = _bar(total, done, title, unit) if wanted else None

    def advance(self, count: int, **shown: str) -> None:
        """Count images, and show values beside the bar."""
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
        """Call a method of the bar, if there is one; a bar that fails is not asked again."""
        if self._bar is not None:
            try:
                getattr(self._bar, method)(*arguments, **options)
            except Exception:
                self._bar = None


class _Courteous:
    """A stream for tqdm: what it does not take at once is left out."""

    def __init__(self, stream: Any):
        self._stream = stream

    def write(self, text: str) -> None:
        write_text(text, self._stream, wait=False)

    def flush(self) -> None:
        """Do nothing: `write` has flushed."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)  # encoding, fileno

    def __eq__(self, other: object) -> bool:
        return self._stream is other  # so that `tqdm.write` clears the bar from the terminal

    __hash__ = None  # type: ignore[assignment]


# What tqdm locks while it draws; the child of a fork gets a new one, because another thread may have been drawing.
_drawing = RLock()


def _renew_lock() -> None:
    global _drawing
    _drawing = RLock()


os.register_at_fork(after_in_child=_renew_lock)


def _bar(total: int, done: int, title: str, unit: str) -> Any:
    """Return a bar of tqdm, or None if none can be made."""
    try:
        from tqdm.auto import tqdm

        live = sys.stderr.isatty() or "ipykernel" in sys.modules
        # No thread watches over it: `miniters` has every call of `update` look at the clock.
        return type("Bar", (tqdm,), {"monitor_interval": 0, "_lock": _drawing})(
            total=total,
            initial=done,
            desc=title,
            file=_Courteous(sys.stderr),
            unit=unit,
            unit_scale=unit == "B",
            dynamic_ncols=True,
            smoothing=0.1,
            mininterval=0.1 if live else 10,  # in seconds: a log needs few lines
            miniters=1,
        )
    except Exception:
        return None
