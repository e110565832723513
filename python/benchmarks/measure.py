"""Measurements in alternating rounds: every engine in turn, again and again, so that a noisy moment hits them all."""

import statistics
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from answers import disagreement
from engines import OURS, Contender, Setting, UnavailableError
from jobs import Job
from worker import EngineError, Worker

HOPELESS = 5  # times slower than the quickest: one round is enough
SLEEP = 0.3  # seconds between engines: idle threads of the last one spin for a moment before they sleep


class Company:
    """The engines of a job, each in its process: kept to the end or, where memory is short, started anew every time."""

    def __init__(self, job: Job, threads: int):
        self._job = job
        self._threads = threads
        self._stack = ExitStack()
        self._workers: dict[str, Worker] = {}

    @contextmanager
    def worker(self, contender: Contender) -> Iterator[Worker]:
        """Give one engine's process, after a pause in which the others fall asleep."""
        setting = Setting(contender, self._job.variant, self._job.batch_size, self._threads)
        if not self._job.resident:
            with Worker(setting) as worker:
                yield worker
            return
        if contender.name not in self._workers:
            self._workers[contender.name] = self._stack.enter_context(Worker(setting))
        time.sleep(SLEEP)
        yield self._workers[contender.name]

    def __enter__(self):
        return self

    def __exit__(self, *failure):
        return self._stack.__exit__(*failure)


def race(job: Job, contenders: list[Contender], threads: int) -> dict[str, Any]:
    """Measure a row: each engine's images/s and peak memory, our limits in FLOP/s, and who was left out and why."""
    with Company(job, threads) as company:
        left_out = _compare_answers(job, contenders, company)
        running = [contender for contender in contenders if contender.name not in left_out]
        speeds: dict[str, list[float]] = {each.name: [] for each in running}
        peaks: dict[str, int] = {}
        limits: dict[str, float] = {}
        for _ in range(job.rounds):
            for contender in [each for each in running if not is_hopeless(each, speeds)]:
                with company.worker(contender) as worker:
                    speeds[contender.name].append(job.batch_size / worker.ask(job.question, job.repeats))
                    peaks[contender.name] = worker.ask("peak_bytes")
                    if contender.module == OURS:
                        limits = worker.ask("limits")
    return {
        "engines": {name: summary(rounds) | {"peak_bytes": peaks[name]} for name, rounds in speeds.items()},
        "limits": limits,
        "left_out": left_out,
    }


def is_hopeless(contender: Contender, speeds: dict[str, list[float]]) -> bool:
    """Say whether a peer was so slow in its first round that more of them would change nothing but the wait."""
    if contender.module == OURS or not speeds[contender.name]:
        return False
    return HOPELESS * speeds[contender.name][0] < max(max(rounds, default=0) for rounds in speeds.values())


def summary(rounds: list[float]) -> dict[str, float]:
    """Median, slowest and fastest of the rounds."""
    return {"median": statistics.median(rounds), "slowest": min(rounds), "fastest": max(rounds)}


def _compare_answers(job: Job, contenders: list[Contender], company: Company) -> dict[str, str]:
    """Compare each engine with the first, which computes in float32; all have the same weights and images.

    Returns whom to leave out, and why: an engine that cannot compute so here, a peer that fails, or a wrong answer.
    """
    gradient = job.work == "training"
    expected = None
    left_out: dict[str, str] = {}
    for contender in contenders:
        try:
            with company.worker(contender) as worker:
                answer = worker.ask("gradient" if gradient else "logits")
        except UnavailableError as error:
            left_out[contender.name] = str(error)
        except EngineError as error:
            if contender.module == OURS:
                raise
            left_out[contender.name] = str(error)
        else:
            expected = answer if expected is None else expected
            complaint = disagreement(answer, expected, contender, gradient)
            if complaint:
                left_out[contender.name] = complaint
        if contender.name in left_out:
            print(f"{job.title}: left out: {contender.name}: {left_out[contender.name]}", flush=True)
    return left_out
