"""Jobs of several ranks, one of which has bad luck: how they end, and how they go on.

As a program, each kind of bad luck (or those that are named) a number of times at random moments, with the results as
JSON, in the place of earlier ones:

    python python/tests/bad_luck.py 20 docs/benchmarks/bad_luck.json [KIND …]
"""

import json
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from fit_on_hosts import job as on_hosts
from fit_on_hosts import train
from hosts import Hosts, HostsUnavailableError
from mpi_job import Ended, run_job
from support import TESTS, fingerprint

PROGRAM = str(TESTS / "mpi_fit.py")
TIMEOUT = 5
GRACE = 5  # seconds after it in which all must be gone
EPOCHS = 6
IMAGES = 70  # of an epoch, for all ranks together: those of mpi_fit.py
CUT = "cut link"
AFTER_AN_EPOCH = ("exception", "hanging")  # the others come at any moment
EVERY = 2  # steps between checkpoints

ON_HOSTS = {"epochs": 30}

_ON_A_SMALL_DISK = """
mount -t tmpfs -o size=1m none "$0" || exit
"$@"
status=$?
rm -f "$0/filler"
cp -a "$0/." "$0.kept"
umount "$0"
cp -a "$0.kept/." "$0"
exit $status
"""

# Who is quicker to notice: the witness, or MPI in a rank that takes a message from the one that has gone.
_WITNESS = r"rank 1 \(process \d+ on .*\) was killed, or crashed"
_PARTNER = "rank 1 has ended, or the link to it is gone"

# On which rank, the words that the message must have, and how it comes: by a signal, or by the program itself.
LUCK = {
    "killed": (1, rf"{_WITNESS}|{_PARTNER}", signal.SIGKILL),
    "stopped": (1, r"rank 1 \(process \d+ on .*\) has not been heard of for 5 s: stopped or killed", signal.SIGSTOP),
    "hanging": (1, r"waited 5 s .* for rank 1 \(process \d+ on .*\): in on_epoch_end", None),
    "hanging image": (
        1,
        r"waited 5 s .* for rank 1 \(process \d+ on .*\): reading images( for their mean)? for \d",
        None,
    ),
    "exception": (1, r"ValueError: (rank 1: this is odd|this is odd\non rank 1 of)", None),
    "broken image": (1, r"ValueError: (rank 1: image \d+ is odd|image \d+ is odd\non rank 1 of)", None),
    "large file": (0, r"OSError: \[Errno 27\] (rank 0: File too large: .*|File too large: .*\non rank 0 of)", None),
    "full disk": (0, r"OSError: \[Errno 28\] (rank 0: No space left .*|No space left .*\non rank 0 of)", None),
    "Ctrl-C": (1, r"KeyboardInterrupt(: rank 1: interrupted|\non rank 1 of)", signal.SIGINT),
    "crash": (1, rf"{_WITNESS}|{_PARTNER}", None),
}


def results(ended: Ended) -> list[dict]:
    """Return what each rank has printed at its end, in their order."""
    found = re.findall(r"^result (\d+) (.*)$", ended.out, re.MULTILINE)
    return [json.loads(result) for _, result in sorted(found)]


def job(
    ranks: int, folder: Path, during: Callable = lambda _: None, within: Sequence[str] = (), **options: object
) -> Ended:
    """Run `mpi_fit.py` on so many ranks."""
    return run_job(ranks, [PROGRAM, json.dumps(options)], 60.0, folder, during, within=within)


def small_disk(folder: Path) -> list[str]:
    """Return what runs a command with a small file system in this folder, and leaves its files there, but the filler.

    Raises
    ------
    HostsUnavailableError
        It needs root, and a system that lets root mount.
    """
    folder.mkdir()
    found = ["unshare", "--mount", "sh", "-c", _ON_A_SMALL_DISK, str(folder)]
    try:
        subprocess.run([*found, "true"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise HostsUnavailableError("a small file system needs Linux, util-linux and root") from error
    return found


def cut_and_resume(chance: random.Random, folder: Path) -> float:
    """Cut the link of one of four hosts; return the seconds until all others were gone. Two hosts go on."""
    words = [ON_HOSTS["epochs"], "float32", TIMEOUT, folder / "run"]
    lost = chance.randrange(1, 4)
    with Hosts(4, megabits=1000) as hosts:
        running = hosts.start(on_hosts(*words), seconds=TIMEOUT + 60)
        while "epoch 0" not in running.stdout.readline():
            assert running.poll() is None
        time.sleep(chance.uniform(0, 0.5))
        hosts.cut(lost)
        cut = time.monotonic()
        others = [host for host in range(4) if host != lost]
        while left := [each for host in others for each in hosts.processes(host) if "fit_on_hosts" in each]:
            assert time.monotonic() < cut + TIMEOUT + GRACE, left
            time.sleep(0.05)
        seconds = time.monotonic() - cut
        os.kill(running.pid, signal.SIGTERM)  # mpiexec waits for the lost host
        written, _ = running.communicate()
        assert running.returncode
        assert f"rank {lost}" in written and f"for {TIMEOUT} s" in written, written
    with Hosts(2) as hosts:
        *_, bits = hosts.run(on_hosts(*words)).split()
    assert bits == fingerprint(train(**ON_HOSTS)), "other bits"
    return seconds


def alone(folder: Path, **options) -> dict:
    """Return the result of one process without MPI."""
    words = [sys.executable, PROGRAM, json.dumps({"mpi": False, "shards": 8} | options)]
    environment = os.environ | {"PYTHONPATH": f"{TESTS.parent}:{TESTS}"}
    out = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=60, check=True, cwd=folder)
    return json.loads(out.stdout.partition("result 0 ")[2])


def suffer(what: str, ranks: int, chance: random.Random, folder: Path) -> Ended:
    """Run a job with this bad luck at a random moment; check how it ends."""
    rank, words, by_signal = LUCK[what]
    delay = chance.uniform(0, 0.8)
    epoch, image = chance.randrange(EPOCHS - 1), chance.randint(1, (EPOCHS - 1) * IMAGES // ranks)
    moment = ["epoch", epoch] if what in AFTER_AN_EPOCH else ["image", image]
    luck = None if by_signal else [what, rank, *moment]

    def during(launcher: subprocess.Popen) -> None:
        if not by_signal:
            while f"bad luck on rank {rank}" not in launcher.output.read_text() and launcher.poll() is None:
                time.sleep(0.01)
            return
        line = re.compile(rf"^rank {rank} (\d+)$", re.MULTILINE)
        while "epoch 0" not in (said := launcher.output.read_text()) or not line.search(said):
            assert launcher.poll() is None, launcher.errors.read_text()
            time.sleep(0.01)
        time.sleep(delay)
        os.kill(int(line.search(said)[1]), by_signal)

    kept = {"checkpoint": str(folder / "run"), "checkpoint_every": EVERY}
    options = {"epochs": EPOCHS, "pause": 0.01, "timeout": TIMEOUT, "luck": luck} | kept
    ended = job(ranks, folder, during, within=small_disk(folder / "run") if what == "full disk" else (), **options)
    assert ended.status != 0
    assert re.search(words, ended.errors), ended.errors
    assert ended.seconds < TIMEOUT + GRACE, f"{ended.seconds} s: {ended.errors}"
    return ended


def resumed(ranks: int, folder: Path) -> list[dict]:
    """Return the results of the job that goes on, on another number of ranks."""
    kept = {"checkpoint": str(folder / "run"), "checkpoint_every": EVERY}
    ended = job(ranks, folder, epochs=EPOCHS, resume=True, **kept)
    assert ended.status == 0, ended.errors
    return results(ended)


def suffer_and_resume(what: str, chance: random.Random, folder: Path, straight: dict) -> float:
    """Let this happen to a job, and go on to the result of an undisturbed run; return the seconds until all ended."""
    if what == CUT:
        return cut_and_resume(chance, folder)
    before, after = chance.sample([2, 4, 8], 2)
    seconds = suffer(what, before, chance, folder).seconds
    assert all(each == straight for each in resumed(after, folder)), "other bits"
    return seconds


def main(times: int, path: Path, kinds: list[str]) -> None:
    """Let each kind of bad luck happen so many times, and write what came of it."""
    with tempfile.TemporaryDirectory() as folder:
        straight = alone(Path(folder), epochs=EPOCHS)
    table = json.loads(path.read_text())["rows"] if path.exists() else {}
    for what in kinds:
        seconds, failures = [], []
        for number in range(times):
            chance = random.Random(f"{what} {number}")
            with tempfile.TemporaryDirectory() as folder:
                try:
                    seconds.append(suffer_and_resume(what, chance, Path(folder), straight))
                except Exception as error:
                    failures.append(f"{number}: {error}"[-500:])
        longest = round(max(seconds, default=0.0), 1)
        table[what] = {"times": times, "failures": failures, "longest, seconds": longest}
        print(what, table[what], flush=True)
        path.write_text(json.dumps({"timeout": TIMEOUT, "rows": table}, indent=1) + "\n")


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:] or [*LUCK, CUT])
