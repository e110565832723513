"""SIGTERM and SIGHUP end a command as Ctrl-C does, so that a training run is saved."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = (signal.SIGTERM, signal.SIGHUP)


class Stopped(KeyboardInterrupt):
    """A signal other than Ctrl-C's asked this process to end."""

    def __init__(self, number: int):
        super().__init__(signal.Signals(number).name)
        self.number = number


@contextmanager
def as_interrupts() -> Iterator[None]:
    """Raise `Stopped` for these signals, unless they are ignored (nohup) or the host has a handler for them."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    taken = [each for each in _SIGNALS if signal.getsignal(each) is signal.SIG_DFL]
    try:
        for each in taken:
            signal.signal(each, _stop)
        yield
    finally:
        for each in taken:
            signal.signal(each, signal.SIG_DFL)


def status(interrupt: KeyboardInterrupt) -> int:
    """Return the exit status that shells give a process ended by that signal."""
    return 128 + (interrupt.number if isinstance(interrupt, Stopped) else signal.SIGINT)


def _stop(number: int, _: FrameType | None) -> None:
    raise Stopped(number)
