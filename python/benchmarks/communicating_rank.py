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


def steps(team: Team, work: Work, repeats: int) -> list[float]:
    """Take steps, and return their times."""
    block = np.zeros(sum(layer.numbers for layer in work.backward), np.float32)
    found = []
    for _ in range(repeats + 1):
        start, done = time.perf_counter(), [0]
        with team.summing([block], lambda done=done: done[0]):
            time.sleep(work.forward)
            for layer in work.backward:
                time.sleep(layer.seconds)
                done[0] += layer.numbers
        time.sleep(work.update)
        found.append(time.perf_counter() - start)
    return found


def main() -> None:
    """Do what the arguments say."""
    what, wire, repeats, *work = sys.argv[1:]
    with Team(mpi(), wire_named(wire), TIMEOUT) as team:
        if what == "sums":
            found = sums(team, wire, int(repeats))
        else:
            found = steps(team, as_work(json.loads(work[0])), int(repeats))
        if team.leads:
            print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main()
