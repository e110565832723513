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
from .factors import gather_rows
from .traffic import Job, Traffic
from .tree import ROUNDS, Exchange, sum_over_ranks
from .wire import Wire

FIRST_TAG = 64  # those below are of short messages


class Factors(NamedTuple):
    """Factors of dense layers, which the ranks gather.

    `widths` are the bytes of a row of each, `ready` returns how many of them are final, as in `Team.summing`, and
    rank r has the rows edges[r] to edges[r + 1] of each.
    """

    network: _native.Network
    widths: list[int]
    ready: Callable[[], int]
    edges: list[int]


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
        self._complete, self._failed = False, False
        before = itertools.accumulate(map(len, blocks), initial=0)
        pieces = [
            (start + end, block[begin:end])
            for start, block in zip(before, blocks, strict=False)
            for begin, end in buckets(len(block))
        ]
        self._exchanges: list[tuple[Callable[[], bool], Exchange[object]]] = [
            (self._when(ready, end), sum_over_ranks(communicator, piece, wire, FIRST_TAG + ROUNDS * number))
            for number, (end, piece) in enumerate(pieces)
        ]
        if factors is not None:
            tags = itertools.count(FIRST_TAG + ROUNDS * len(pieces), ROUNDS)
            self._exchanges[:0] = [
                (self._when(factors.ready, at + 1), self._gather(communicator, factors, at, tag))
                for at, tag in zip(range(len(factors.widths)), tags, strict=False)
            ]

    def __enter__(self) -> None:
        if self._traffic is not None:
            self._job = self._traffic.start(Job(self._exchanges))

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._failed = kind is not None
        self._complete = True
        if self._traffic is None:
            for block in self._blocks:
                self._wire.round(block)
        else:
            with self._waits():
                self._job.result()

    def _gather(self, communicator: Communicator, factors: Factors, at: int, tag: int) -> Exchange[None]:
        """Gather a matrix of factors; after a failure zeros, of a network that may have none."""
        edges, rank = factors.edges, communicator.rank
        rows = np.zeros((edges[-1], factors.widths[at]), np.uint8)
        if not self._failed:
            factors.network.read_factor(at, edges[rank], rows[edges[rank] : edges[rank + 1]])
        yield from gather_rows(communicator, rows, edges, tag)
        for first, end in ((0, edges[rank]), (edges[rank + 1], edges[-1])):
            if first < end and not self._failed:
                factors.network.write_factor(at, first, rows[first:end])

    def _when(self, ready: Callable[[], int], end: int) -> Callable[[], bool]:
        return lambda: self._complete or ready() >= end
