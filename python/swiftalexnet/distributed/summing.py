"""Blocks of numbers that are summed over the ranks while they are filled."""

import itertools
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

import numpy as np
from numpy.typing import NDArray

from .buckets import buckets
from .communicator import Communicator
from .traffic import Job, Traffic
from .tree import ROUNDS, sum_over_ranks
from .wire import Wire

FIRST_TAG = 64  # those below are of short messages


class Summing:
    """Blocks that are summed over the ranks while they are filled."""

    def __init__(
        self,
        communicator: Communicator,
        traffic: Traffic | None,
        wire: Wire,
        blocks: Sequence[NDArray[np.float32]],
        ready: Callable[[], int],
        waits: Callable[[], AbstractContextManager[None]],
    ):
        self._traffic, self._wire, self._blocks = traffic, wire, blocks
        self._ready, self._waits = ready, waits
        self._begun = self._complete = False
        before = itertools.accumulate(map(len, blocks), initial=0)
        pieces = [
            (start + end, block[begin:end])
            for start, block in zip(before, blocks, strict=False)
            for begin, end in buckets(len(block))
        ]
        self._exchanges = [
            (self._when(end), sum_over_ranks(communicator, piece, wire, FIRST_TAG + ROUNDS * number))
            for number, (end, piece) in enumerate(pieces)
        ]

    def __enter__(self) -> None:
        if self._traffic is not None:
            self._job = self._traffic.start(Job(self._exchanges))

    def __exit__(self, *_: object) -> None:
        self._complete = True
        if self._traffic is None:
            for block in self._blocks:
                self._wire.round(block)
        else:
            with self._waits():
                self._job.result()

    def _when(self, end: int) -> Callable[[], bool]:
        return lambda: self._complete or self._final() >= end

    def _final(self) -> int:
        count = self._ready()
        self._begun = self._begun or count == 0
        return count if self._begun else 0
