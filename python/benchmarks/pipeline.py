"""Measure whether decoding keeps up with the network on the same processors: from a folder of JPEGs to trained steps.

    python pipeline.py photographs/clothing/train

The same network takes the same batches from arrays in memory, from the JPEGs, and from a cache on disk
(`ImageFolder.cache_to`), in turn. The first ratio is that of images per second of the same round. CPU milliseconds a
image, of all threads, say where the time goes; their ratio is the rate that processors shared evenly allow, and
hardly depends on what else the machine does.
"""

import argparse
import json
import os
import statistics
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

import swiftalexnet as sa
from machine import cpu_name
from swiftalexnet.data.loader import Loader
from swiftalexnet.data.order import evenly_spread, in_order


@dataclass
class Rate:
    """What images cost, by wall clock and by processor time."""

    images_per_second: float
    cpu_ms: float  # an image


class Part:
    """Some images of a data set, spread evenly over it."""

    skipped = 0

    def __init__(self, data: sa.ImageFolder, count: int):
        self._data, self._chosen = data, evenly_spread(len(data), count)
        self.classes, self.labels, self.workers = data.classes, data.labels[self._chosen], data.workers

    def __len__(self) -> int:
        return len(self._chosen)

    def image(self, index, geometry):
        """Return image `index` of the part."""
        return self._data.image(int(self._chosen[index]), geometry)


def main() -> None:
    """Measure, print a table, and write the figures if a file is given."""
    arguments = _arguments()
    sa.set_num_threads(arguments.threads)
    with tempfile.TemporaryDirectory() as folder:
        exact, draft, cached = (sa.ImageFolder(arguments.folder, draft=draft) for draft in (False, True, False))
        started = time.perf_counter()
        cached.cache_to(Path(folder, "cache"), side=256)
        building = len(cached) / (time.perf_counter() - started)
        count = min(len(exact), arguments.batch_size * arguments.batches)
        sources = {"JPEG": Part(exact, count), "JPEG, draft": Part(draft, count), "cache": Part(cached, count)}
        model = sa.alexnet("paper", len(exact.classes))
        model.preprocessing = model.preprocessing.replace(learn_mean=False)
        sources = {"memory": _in_memory(sources["JPEG"], model.preprocessing.geometry)} | sources
        reading = {name: _reading(data, model.preprocessing.geometry) for name, data in sources.items()}
        _training(model, sources["memory"], arguments.batch_size)  # the first one plans and fills memory
        rounds = [
            {name: _training(model, data, arguments.batch_size) for name, data in sources.items()}
            for _ in range(arguments.rounds)
        ]
    _print(reading, rounds, building)
    if arguments.out:
        results = {
            "cpu": cpu_name(),
            "threads": arguments.threads,
            "images": count,
            "batch_size": arguments.batch_size,
            "cache_images_per_second": building,
            "reading": {name: asdict(rate) for name, rate in reading.items()},
            "training": [{name: asdict(rate) for name, rate in each.items()} for each in rounds],
        }
        arguments.out.write_text(json.dumps(results, indent=1) + "\n")


def _in_memory(data: Part, geometry) -> sa.ArrayDataset:
    images = np.stack([data.image(index, geometry) for index in range(len(data))])
    return sa.ArrayDataset(images, data.labels, data.classes)


def _reading(data, geometry) -> Rate:
    """Read all images as `fit` does, and do nothing with them."""
    with _Clock(len(data)) as clock, Loader(data, in_order(len(data), 128), geometry) as loader:
        for _ in loader:
            pass
    return clock.rate


def _training(model: sa.Model, data, batch_size: int) -> Rate:
    """Train one epoch."""
    recipe = sa.recipe("paper", batch_size=batch_size, learning_rate=1e-6, schedule=sa.ConstantSchedule())
    with _Clock(len(data)) as clock:
        model.fit(data, epochs=1, recipe=recipe, progress=False)
    return clock.rate


class _Clock:
    """Wall clock and processor time of a block that works on so many images."""

    def __init__(self, count: int):
        self._count = count

    def __enter__(self) -> "_Clock":
        self._started = time.perf_counter(), time.process_time()
        return self

    def __exit__(self, *_: object) -> None:
        wall, cpu = time.perf_counter() - self._started[0], time.process_time() - self._started[1]
        self.rate = Rate(self._count / wall, 1000 * cpu / self._count)


def _print(reading: dict[str, Rate], rounds: list[dict[str, Rate]], building: float) -> None:
    print(f"{cpu_name()}; writing the cache: {building:.0f} images/s\n")
    titles = ("reading alone, CPU ms", "training, CPU ms", "images/s", "rate ÷ memory's", "memory's CPU ÷ its own")
    print("| images from |", " | ".join(titles), "|")
    print("| --- | --: | --: | --: | --: | --: |")
    for name, alone in reading.items():
        pairs = [(each[name], each["memory"]) for each in rounds]
        columns = (
            (own.cpu_ms for own, _ in pairs),
            (own.images_per_second for own, _ in pairs),
            (own.images_per_second / memory.images_per_second for own, memory in pairs),
            (memory.cpu_ms / own.cpu_ms for own, memory in pairs),
        )
        cpu, speed, rate, work = map(statistics.median, columns)
        print(f"| {name} | {alone.cpu_ms:.2f} | {cpu:.1f} | {speed:.1f} | {rate:.1%} | {work:.1%} |")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    data = Path(os.environ.get("SWIFTALEXNET_DATA", "."))
    parser.add_argument("folder", type=Path, nargs="?", default=data / "clothing" / "train")
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--batches", type=int, default=8, help="in an epoch")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--out", type=Path, help="write the figures as JSON")
    return parser.parse_args()


if __name__ == "__main__":
    main()
