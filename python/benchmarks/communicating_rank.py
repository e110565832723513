"""A rank that communicates as training does, by the package's own code, and computes nothing; the first prints JSON.

    mpiexec … python -m mpi4py communicating_rank.py sums float32 5           what sums of several sizes take
    mpiexec … python -m mpi4py communicating_rank.py steps float32 3 WORK     steps whose computation is sleep

WORK is a `Work` of the simulator as JSON.
"""

import json
import sys
import time

import numpy as np

from simulator import BYTES, Work, as_work
from swiftalexnet.distributed.mpi import mpi
from swiftalexnet.distributed.summing import Factors
from swiftalexnet.distributed.team import Team
from swiftalexnet.distributed.wire import wire_named

SIZES = (1_000, 10_000, 4_000_000, 16_000_000, 60_000_000)  # numbers; between them a link's first burst counts
TIMEOUT = 120.0  # seconds


def sums(team: Team, wire: str, repeats: int) -> list[tuple[float, float, float]]:
    """Sum blocks of several sizes: (bytes on the wire, seconds, processor's seconds) of each, medians."""
    found = []
    for count in SIZES:
        block, rows = np.zeros(count, np.float32), []
        for _ in range(repeats + 1):
            team.agree()
            start, processor = time.perf_counter(), time.process_time()
            with team.summing([block], lambda: 0):  # whose end makes all of it ready
                pass
            rows.append((time.perf_counter() - start, time.process_time() - processor))
        found.append((BYTES[wire] * count, *np.median(rows[1:], axis=0).tolist()))
    return found


class DenseFactors:
    """In the place of a network: matrices that are sent and received, and computed with by nobody."""

    def __init__(self, work: Work):
        self.dense = [layer for layer in work.backward if layer.factors]
        halves = [half for layer in self.dense for half in (layer.factors // 2, layer.factors - layer.factors // 2)]
        self._bytes = [BYTES["factors"] * half for half in halves]

    def factors(self) -> list[int]:
        """Return the bytes of a row of each matrix."""
        return self._bytes

    def read_factor(self, index: int, first_image: int, rows: np.ndarray) -> None:
        """Leave the rows as they are."""

    def write_factor(self, index: int, first_image: int, rows: np.ndarray) -> None:
        """Leave the rows unused."""


def steps(team: Team, wire: str, work: Work, repeats: int) -> list[float]:
    """Take steps, and return their times."""
    network, found = DenseFactors(work), []
    gathered = network.dense if wire == "factors" else []
    block = np.zeros(sum(layer.numbers for layer in work.backward if layer not in gathered), np.float32)
    edges = [rank * work.images for rank in range(team.size + 1)]
    for _ in range(repeats + 1):
        start, done, matrices = time.perf_counter(), [0], [0]
        factors = Factors(network, network.factors(), lambda matrices=matrices: matrices[0], edges)
        with team.summing([block], lambda done=done: done[0], factors if gathered else None):
            time.sleep(work.forward)
            for layer in work.backward:
                time.sleep(layer.seconds)
                if layer in gathered:
                    matrices[0] += 2
                else:
                    done[0] += layer.numbers
        time.sleep((team.size - 1) * sum(layer.filter_seconds for layer in gathered) + work.update)
        found.append(time.perf_counter() - start)
    return found


def main() -> None:
    """Do what the arguments say."""
    what, wire, repeats, *work = sys.argv[1:]
    with Team(mpi(), wire_named(wire), TIMEOUT) as team:
        if what == "sums":
            found = sums(team, wire, int(repeats))
        else:
            found = steps(team, wire, as_work(json.loads(work[0])), int(repeats))
        if team.leads:
            print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main()
