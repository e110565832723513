"""Real jobs of MPICH's launcher: the same bits on any number of ranks, and bad luck."""

import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from mpi_job import Ended, run_job
from support import TESTS

PROGRAM = str(TESTS / "mpi_fit.py")
TIMEOUT = 5
EPOCHS = 6


def results(ended: Ended) -> list[dict]:
    """Return what each rank has printed at its end, in their order."""
    found = re.findall(r"^result (\d+) (.*)$", ended.out, re.MULTILINE)
    return [json.loads(result) for _, result in sorted(found)]


def job(ranks, tmp_path, during=lambda _: None, limit=60.0, environment=(), **options) -> Ended:
    """Run `mpi_fit.py` on so many ranks."""
    return run_job(ranks, [PROGRAM, json.dumps(options)], limit, tmp_path, during, **dict(environment))


def alone(tmp_path, **options) -> dict:
    """Return the result of one process without MPI."""
    words = [sys.executable, PROGRAM, json.dumps({"mpi": False, "shards": 8} | options)]
    environment = os.environ | {"PYTHONPATH": f"{TESTS.parent}:{TESTS}"}
    out = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=60, check=True, cwd=tmp_path)
    return json.loads(out.stdout.partition("\nresult 0 ")[2])


@pytest.fixture(scope="module")
def straight(tmp_path_factory):
    """The result of an uninterrupted run by one process."""
    return alone(tmp_path_factory.mktemp("straight"), epochs=EPOCHS)


@pytest.mark.parametrize("ranks", [1, 2, 4, 8])
def test_the_same_bits_on_any_number_of_ranks(ranks, tmp_path, straight):
    ended = job(ranks, tmp_path, epochs=EPOCHS)
    assert ended.status == 0, ended.errors
    assert results(ended) == [straight] * ranks
    assert not ended.errors


def test_the_narrow_wire(tmp_path):
    options = {"wire": "bfloat16", "epochs": 2}
    expected = alone(tmp_path, **options)
    for ranks in (2, 4):
        ended = job(ranks, tmp_path, **options)
        assert results(ended) == [expected] * ranks, ended.errors


# What happens on rank 1, unless it is rank 0's disk; the words that the message must have, and what MPI is told.
LUCK = {
    "kill": (1, r"rank 1 \(process \d+ on .*\) was killed"),
    "stop": (1, r"rank 1 \(process \d+ on .*\) has not been heard of for 5 s: stopped or killed"),
    "hang": (1, r"waited 5 s .* for rank 1 \(process \d+ on .*\): in on_epoch_end"),
    "raise": (1, "ValueError: rank 1: this is odd"),
    "image": (1, r"ValueError: rank 1: image \d+ is odd"),
    "disk": (0, r"OSError: \[Errno 27\] rank 0: File too large: .*checkpoint"),
    "interrupt": (1, "KeyboardInterrupt: rank 1: interrupted"),
    "exit": (1, r"rank 1 \(process \d+ on .*\) was killed, or crashed"),
}
SIGNALS = {"kill": signal.SIGKILL, "stop": signal.SIGSTOP, "interrupt": signal.SIGINT}


def after_some_time(what: str, rank: int, delay: float):
    """Return a function that sends a signal to a rank, or waits until the rank's own bad luck has come."""

    def during(launcher: subprocess.Popen) -> None:
        while "epoch 0" not in (said := launcher.output.read_text()):
            assert launcher.poll() is None, launcher.errors.read_text()
            time.sleep(0.01)
        time.sleep(delay)
        if what in SIGNALS:
            process = int(re.search(rf"^rank {rank} (\d+)$", said, re.MULTILINE)[1])
            os.kill(process, SIGNALS[what])

    return during


def suffer(what: str, ranks: int, delay: float, folder: Path) -> Ended:
    """Run a job with this bad luck; check how it ends."""
    rank, words = LUCK[what]
    luck = None if what in SIGNALS else [what, rank, 1]
    options = {"epochs": EPOCHS, "pause": 0.001, "timeout": TIMEOUT, "checkpoint": str(folder / "run"), "luck": luck}
    ended = job(ranks, folder, after_some_time(what, rank, delay), **options)
    assert ended.status not in (0, None)
    assert re.search(words, ended.errors), ended.errors
    assert ended.seconds < TIMEOUT + 5
    return ended


def resumed(ranks: int, folder: Path) -> list[dict]:
    """Return the results of the job that goes on, on another number of ranks."""
    ended = job(ranks, folder, epochs=EPOCHS, checkpoint=str(folder / "run"), resume=True)
    assert ended.status == 0, ended.errors
    return results(ended)


@pytest.mark.parametrize("what", LUCK)
def test_bad_luck(what, tmp_path, straight):
    chance = random.Random(what)
    suffer(what, 2, chance.uniform(0, 0.3), tmp_path)
    ranks = chance.choice([1, 4])
    for result in resumed(ranks, tmp_path):
        assert result == straight
