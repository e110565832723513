"""How often a run writes its checkpoint."""

import time
from collections.abc import Callable
from typing import Literal

from .._support.arrays import as_integer

CheckpointEvery = int | Literal["auto"] | None

_SHARE = 1 / 20  # largest share of the time that "auto" spends on writing
_LONG = 60  # seconds after a checkpoint until "auto" no longer waits for the end of the epoch


def as_pace(every: CheckpointEvery) -> CheckpointEvery:
    """Return a number of steps, "auto" or None; raise for anything else."""
    if every is None:
        return None
    if not isinstance(every, str):
        return as_integer(every, "checkpoint_every", "fit", 1)
    if every != "auto":
        raise ValueError(f"fit: checkpoint_every is {every!r}, expected an integer or 'auto'")
    return every


class Pace:
    """Writes a checkpoint as often as requested.

    Parameters
    ----------
    write : callable
    every : int, "auto" or None
        The number of steps between checkpoints; None: after every epoch; "auto": after an epoch or a minute, as long as
        writing takes at most a twentieth of the time.
    """

    def __init__(self, write: Callable[[], None], every: CheckpointEvery):
        self._write, self._every = write, every
        self._written, self._took = time.perf_counter(), 0.0

    def after_step(self, step: int) -> None:
        """Write if a checkpoint is due after this step."""
        if isinstance(self._every, int):
            if step % self._every == 0:
                self._write()
        elif self._every is not None and time.perf_counter() - self._written >= _LONG:
            self._write_if_cheap()

    def after_epoch(self) -> None:
        """Write at the end of an epoch, unless checkpoints are written every few steps."""
        if self._every is None:
            self._write()
        elif not isinstance(self._every, int):
            self._write_if_cheap()

    def _write_if_cheap(self) -> None:
        start = time.perf_counter()
        if self._took <= _SHARE * (start - self._written):
            self._write()
            self._written = time.perf_counter()
            self._took = self._written - start
