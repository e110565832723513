"""Two ranks with one thread each against one process with two threads and against PyTorch's DDP; what shards cost.

    python distributed_training.py                         AlexNet owt, batches of 128; about 12 minutes
    python distributed_training.py --batch-size 32 --rounds 1 --without-torch

Every run is a process, or two, of its own, and the runs take turns. Two ranks meet in shared memory, and as two hosts
in network namespaces whose links carry 10 or 1 Gbit/s, which needs root; elsewhere those figures are missing. Runs with
as many shards must end with the same bits, whatever lies between their ranks; a rounding wire comes near them.
It needs mpi4py and MPICH, and torch for the comparison.
"""

import argparse
import json
import socket
import statistics
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from machine import cpu_name
from swiftalexnet.distributed.wire import WIRES

sys.path.append(str(Path(__file__).resolve().parents[1] / "tests"))
from hosts import Hosts, HostsUnavailableError

SCRIPT = str(Path(__file__).with_name("training_rank.py"))
RANKS = 2
TOLERANCE = 1e-3  # of the loss, relative: what rounding gradients on the wire may change


class Run(NamedTuple):
    """How a training run is spread."""

    ranks: int
    shards: int = 0
    wire: str = "float32"
    megabits: int = 0  # of the links between hosts; 0: one machine
    fast_math: bool = False
    torch: str = ""  # the order of memory


ALONE, FAST_MATH = "1 process", "2 ranks, fast_math"
SHARED, SHARDED = "2 ranks", "1 process, 8 shards"
SLOW = tuple(f"2 ranks, 1 Gbit/s, {wire}" for wire in WIRES if wire != "float32")
FAST = "2 ranks, 10 Gbit/s"
PEERS = ("DDP NCHW", "DDP NHWC")
RUNS = {
    ALONE: Run(1),
    SHARDED: Run(1, 8),
    SHARED: Run(RANKS, RANKS),
    FAST: Run(RANKS, RANKS, megabits=10_000),
    **{name: Run(RANKS, RANKS, name.split()[-1], 1_000) for name in SLOW},
    FAST_MATH: Run(RANKS, RANKS, fast_math=True),
    **{name: Run(RANKS, torch=name.split()[-1]) for name in PEERS},
}
CHECK = "1 process, 2 shards"  # whose bits those of two ranks must be


def main() -> None:
    """Measure in rounds, check the answers, and print a table."""
    arguments = _arguments()
    runs = {name: RUNS[name] for name in arguments.runs if not (RUNS[name].torch and arguments.without_torch)}
    print(f"{cpu_name()}, {arguments.threads} threads in all; owt, batches of {arguments.batch_size}", flush=True)
    answers = {CHECK: measure(Run(1, RANKS), arguments)}
    rates: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(arguments.rounds):
        for name, run in runs.items():
            try:
                found = measure(run, arguments)
            except HostsUnavailableError as error:
                print(f"left out: {name}: {error}")
                continue
            rates[name] += [arguments.batch_size * arguments.steps / each for each in found["seconds"][1:]]
            answers[name] = found
    check(answers)
    medians = {name: statistics.median(found) for name, found in rates.items() if found}
    for name, rate in medians.items():
        print(f"{name:<32} {rate:8.1f} images/s")
    found = quotients(medians)
    for name, value in found.items():
        print(f"{name:<44} {value:6.3f}")
    if arguments.out:
        arguments.out.write_text(json.dumps({"images/s": medians, "quotients": found}, indent=1) + "\n")


def measure(run: Run, arguments: argparse.Namespace) -> dict:
    """Train once, and return what the first rank tells."""
    sizes = ("batch_size", "steps", "epochs")
    options = [text for name in sizes for text in (f"--{name.replace('_', '-')}", str(getattr(arguments, name)))]
    options += ["--ranks", str(run.ranks), "--threads", str(arguments.threads // run.ranks)]
    if run.torch:
        return _ddp(run, options)
    options += ["--shards", str(run.shards), "--wire", run.wire, *(["--fast-math"] if run.fast_math else [])]
    alone, rank = [sys.executable, SCRIPT, *options], [sys.executable, "-m", "mpi4py", SCRIPT, *options]
    if run.megabits:
        with Hosts(run.ranks, run.megabits) as hosts:
            return json.loads(hosts.run(rank, seconds=1800))
    mpiexec = [str(Path(sys.executable).with_name("mpiexec")), "-n", str(run.ranks)]
    command = alone if run.ranks == 1 else [*mpiexec, *rank]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)


def _ddp(run: Run, options: list[str]) -> dict:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, SCRIPT, *options, "--torch", run.torch, "--port", str(port)]
    ranks = [
        subprocess.Popen([*command, "--rank", str(rank)], stdout=subprocess.PIPE, text=True)
        for rank in range(run.ranks)
    ]
    told, *_ = [rank.communicate()[0] for rank in ranks]
    if any(rank.returncode for rank in ranks):
        raise SystemExit("PyTorch's ranks failed")
    return json.loads(told)


def check(answers: dict[str, dict]) -> None:
    """End with a message if a run's weights or losses are not those of one process."""
    expected = answers[CHECK]
    exact = {name for name, run in RUNS.items() if run.shards == RANKS and run.wire != "bfloat16" and not run.fast_math}
    for name, found in answers.items():
        if "bits" not in found:
            continue
        if name in exact and found["bits"] != expected["bits"]:
            raise SystemExit(f"{name}: other bits than {CHECK}")
        for loss, there in zip(found["losses"], expected["losses"], strict=True):
            if abs(loss - there) > TOLERANCE * abs(there):
                raise SystemExit(f"{name}: loss {loss}, {CHECK}: {there}")


def quotients(rates: dict[str, float]) -> dict[str, float]:
    """Return the figures that goals speak of, as far as they were measured."""
    found = {}
    for title, names in (
        (f"{SHARED} ÷ {ALONE}", (SHARED,)),
        (f"{FAST} ÷ {ALONE}", (FAST,)),
        (f"2 ranks, 1 Gbit/s, best wire ÷ {ALONE}", SLOW),
    ):
        if known := [rates[name] for name in names if name in rates]:
            found[title] = max(known) / rates[ALONE]
    if peers := [rates[name] for name in PEERS if name in rates]:
        for name in (each for each in (SHARED, FAST_MATH) if each in rates):
            found[f"{name} ÷ PyTorch DDP, gloo"] = rates[name] / max(peers)
    if SHARDED in rates:
        found["time with 8 shards ÷ without"] = rates[ALONE] / rates[SHARDED]
    return found


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batch-size", type=int, default=128, help="of all ranks together")
    parser.add_argument("--steps", type=int, default=4, help="in an epoch")
    parser.add_argument("--epochs", type=int, default=3, help="in a run; the first does not count")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2, help="of all ranks together")
    parser.add_argument("--without-torch", action="store_true")
    parser.add_argument("--runs", nargs="+", choices=list(RUNS), default=list(RUNS), metavar="RUN", help="only these")
    parser.add_argument("--out", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    main()
