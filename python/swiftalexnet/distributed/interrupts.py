"""Ctrl-C and its like between the steps of a run, not within: ranks must leave a run at the same place."""

import signal
import threading
from types import FrameType, TracebackType
from typing import Self

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupts:
    """Handlers that note a signal whose handler would raise; a second one acts at once. A context manager.

    Only handlers in Python are replaced, and only in the main thread, where alone they run.
    """

    def __init__(self) -> None:
        self._replaced: dict[int, object] = {}
        self.pending: int | None = None  # the signal that has come

    def defer(self) -> None:
        """Begin to note signals."""
        if threading.current_thread() is not threading.main_thread():
            return
        for number in _SIGNALS:
            if callable(handler := signal.getsignal(number)):
                self._replaced[number] = handler
                signal.signal(number, self._note)

    def restore(self) -> None:
        """Put the handlers back."""
        for number, handler in self._replaced.items():
            signal.signal(number, handler)  # type: ignore[arg-type]
        self._replaced.clear()

    def error(self) -> BaseException:
        """Return what the noted signal's own handler raises."""
        number, self.pending = self.pending, None
        try:
            if number is not None:
                self._replaced[number](number, None)  # type: ignore[operator]
        except BaseException as error:
            return error
        return KeyboardInterrupt()

    def __enter__(self) -> Self:
        self.defer()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.restore()
        if self.pending is not None and error is None:
            raise self.error()

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self.pending is not None:
            self._replaced[number](number, frame)  # type: ignore[operator]
        self.pending = number
