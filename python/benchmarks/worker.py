"""One engine in a process of its own, which waits for questions over a pipe.

Engines bring thread pools and allocators that disturb one another inside one process; here each has its own, and only
the one that is asked works.
"""

import importlib
import math
import multiprocessing
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np

import nets
from engines import Setting, UnavailableError

ENOUGH = 16  # images whose logits are compared at least


class EngineError(Exception):
    """What went wrong in an engine's process."""


class Worker:
    """The near end of the pipe: `ask` calls a method of the engine's `_Session` and returns its answer."""

    def __init__(self, setting: Setting):
        self.name = setting.contender.name
        context = multiprocessing.get_context("spawn")
        self._connection, far_end = context.Pipe()
        self._process = context.Process(target=_serve, args=(far_end, setting), daemon=True)
        self._process.start()
        far_end.close()

    def ask(self, question: str, *arguments):
        """Wait for the answer; an error over there is raised here."""
        self._connection.send((question, arguments))
        try:
            answer = self._connection.recv()
        except EOFError:
            self._process.join()
            raise EngineError(f"{self.name}: {question}: its process ended ({self._process.exitcode})") from None
        if isinstance(answer, Exception):
            raise answer
        return answer

    def close(self) -> None:
        """End the process, and with it give back the engine's memory."""
        self._connection.close()
        self._process.join()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def _serve(connection: Connection, setting: Setting) -> None:
    """Answer until the other end closes; the engine is built by the first question."""
    session = None
    while True:
        try:
            question, arguments = connection.recv()
        except EOFError:
            return
        try:
            session = session or _Session(setting)
            connection.send(getattr(session, question)(*arguments))
        except UnavailableError as error:
            connection.send(error)
        except Exception as error:  # as text: an engine's own exceptions may not survive the pipe
            connection.send(EngineError(f"{setting.contender.name}: {question}: {type(error).__name__}: {error}"))


class _Session:
    """The far end: an engine and its batch."""

    def __init__(self, setting: Setting):
        module = importlib.import_module(f"engines.{setting.contender.module}")
        self._size = setting.batch_size
        images, self._labels = nets.batch(self._size)
        self._engine = module.Engine(setting, nets.weights(setting.variant))
        self._x = self._engine.tensor(images)

    def logits(self):
        """Logits of so many batches that they tell images apart; the first is the one that is timed."""
        images, _ = nets.batch(self._size * math.ceil(ENOUGH / self._size))
        batches = (images[start : start + self._size] for start in range(0, len(images), self._size))
        return np.concatenate([self._engine.forward(self._engine.tensor(batch)) for batch in batches])

    def gradient(self):
        return self._engine.gradient(self._x, self._labels)

    def forward_seconds(self, repeats: int) -> float:
        """Mean time of a forward pass, after one that does not count."""
        return _seconds(lambda: self._engine.forward(self._x), repeats)

    def step_seconds(self, repeats: int) -> float:
        """Mean time of a training step, after one that does not count."""
        return _seconds(lambda: self._engine.train_step(self._x, self._labels), repeats)

    def peak_bytes(self) -> int:
        return peak_bytes()

    def limits(self) -> dict[str, float]:
        """FLOP/s that the threads can do at most, by precision: our own engine measures them."""
        return self._engine.limits()


def peak_bytes() -> int:
    """Most memory that this process ever had resident; getrusage would count its parent's too."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(1024 * int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))


def _seconds(work: Callable[[], object], repeats: int) -> float:
    work()
    start = time.perf_counter()
    for _ in range(repeats):
        work()
    return (time.perf_counter() - start) / repeats
