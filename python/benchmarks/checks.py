"""Rows that only swiftalexnet takes part in: how it grows, and whether what it says of itself is true."""

import json
import multiprocessing
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import NamedTuple

from engines import CONTENDERS, Setting, UnavailableError
from goals import Goal
from jobs import F32, F32_FAST, Job
from measure import race
from nets import NETS
from worker import Worker, peak_bytes


class Check(NamedTuple):
    """A measurement that gives figures by name, and goals for them."""

    title: str
    measure: Callable[[int, int], dict[str, float]]  # of threads and rounds
    goals: tuple[Goal, ...]


GROWTH, LINE = "images/s at batch 256 ÷ batch 64", "batch 128 off the line through 64 and 256"
FORETOLD = "peak off what memory() says"
FAST = "images/s with ÷ without, batch "
FAST_BATCHES = (1, 2, 4, 8, 16)
JPEG, CACHE = "JPEG folder ÷ memory", "cache of decoded images ÷ memory"


def growth(precision: str, threads: int, rounds: int) -> dict[str, float]:
    """Compare training steps of the paper's network at three sizes of batch."""
    contender = CONTENDERS[f"swiftalexnet {precision}"]
    with ExitStack() as stack:
        workers = {
            size: stack.enter_context(Worker(Setting(contender, "paper", size, threads))) for size in (64, 128, 256)
        }
        times: dict[int, list[float]] = {size: [] for size in workers}
        for _ in range(rounds):
            for size, worker in workers.items():
                times[size].append(worker.ask("step_seconds", 1))
    small, middle, large = (statistics.median(times[size]) for size in (64, 128, 256))
    line = small + (large - small) * (128 - 64) / (256 - 64)
    return {GROWTH: (256 / large) / (64 / small), LINE: abs(middle / line - 1)}


def fast_math(variant: str, threads: int, rounds: int) -> dict[str, float]:
    """Compare inference with fast math and without at small sizes of batch, where transforms have little to save."""
    figures = {}
    for size in FAST_BATCHES:
        job = Job("inference", variant, size, {F32: (), F32_FAST: ()}, 3 * rounds, repeats=max(FAST_BATCHES) // size)
        row = race(job, [CONTENDERS[name] for name in job.goals], threads)
        if row["left_out"]:
            raise UnavailableError(str(row["left_out"]))
        figures[f"{FAST}{size}"] = row["engines"][F32_FAST]["median"] / row["engines"][F32]["median"]
    return figures


def memory(precision: str, threads: int, rounds: int) -> dict[str, float]:
    """Compare the memory that a fresh process gains by training steps with what the model said before."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        gained, foretold = pool.apply(_training_bytes, (precision, threads))
    return {FORETOLD: abs(gained / foretold - 1)}


def _training_bytes(precision: str, threads: int) -> tuple[int, int]:
    """Bytes that the model and two steps on 128 images take, measured and foretold."""
    import nets
    import swiftalexnet as sa

    sa.set_num_threads(threads)
    images, labels = nets.batch(128)
    before = peak_bytes()
    try:
        model = sa.alexnet("paper", num_classes=1000)
        foretold = model.memory(128, training=True, precision=precision).total
        for _ in range(2):
            model.train_step(images, labels, precision=precision, learning_rate=1e-4, momentum=0.9, weight_decay=5e-4)
    except sa.UnsupportedError as error:
        raise UnavailableError(str(error)) from None
    return peak_bytes() - before, foretold


def pipeline(threads: int, rounds: int) -> dict[str, float]:
    """Compare training from photographs on disk with training from memory."""
    if "SWIFTALEXNET_DATA" not in os.environ:
        raise UnavailableError("no photographs: SWIFTALEXNET_DATA names no folder")
    script = Path(__file__).with_name("pipeline.py")
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "pipeline.json")
        options = ["--threads", str(threads), "--rounds", str(rounds), "--out", str(out)]
        subprocess.run([sys.executable, str(script), *options], check=True, stdout=subprocess.DEVNULL)
        measured = json.loads(out.read_text())["training"]

    def ratio(source: str) -> float:
        return statistics.median(
            each[source]["images_per_second"] / each["memory"]["images_per_second"] for each in measured
        )

    return {JPEG: ratio("JPEG"), CACHE: ratio("cache")}


def _checks(precision: str) -> tuple[Check, ...]:
    bounds = (Goal(0.95, GROWTH), Goal(0.05, LINE, at_most=True))
    return (
        Check(f"growth of training, paper, {precision}", partial(growth, precision), bounds),
        Check(
            f"memory of training, paper, {precision}",
            partial(memory, precision),
            (Goal(0.05, FORETOLD, at_most=True),),
        ),
    )


CHECKS = (
    *_checks("float32"),
    *_checks("bfloat16"),
    *(
        Check(
            f"fast_math, inference, {variant}",
            partial(fast_math, variant),
            tuple(Goal(1.0, f"{FAST}{size}") for size in FAST_BATCHES),
        )
        for variant in NETS
    ),
    Check("photographs to trained steps, paper", pipeline, (Goal(0.9, JPEG), Goal(0.9, CACHE))),
)
