"""A rank that communicates as training does, by the package's own code, and computes nothing; the first prints JSON.

    mpiexec … python -m mpi4py communicating_rank.py sums float32 5           what sums of several sizes take
    mpiexec … python -m mpi4py communicating_rank.py steps float32 3 WORK     steps whose computation is sleep

WORK is a `Work` of the simulator as JSON.
"""

import json
import sys
import time
from collections.abc import Callable, Iterator

import numpy as np

import swiftalexnet as sa
from simulator import Work, as_work
from swiftalexnet.distributed.buckets import buckets
from swiftalexnet.distributed.pulse import State
from swiftalexnet.distributed.traffic import Job, Traffic
from swiftalexnet.distributed.tree import ROUNDS, sum_over_ranks
from swiftalexnet.distributed.wire import wire_named

SIZES = (1_000, 10_000, 4_000_000, 16_000_000, 60_000_000)  # numbers; between them a link's first burst counts
FIRST_TAG = 1_000
TIMEOUT = 120.0  # seconds


class Rank:
    """The sums of one rank."""

    def __init__(self, wire: str):
        self.communicator = sa.distributed.mpi()
        self.wire = wire_named(wire)
        self.traffic = Traffic(self.communicator, TIMEOUT, lambda: State("emulated work", 0.0, False, False))
        self._tag = FIRST_TAG

    def start(self, block: np.ndarray, ready: Callable[[], int]) -> Job:
        """Begin to sum a block's buckets, each as soon as it is ready."""
        return self.traffic.start(Job(list(self._exchanges(block, ready))))

    def _exchanges(self, block: np.ndarray, ready: Callable[[], int]) -> Iterator[tuple]:
        for start, end in buckets(len(block)):
            self._tag = FIRST_TAG + (self._tag + ROUNDS) % 10_000
            yield (
                (lambda end=end: ready() >= end),
                sum_over_ranks(self.communicator, block[start:end], self.wire, self._tag),
            )


def sums(rank: Rank, repeats: int) -> list[tuple[float, float, float]]:
    """Sum blocks of several sizes: (bytes on the wire, seconds, processor's seconds) of each, medians."""
    found = []
    for count in SIZES:
        block, rows = np.zeros(count, np.float32), []
        for _ in range(repeats + 1):
            start, processor = time.perf_counter(), time.process_time()
            rank.start(block, lambda count=count: count).result()
            rows.append((time.perf_counter() - start, time.process_time() - processor))
        found.append((rank.wire.buffer(count).nbytes, *np.median(rows[1:], axis=0).tolist()))
    return found


def steps(rank: Rank, work: Work, repeats: int) -> list[float]:
    """Take steps, and return their times."""
    block = np.zeros(sum(layer.numbers for layer in work.backward), np.float32)
    found = []
    for _ in range(repeats + 1):
        start, done = time.perf_counter(), [0]
        job = rank.start(block, lambda done=done: done[0])
        time.sleep(work.forward)
        for layer in work.backward:
            time.sleep(layer.seconds)
            done[0] += layer.numbers
        job.result()
        time.sleep(work.update)
        found.append(time.perf_counter() - start)
    return found


def main() -> None:
    """Do what the arguments say."""
    what, wire, repeats, *work = sys.argv[1:]
    rank = Rank(wire)
    found = sums(rank, int(repeats)) if what == "sums" else steps(rank, as_work(json.loads(work[0])), int(repeats))
    if rank.communicator.rank == 0:
        print(json.dumps(found), flush=True)
    rank.traffic.close()


if __name__ == "__main__":
    main()
