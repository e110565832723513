"""Blocks of numbers that are summed over the ranks while they are filled."""

import itertools
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .. import _native
from .buckets import buckets
from .communicator import Communicator
from .factors import gather_factor
from .traffic import Job, Traffic
from .tree import ROUNDS, Exchange, sum_over_ranks
from .wire import Wire

FIRST_TAG = 64  # those below are of short messages


class Factors(NamedTuple):
    """Factors of dense layers, which the ranks gather.

    `matrices` is their number, `ready` returns how many of them are final, as in `Team.summing`, and rank r has
    the rows edges[r] to edges[r + 1] of each.
    """

    network: _native.Network
    matrices: int
    ready: Callable[[], int]
    edges: list[int]


class _Final:
    """How much of this step is final, by a counter that may still be that of the last step."""

    def __init__(self, ready: Callable[[], int]):
        self._ready, self._begun = ready, False

    def __call__(self) -> int:
        count = self._ready()
        self._begun = self._begun or count == 0
        return count if self._begun else 0


class Summing:
    """Blocks that are summed over the ranks while they are filled."""

    def __init__(
        self,
        communicator: Communicator,
        traffic: Traffic | None,
        wire: Wire,
        blocks: Sequence[NDArray[np.float32]],
        ready: Callable[[], int],
        factors: Factors | None,
        waits: Callable[[], AbstractContextManager[None]],
    ):
        self._traffic, self._wire, self._blocks, self._waits = traffic, wire, blocks, waits
        self._complete = False
        before = itertools.accumulate(map(len, blocks), initial=0)
        pieces = [
            (start + end, block[begin:end])
            for start, block in zip(before, blocks, strict=False)
            for begin, end in buckets(len(block))
        ]
        final = _Final(ready)
        self._exchanges: list[tuple[Callable[[], bool], Exchange[object]]] = [
            (self._when(final, end), sum_over_ranks(communicator, piece, wire, FIRST_TAG + ROUNDS * number))
            for number, (end, piece) in enumerate(pieces)
        ]
        if factors is not None:
            final, tags = _Final(factors.ready), itertools.count(FIRST_TAG + ROUNDS * len(pieces), ROUNDS)
            self._exchanges[:0] = [
                (self._when(final, at + 1), gather_factor(communicator, factors.network, at, factors.edges, tag))
                for at, tag in zip(range(factors.matrices), tags, strict=False)
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

    def _when(self, final: _Final, end: int) -> Callable[[], bool]:
        return lambda: self._complete or final() >= end
