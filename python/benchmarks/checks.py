"""Rows that only swiftalexnet takes part in: how it grows, and whether what it says of itself is true."""

import statistics
from collections.abc import Callable
from contextlib import ExitStack
from typing import NamedTuple

from engines import CONTENDERS, Setting
from goals import Goal
from worker import Worker


class Check(NamedTuple):
    """A measurement that gives figures by name, and goals for them."""

    title: str
    measure: Callable[[int, int], dict[str, float]]  # of threads and rounds
    goals: tuple[Goal, ...]


GROWTH, LINE = "images/s at batch 256 ÷ batch 64", "batch 128 off the line through 64 and 256"


def growth(name: str, threads: int, rounds: int) -> dict[str, float]:
    """Compare training steps of the paper's network at three sizes of batch."""
    with ExitStack() as stack:
        workers = {
            size: stack.enter_context(Worker(Setting(CONTENDERS[name], "paper", size, threads)))
            for size in (64, 128, 256)
        }
        times = {size: [] for size in workers}
        for _ in range(rounds):
            for size, worker in workers.items():
                times[size].append(worker.ask("step_seconds", 1))
    small, middle, large = (statistics.median(times[size]) for size in (64, 128, 256))
    line = small + (large - small) * (128 - 64) / (256 - 64)
    return {GROWTH: (256 / large) / (64 / small), LINE: abs(middle / line - 1)}


def _growth(name: str) -> Check:
    return Check(
        f"growth of training, paper, {name.removeprefix('swiftalexnet ')}",
        lambda threads, rounds: growth(name, threads, rounds),
        (Goal(0.95, GROWTH), Goal(0.05, LINE, at_most=True)),
    )


CHECKS = (_growth("swiftalexnet float32"), _growth("swiftalexnet bfloat16"))
