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


@contextmanager
def kept() -> Iterator[None]:
    """Set the handlers of signals again after a library has started that sets its own, below Python's too."""
    on_main = threading.current_thread() is threading.main_thread()
    before = {each: signal.getsignal(each) for each in (signal.SIGINT, *_SIGNALS) if on_main}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def status(interrupt: KeyboardInterrupt) -> int:
    """Return the exit status that shells give a process ended by that signal."""
    return 128 + (interrupt.number if isinstance(interrupt, Stopped) else signal.SIGINT)


def _stop(number: int, _: FrameType | None) -> None:
    raise Stopped(number)
