"""Ctrl-C and its like between the steps of a run, not within: ranks must leave a run at the same place."""

import signal
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any, Self

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupts:
    """Keeps what handlers of signals raise until it is asked for; a second signal acts at once. A context manager.

    Only handlers in Python are replaced, and only in the main thread, where alone they run.
    """

    def __init__(self) -> None:
        self._replaced: dict[int, Callable[..., Any]] = {}
        self._pending: BaseException | None = None

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            for number in _SIGNALS:
                if callable(handler := signal.getsignal(number)):
                    self._replaced[number] = handler
                    signal.signal(number, self._note)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._replaced.items():
            signal.signal(number, handler)
        self._replaced.clear()
        pending = self.taken()
        if pending is not None and error is None:
            raise pending

    def taken(self) -> BaseException | None:
        """Return, once, what a handler has raised."""
        pending, self._pending = self._pending, None
        return pending

    def _note(self, number: int, frame: FrameType | None) -> None:
        second = self._pending is not None
        try:
            self._replaced[number](number, frame)
        except BaseException as error:
            if second:
                raise
            self._pending = error
