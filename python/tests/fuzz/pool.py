"""Workers that run cases, watched: a worker that dies or hangs is replaced, and its case is a fault."""

import json
import os
import selectors
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import swiftalexnet as sa

_AHEAD = 20  # cases that a worker is told of at once
_START_SECONDS = 120.0  # a busy machine imports slowly
_IDLE_SHARE = 0.05  # of a processor: less than this is waiting, and no busy machine


class Result(NamedTuple):
    """One case: its number, what was tried, what came of it, and what is wrong with it."""

    number: int
    text: str
    result: str
    fault: str | None


def run_cases(
    numbers: Iterable[int], seed: int, jobs: int = 2, seconds: float = 5.0, module: str | None = None
) -> Iterator[Result]:
    """Run cases in worker processes; yield their results as they come.

    Parameters
    ----------
    numbers : iterable of int
    seed : int
    jobs : int
        Workers.
    seconds : float
        What a case may take: so long of a processor, or so long without using one. On a busy machine more time passes.
    module : str, optional
        See `worker`.
    """
    waiting = deque(numbers)
    place = tempfile.mkdtemp(prefix="fuzz-", dir=_in_memory())
    workers = [_Worker(seed, seconds, module, place) for _ in range(min(jobs, len(waiting)))]
    try:
        while workers:
            with selectors.DefaultSelector() as selector:
                for worker in workers:
                    worker.feed(waiting)
                    selector.register(worker.answers, selectors.EVENT_READ, worker)
                ready = [key.data for key, _ in selector.select(0.2)]
            for worker in list(workers):
                yield from worker.results(worker in ready)
                if worker.ended:
                    waiting.extendleft(reversed(worker.undone))
                    workers.remove(worker)
                    worker.close()
                    if waiting:
                        workers.append(_Worker(seed, seconds, module, place))
                elif not waiting and not worker.undone:
                    workers.remove(worker)
                    worker.close()
    finally:
        for worker in workers:
            worker.close(0)
        shutil.rmtree(place, ignore_errors=True)


class _Worker:
    """One process, and what it has been told and has answered."""

    def __init__(self, seed: int, seconds: float, module: str | None, place: str):
        self.answers, answers = os.pipe()
        os.set_blocking(self.answers, False)
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 (closed with the worker)
        extra = [] if module is None else [module]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "fuzz.worker", str(answers), str(seed), *extra],
            env=_environment(place),
            stdin=subprocess.PIPE,
            stdout=self._log,
            stderr=self._log,
            pass_fds=[answers],
            start_new_session=True,  # with the processes that cases start it is ended as one
        )
        os.close(answers)
        self.undone: deque[int] = deque()
        self.ended = False
        self._seconds = self._most = seconds
        self._buffer = b""
        self._case: int | None = None
        self._text = ""  # what that case tries, once it is known
        self._began = self._moment()

    def feed(self, waiting: deque[int]) -> None:
        """Tell the worker of some more cases."""
        if len(self.undone) > _AHEAD // 2:
            return
        assert self._process.stdin is not None
        some = [waiting.popleft() for _ in range(min(_AHEAD, len(waiting)))]
        self.undone.extend(some)
        with suppress(BrokenPipeError):  # it has ended, which its answers will tell
            self._process.stdin.write("".join(f"{number}\n" for number in some).encode())
            self._process.stdin.flush()

    def results(self, ready: bool) -> Iterator[Result]:
        """Yield what has been answered, or what became of a worker that answers no more."""
        data = self._read() if ready else None
        if data:
            *lines, self._buffer = (self._buffer + data).split(b"\n")
            for line in lines:
                yield from self._answered(json.loads(line))
        elif data == b"":
            yield from self._gone()
        elif (late := self._late()) is not None:
            self._end(0)
            yield from self._gone(late)

    def _read(self) -> bytes | None:
        try:
            return os.read(self.answers, 1 << 16)
        except BlockingIOError:
            return None

    def _answered(self, answer: dict[str, Any]) -> Iterator[Result]:
        self._began = self._moment()
        if "start" in answer:
            self._case, self._text, self._seconds = answer["start"], "", self._most
            return
        if "number" not in answer:
            self._text, self._seconds = answer["text"], answer["seconds"] or self._most
            return
        self.undone.remove(answer["number"])
        self._case = None
        yield Result(*(answer[name] for name in Result._fields))

    def _gone(self, late: str | None = None) -> Iterator[Result]:
        """Say how the process ended, if it was not done; the case that it was at is the one to blame."""
        self.ended = True
        status = self._end(_START_SECONDS)  # it has closed its answers
        if self._case is None and status == 0:
            return
        if self._case is None:  # between cases, or before the first
            raise RuntimeError(f"a worker ended with {_ending(status)} and no case:\n{self._said()}")
        self.undone.remove(self._case)
        fault = late or f"the process ended with {_ending(status)}"
        yield Result(self._case, self._text, "death" if late is None else "hang", f"{fault}\n{self._said()}")

    def _late(self) -> str | None:
        """Return how a case takes too long: of a processor, or waiting; None if it does not."""
        wall, cpu = (now - then for now, then in zip(self._moment(), self._began, strict=True))
        if self._case is None:
            return f"it did not begin within {_START_SECONDS:g} s" if wall > _START_SECONDS else None
        if cpu > self._seconds:
            return f"it was still at work after {cpu:.1f} s of a processor"
        return f"it hung for {wall:.1f} s" if wall > self._seconds and cpu < _IDLE_SHARE * wall else None

    def _moment(self) -> tuple[float, float]:
        """Return wall time and the processor's time of the process."""
        try:
            fields = Path(f"/proc/{self._process.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        except OSError:
            return time.monotonic(), 0.0
        return time.monotonic(), (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def _said(self) -> str:
        self._log.seek(0, os.SEEK_END)
        self._log.seek(max(0, self._log.tell() - 30_000))
        lines = self._log.read().decode("utf-8", "replace").splitlines(keepends=True)
        # The fault handler lists hundreds of modules in a last line.
        return "".join(line for line in lines if not line.startswith("Extension modules: "))[-3000:]

    def _end(self, patience: float) -> int:
        """Return how the process ended, at the latest after `patience` seconds, and end what its cases started.

        The group is killed before the process is reaped: after that its number may belong to somebody else.
        """
        process, until = self._process, time.monotonic() + patience
        if process.returncode is None:
            options = os.WEXITED | os.WNOWAIT | os.WNOHANG
            while os.waitid(os.P_PID, process.pid, options) is None and time.monotonic() < until:
                time.sleep(0.01)
            os.killpg(process.pid, signal.SIGKILL)
        return process.wait()

    def close(self, patience: float = 10.0) -> None:
        """End the process, at once if it does not end by itself."""
        if self._process.stdin is not None:
            with suppress(BrokenPipeError):
                self._process.stdin.close()
        self._end(patience)
        self._log.close()
        os.close(self.answers)


def _in_memory() -> str | None:
    """Return a folder in memory, where a sync costs nothing; None where there is none."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK | os.X_OK) else None


def _environment(place: str) -> dict[str, str]:
    """Return few threads for numpy, whose products nobody tests here, and where workers find and put files."""
    places = [str(Path(__file__).parents[1]), str(Path(sa.__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    settings = {"OPENBLAS_NUM_THREADS": "1", "SWIFTALEXNET_NUM_THREADS": "2", "MPLBACKEND": "agg", "TMPDIR": place}
    # No published weights: neither what this machine has, nor from its network.
    homes = ("SWIFTALEXNET_HOME", "TORCH_HOME", "KERAS_HOME", "HF_HOME")
    settings |= {"SWIFTALEXNET_OFFLINE": "1", **dict.fromkeys(homes, place)}
    return {**os.environ, **settings, "PYTHONPATH": os.pathsep.join(places)}


def _ending(status: int) -> str:
    return signal.Signals(-status).name if status < 0 else f"status {status}"
