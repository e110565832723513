"""What the simulator of many ranks is fed with, and what it is checked against: measured on this machine.

Two hosts in network namespaces have as many cores together as one has alone, so that ranks that compute disturb one
another as they would not on hosts of their own. Where forecasts for 2 and 4 hosts are checked, real ranks therefore
exchange real messages by the package's own code, and sleep for as long as each layer's backward pass was measured to
take. One check has ranks that compute: 2 hosts, a thread each, of which no other rank wants the core.
"""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np

from simulator import Link, Work, as_work, mean

sys.path.append(str(Path(__file__).resolve().parents[1] / "tests"))
from hosts import Hosts

SCRIPT = str(Path(__file__).with_name("communicating_rank.py"))
TRAINING = str(Path(__file__).with_name("training_rank.py"))
PROFILE = str(Path(__file__).with_name("layer_times.py"))


def measured_work(variant: str, images: int, threads: int, repeats: int, processes: int = 1) -> Work:
    """Profile a training step in processes that run at the same time, and return the mean of their medians.

    Parameters
    ----------
    variant : str
    images, threads : int
        Of each process.
    repeats : int
        Number of steps.
    processes : int
    """
    command = [sys.executable, PROFILE, variant, *map(str, (images, threads, repeats))]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(processes)]
    written = [process.communicate()[0] for process in running]
    if any(process.returncode for process in running):
        raise SystemExit(f"{' '.join(command)} failed")
    return mean([as_work(json.loads(each)) for each in written])


def steps_alone(images: int, threads: int, steps: int) -> list[float]:
    """Return the times of training steps of one process."""
    options = ("--batch-size", str(images), "--steps", "1", "--epochs", str(steps + 1), "--threads", str(threads))
    done = subprocess.run([sys.executable, TRAINING, *options], check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout)["seconds"][1:]


def measured_link(gigabits: int, wire: str, repeats: int) -> Link:
    """Fit what sums over two hosts take: latency, bandwidth, and the processor's time for a byte."""
    with Hosts(2, 1000 * gigabits) as hosts:
        rows = json.loads(hosts.run([sys.executable, "-m", "mpi4py", SCRIPT, "sums", wire, str(repeats)], 600))
    return fitted([tuple(row) for row in rows])


def fitted(rows: list[tuple[float, float, float]]) -> Link:
    """Fit a line to sums over two ranks, which are two messages each of half the bytes.

    Parameters
    ----------
    rows : list of (bytes on the wire, seconds, seconds of the processor)
        A row counts by its relative error.
    """
    size, seconds, processor = np.array(rows, np.float64).T
    terms = np.stack([np.full(len(size), 2.0), size], 1) / seconds[:, None]
    (latency, each), *_ = np.linalg.lstsq(terms, np.ones(len(size)), rcond=None)
    return Link(max(float(latency), 0.0), 1 / float(each), float(processor[-1] / size[-1]))


def at_rate(slow: Link, fast: Link, rates: tuple[float, float], rate: float) -> Link:
    """Return the link of another rate, from links fitted at two rates in Gbit/s.

    A byte takes a time that shrinks with the rate, and one for adding and copying that does not.
    """
    (a, b), times = rates, (1 / slow.bandwidth, 1 / fast.bandwidth)
    wire = (times[0] - times[1]) / (1 / a - 1 / b)
    copying = max(times[1] - wire / b, 0.0)
    return Link(fast.latency, 1 / (wire / rate + copying), fast.processor)


def emulated_seconds(work: Work, hosts: int, gigabits: int, wire: str, steps: int) -> float:
    """Return the median time of steps whose messages are real and whose computation is sleep."""
    with Hosts(hosts, 1000 * gigabits) as network:
        command = [sys.executable, "-m", "mpi4py", SCRIPT, "steps", wire, str(steps), json.dumps(work)]
        return float(np.median(json.loads(network.run(command, 1200))[1:]))


def real_seconds(batch: int, gigabits: int, wire: str, steps: int) -> float:
    """Return the median time of training steps on two hosts with a thread each, of which each has half the batch."""
    options = ("--batch-size", str(batch), "--steps", "1", "--epochs", str(steps + 1), "--ranks", "2", "--shards", "2")
    with Hosts(2, 1000 * gigabits) as network:
        written = network.run([sys.executable, "-m", "mpi4py", TRAINING, *options, "--wire", wire], 1200)
    return float(np.median(json.loads(written)["seconds"][1:]))
