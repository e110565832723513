"""Reading, decoding and cropping from shards beside the same images in a folder.

    python sharded_reading.py                    8,192 generated JPEGs of 256 × 256 pixels, shuffled as in training
    python sharded_reading.py --images 50000 --rounds 3

Both read the same batches in the same order with as many threads, in turn, each in a process of its own. The images are
in the page cache. Memory is that of a process when it has read a fifth of the batches, and all of them.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from itertools import islice
from pathlib import Path

import numpy as np

import generated_shards
import swiftalexnet as sa
from features_memory import resident
from machine import cpu_name
from swiftalexnet.data.loader import Loader
from swiftalexnet.data.order import shuffled, split
from swiftalexnet.images.geometry import Geometry

BATCH = 128
GEOMETRY = Geometry(224, 3, "area", 256)
WAYS = ("folder", "shards")
SPEED, MEMORY = "shards ÷ folder, images a second", "memory at all of the images ÷ at 1/5"


def main() -> None:
    """Measure in rounds and print a table, or, in a process of its own, one way."""
    arguments = _arguments()
    sa.set_num_threads(arguments.threads)
    if arguments.measure:
        print(json.dumps(measure(arguments.measure, arguments.place, arguments.threads)))
        return
    print(f"{cpu_name()}, {arguments.threads} threads, {arguments.images:,} images")
    with tempfile.TemporaryDirectory() as place:
        prepare(Path(place), arguments.images)
        rounds = [{way: _ask(way, place) for way in WAYS} for _ in range(arguments.rounds + 1)][1:]
    for way in WAYS:
        rate, first, last = (statistics.median(each[way][part] for each in rounds) for part in range(3))
        print(f"{way:<8} {rate:9.1f} images/s, {first:7.1f} MB at a fifth, {last:7.1f} MB at the end")
    found = {
        SPEED: statistics.median(each["shards"][0] / each["folder"][0] for each in rounds),
        MEMORY: statistics.median(each["shards"][2] / each["shards"][1] for each in rounds),
    }
    for name, value in found.items():
        print(f"{name:<44} {value:6.3f}")
    if arguments.out:
        arguments.out.write_text(json.dumps({"quotients": found}))


def prepare(place: Path, count: int) -> None:
    """Write the same images into a folder and into shards, in the same order."""
    images = generated_shards.GeneratedImages(count)
    for name in images.classes:
        (place / "folder" / name).mkdir(parents=True)
    for index in range(count):
        file = place / "folder" / images.classes[images.labels[index]] / f"{index:08d}.jpg"
        file.write_bytes(images.encoded(index))
    sa.write_shards(place / "folder", place / "shards", images_per_shard=1000, order="stored", progress=False)


def measure(way: str, place: Path, threads: int) -> tuple[float, float, float]:
    """Return images a second, and the resident memory in MB on the way and at the end."""
    if way == "folder":
        data: sa.Dataset = sa.ImageFolder(place / "folder", workers=threads)
    else:
        count = len(list((place / "shards").glob("*.tar")))
        data = sa.ShardedDataset(str(place / "shards" / f"train-{{000000..{count - 1:06d}}}.tar"), workers=threads)
    order = shuffled(len(data), 0, 0)
    total = -(-len(order) // BATCH)
    with Loader(data, split(np.concatenate([order[:BATCH], order]), BATCH), GEOMETRY) as loader:
        batches = iter(loader)
        next(batches)  # threads have started
        began, memory = time.perf_counter(), 0.0
        for number, _ in enumerate(islice(batches, total)):
            if number == total // 5:
                memory = resident()[0]
        seconds = time.perf_counter() - began
    return len(order) / seconds, memory, resident()[0]


def _ask(way: str, place: str) -> tuple[float, float, float]:
    command = [sys.executable, *sys.argv, "--measure", way, "--place", place]
    rate, first, last = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return rate, first, last


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=8192)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=sa.get_num_threads())
    parser.add_argument("--out", type=Path, help="a JSON file for the quotients")
    parser.add_argument("--measure", choices=WAYS, help=argparse.SUPPRESS)
    parser.add_argument("--place", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
