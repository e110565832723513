"""Jobs of several ranks, under a time limit, that leave no process behind."""

import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest
from support import TESTS

_NAME = "SWIFTALEXNET_TEST_JOB"

# On a machine without /sys the libraries below MPI complain, some of them on the standard output.
QUIET = {"UCX_LOG_LEVEL": "fatal", "HWLOC_HIDE_ERRORS": "2"}


class Ended(NamedTuple):
    """How a job has ended."""

    status: int
    out: str
    errors: str
    seconds: float  # since the moment that `during` returned


def mpiexec() -> str:
    """Return the launcher that belongs to this environment's MPI, or skip the test saying how to run it."""
    reason = "MPI is missing: pip install 'swiftalexnet[mpi]'"
    pytest.importorskip("mpi4py", reason=reason)
    path = Path(sys.executable).parent / "mpiexec"
    if not path.exists():
        pytest.skip(reason)
    return str(path)


def run_job(
    ranks: int,
    words: list[str],
    limit: float,
    folder: Path,
    during: Callable[[subprocess.Popen], None] = lambda _: None,
    through_mpi4py: bool = True,
    within: Sequence[str] = (),
    **environment: str,
) -> Ended:
    """Run a Python program on so many ranks; `during` is called with the launcher once it is started.

    The launcher is started by the command `within`, if there is one. After `limit` seconds everything is killed and the
    test fails, as it does if a process is left.
    """
    name = uuid.uuid4().hex
    command = [
        *within,
        mpiexec(),
        "-n",
        str(ranks),
        sys.executable,
        *(["-m", "mpi4py"] if through_mpi4py else []),
        *words,
    ]
    own = QUIET | {_NAME: name, "PYTHONPATH": f"{TESTS.parent}:{TESTS}", "SWIFTALEXNET_NUM_THREADS": "1"}
    out, errors = folder / f"{name}.out", folder / f"{name}.err"
    with out.open("wb") as to, errors.open("wb") as errors_to:
        job = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=to,
            stderr=errors_to,
            env=os.environ | own | environment,
            start_new_session=True,
        )
        job.output, job.errors = out, errors
        try:
            during(job)
            began = time.monotonic()
            status = job.wait(limit)
            seconds = time.monotonic() - began
            left = _left(name)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"no end after {limit} s: {errors.read_text()[-3000:]}") from None
        finally:
            _kill(name, job)
    assert not left, left
    return Ended(status, out.read_text(), errors.read_text(), seconds)


def processes(name: str) -> list[int]:
    """Return the processes of a job."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                if f"{_NAME}={name}".encode() in (entry / "environ").read_bytes():
                    found.append(int(entry.name))
            except OSError:
                continue
    return found


def _left(name: str) -> list[str]:
    """Return the commands of processes that outlive their job by two seconds."""
    end = time.monotonic() + 2
    while (left := processes(name)) and time.monotonic() < end:
        time.sleep(0.05)
    return [Path(f"/proc/{each}/cmdline").read_bytes().replace(b"\0", b" ").decode() for each in left]


def _kill(name: str, job: subprocess.Popen) -> None:
    for process in processes(name):
        try:
            os.kill(process, signal.SIGKILL)
        except ProcessLookupError:
            continue
    job.wait()
