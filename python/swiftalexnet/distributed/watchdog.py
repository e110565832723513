"""How a process ends that cannot go on: at once, with a message, with status 75, and leaving none behind.

MPI's own ways do not do: its calls block for ever if a partner is stopped, and `MPI_Abort` or a call at exit may, too.
"""

import ctypes
import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import NoReturn

from .witness import hush_witness

STATUS = 75  # EX_TEMPFAIL of sysexits.h: the run can be resumed

_PR_SET_PDEATHSIG = 1


class Watchdog:
    """A thread that ends the process if it is not told for some seconds that another thread is alive.

    Parameters
    ----------
    seconds : float
    message : callable
        What to say.
    """

    def __init__(self, seconds: float, message: Callable[[], str]):
        self._seconds, self._message = seconds, message
        self._seen, self._closed = time.monotonic(), threading.Event()
        threading.Thread(target=self._watch, name="swiftalexnet-watchdog", daemon=True).start()

    def alive(self) -> None:
        """Tell it."""
        self._seen = time.monotonic()

    def close(self) -> None:
        """End the thread."""
        self._closed.set()

    def _watch(self) -> None:
        woken = time.monotonic()
        while not self._closed.wait(min(1.0, self._seconds / 4)):
            last, woken = woken, time.monotonic()
            if woken - last > self._seconds / 2:  # the whole process had been stopped
                self.alive()
            elif woken - self._seen > self._seconds:
                end(self._message())


def end(message: str) -> NoReturn:
    """End the process."""
    with suppress(OSError):
        os.write(2, f"swiftalexnet: {message}\n".encode(errors="replace"))
    hush_witness()
    os._exit(STATUS)


def die_with_parent() -> None:
    """Let the system kill this process when the launcher's process that started it has ended, however that ended."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
