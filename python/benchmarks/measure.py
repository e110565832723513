"""Measurements in alternating rounds: every engine in turn, again and again, so that a noisy moment hits them all."""

import statistics
import time
from contextlib import ExitStack
from typing import NamedTuple

import numpy as np

from engines import TRAINING, Setting
from worker import Worker

SLEEP = 0.3  # seconds between engines: idle threads of the last one spin for a moment before they sleep
LOGITS_TOLERANCE = 1e-4  # largest difference, relative to the largest logit: float32 sums in another order
GRADIENT_TOLERANCE = 1e-2  # relative in the Euclidean norm: a rounding may switch a ReLU, and all that flows through it


class Job(NamedTuple):
    """One row of the table."""

    work: str  # "inference" or "training"
    variant: str
    batch_size: int
    goal: float  # images/s of swiftalexnet, relative to the best of the others
    rounds: int
    repeats: int = 1  # forward passes or steps in a round

    @property
    def title(self) -> str:
        """Give the row's name in the table."""
        return f"{self.work}, {self.variant}, batch {self.batch_size}"


def speeds(job: Job, names: list[str], threads: int) -> dict[str, list[float]]:
    """Images per second of each engine in each round, after answers were compared and one untimed pass."""
    question = "step_seconds" if job.work == "training" else "forward_seconds"
    with ExitStack() as stack:
        workers = [
            stack.enter_context(Worker(Setting(name, job.variant, job.batch_size, threads)))
            for name in names
            if job.work == "inference" or name in TRAINING
        ]
        _compare_answers(job, workers)
        _round(workers, question, 1)
        rounds = [_round(workers, question, job.repeats) for _ in range(job.rounds)]
    return {worker.name: [job.batch_size / seconds[worker.name] for seconds in rounds] for worker in workers}


def training_memory(variant: str, batch_size: int, names: list[str], threads: int) -> dict[str, float]:
    """Peak resident GiB of a fresh process that builds the network and takes two training steps."""
    peaks = {}
    for name in names:
        if name in TRAINING:
            with Worker(Setting(name, variant, batch_size, threads)) as worker:
                worker.ask("step_seconds", 2)
                peaks[name] = worker.ask("peak_bytes") / 2**30
    return peaks


def _round(workers: list[Worker], question: str, repeats: int) -> dict[str, float]:
    """Ask each engine in turn; seconds per pass or step."""
    seconds = {}
    for worker in workers:
        time.sleep(SLEEP)
        seconds[worker.name] = worker.ask(question, repeats)
    return seconds


def _compare_answers(job: Job, workers: list[Worker]) -> None:
    """Raise if an engine disagrees with the first one; all have the same weights and images."""
    gradient = job.work == "training"
    question, tolerance = ("gradient", GRADIENT_TOLERANCE) if gradient else ("logits", LOGITS_TOLERANCE)
    order = None if gradient else np.inf
    first, *others = workers
    expected = first.ask(question).ravel()
    for worker in others:
        difference = np.linalg.norm(worker.ask(question).ravel() - expected, order) / np.linalg.norm(expected, order)
        if not difference <= tolerance:
            raise ArithmeticError(
                f"{job.title}: {question} of {worker.name} differ from those of {first.name} by {difference:.2e}, "
                f"expected at most {tolerance:.0e}"
            )


def summary(rounds: list[float]) -> dict[str, float]:
    """Median, slowest and fastest of the rounds."""
    return {"median": statistics.median(rounds), "slowest": min(rounds), "fastest": max(rounds)}
