"""Shared by the experiments: their arguments, and a file of results with which a stopped sweep can be resumed."""

import argparse
import hashlib
import json
import os
import platform
import shlex
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import PIL

import swiftalexnet as sa
from swiftalexnet.files.atomic import write_atomically

RESULTS = Path(__file__).resolve().parents[2] / "docs" / "reproduction"
DATA = os.environ.get("SWIFTALEXNET_DATA", ".")


def arguments(description: str, seeds: int) -> argparse.ArgumentParser:
    """Return a parser with the options of every experiment."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    name = Path(sys.argv[0]).stem
    parser.add_argument("--output", type=Path, metavar="FILE", help=f"default: docs/reproduction/{name}.json")
    parser.add_argument("--seeds", type=int, default=seeds, help=f"how many, from 0 (default: {seeds})")
    parser.add_argument("--threads", type=int, help="default: what the machine allows")
    parser.add_argument("--quick", action="store_true", help="a few images and epochs, into quick/: does it run?")
    return parser


def cifar_argument(parser: argparse.ArgumentParser) -> None:
    """Add --cifar, a path that `swiftalexnet.cifar10` reads."""
    parser.add_argument(
        "--cifar",
        type=Path,
        default=Path(DATA) / "cifar10-jpeg.zip",
        metavar="PATH",
        help="archive or folder (default: cifar10-jpeg.zip in the folder that SWIFTALEXNET_DATA names)",
    )


def read_cifar(options: argparse.Namespace) -> tuple[sa.ArrayDataset, sa.ArrayDataset]:
    """Read CIFAR-10, or a few hundred images of it."""
    train, test = sa.cifar10(options.cifar)
    return (some(train, 256), some(test, 64)) if options.quick else (train, test)


def some(data: sa.ArrayDataset, count: int) -> sa.ArrayDataset:
    """Return `count` images at most, evenly spaced."""
    chosen = np.linspace(0, len(data) - 1, min(count, len(data))).astype(int)
    return sa.ArrayDataset(data.images[chosen], data.labels[chosen], data.classes)


def described(train: sa.ArrayDataset, test: sa.ArrayDataset) -> dict[str, Any]:
    """Describe the images."""
    digest = hashlib.sha256()
    for data in (train, test):
        digest.update(data.images.tobytes() + data.labels.tobytes())
    return {"train": len(train), "test": len(test), "sha256": digest.hexdigest()}


def shortened(recipe: sa.Recipe, factor: float) -> sa.Recipe:
    """Scale the length of every phase between two changes of the rate, to at least one epoch each."""
    if not isinstance(recipe.schedule, sa.EpochSchedule) or factor <= 0:
        raise ValueError(f"shortened: cannot scale {recipe.schedule} by {factor}")
    boundaries = tuple(recipe.schedule.boundaries)
    ends = (*boundaries, recipe.epochs)
    lengths = [max(1, round(factor * (end - start))) for start, end in zip((0, *boundaries), ends, strict=True)]
    *changes, epochs = np.cumsum(lengths).tolist()
    return recipe.replace(epochs=epochs, schedule=sa.EpochSchedule(changes, recipe.schedule.factor))


class Results:
    """Runs in a JSON file, each with its settings, its results, and where, when and how it was run."""

    def __init__(self, options: argparse.Namespace):
        if options.threads is not None:
            sa.set_num_threads(options.threads)
        name = Path(sys.argv[0]).stem
        self.path: Path = options.output or (Path("quick") if options.quick else RESULTS) / f"{name}.json"
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.runs: list[dict[str, Any]] = []
        if self.path.exists():
            self.runs = json.loads(self.path.read_text())["runs"]

    def run(self, settings: dict[str, Any], work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """Return the run with these settings: from the file if it is there, else `work` is done and written to it."""
        settings = json.loads(json.dumps(settings))  # as the file has them
        found = next((run for run in self.runs if run["settings"] == settings), None)
        title = ", ".join(f"{key} {value}" for key, value in settings.items() if not isinstance(value, (dict, list)))
        print(f"{'already there: ' if found else ''}{title}", flush=True)
        if found is not None:
            return found
        started = time.perf_counter()
        outcome = work()
        facts = {"seconds": round(time.perf_counter() - started, 1), "command": _command(), **_machine()}
        run = {"settings": settings, **outcome, **facts}
        self.runs.append(run)
        write_atomically(self.path, (json.dumps({"runs": self.runs}, indent=1, allow_nan=False) + "\n").encode())
        return run


def show(row: dict[str, Any]) -> None:
    """Print an epoch."""
    validation = "" if row["validation_top1_error"] is None else f"  validation {row['validation_top1_error']:.2f} %"
    text = f"  epoch {row['epoch'] + 1}: loss {row['train_loss']:.4f}, training error {row['train_top1_error']:.2f} %"
    print(f"{text}{validation}, {row['seconds']:.1f} s", flush=True)


def errors(
    model: sa.Model, data: sa.ArrayDataset, views: tuple[int, ...], precision: str = "float32"
) -> dict[str, dict[str, float]]:
    """Measure with each number of views: top-1 and top-5 error in percent, and loss."""
    measured = {str(crops): model.evaluate(data, crops=crops, precision=precision) for crops in views}
    for crops, each in measured.items():
        print(f"  {crops} view{'s' * (crops != '1')}: {each}", flush=True)
    return {
        crops: {"top1_error": each.top1_error, "top5_error": each.top5_error, "loss": each.loss}
        for crops, each in measured.items()
    }


def _command() -> str:
    return "python " + shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]])


def _machine() -> dict[str, Any]:
    facts = sa.info()
    return {
        "machine": {"cpu": _cpu_name(), "threads": sa.get_num_threads(), "instruction set": facts["instruction_set"]},
        "versions": {
            "swiftalexnet": sa.__version__,
            "numpy": np.__version__,
            "pillow": PIL.__version__,
            "python": platform.python_version(),
        },
    }


def _cpu_name() -> str:
    table = Path("/proc/cpuinfo")
    lines = table.read_text().splitlines() if table.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
