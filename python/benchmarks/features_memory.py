"""The memory of an extraction from 100,000 images: it must not grow with them.

python features_memory.py            100,000 images of 32 × 32 pixels through a small network, about a minute
python features_memory.py 20000      fewer

Prints the resident memory of the process and its peak on the way. The images come from an iterator, then from files, of
which a few hundred are there under 100,000 names (hard links).
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image

import swiftalexnet as sa

POINTS = 5
DIFFERENT = 256


def resident() -> tuple[float, float]:
    """Return the memory of this process that is resident, and its peak, in MB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    now, peak = (next(line for line in lines if line.startswith(name)).split()[1] for name in ("VmRSS:", "VmHWM:"))
    return int(now) / 1024, int(peak) / 1024


def show(what: str, since: float) -> float:
    """Print a line, and return the resident memory in MB."""
    now, peak = resident()
    print(f"{what:<28} {now:8.1f} MB, peak {peak:8.1f} MB, {time.perf_counter() - since:7.1f} s", flush=True)
    return now


def counted(images: Iterator, count: int, since: float, seen: list[float]) -> Iterator:
    """Yield images, and print and note the memory at some points."""
    for number, image in enumerate(images):
        if number % (count // POINTS) == 0:
            seen.append(show(f"{number:,} images", since))
        yield image


def noise(count: int) -> Iterator[np.ndarray]:
    """Yield images."""
    generator = np.random.default_rng(0)
    return (generator.integers(0, 256, (32, 32, 3), np.uint8) for _ in range(count))


def files(folder: Path, count: int) -> list[Path]:
    """Return the names of so many files."""
    for number, image in enumerate(noise(min(count, DIFFERENT))):
        Image.fromarray(image).save(folder / f"image{number}.png")
    names = [folder / f"{number // 1000:03}" / f"{number:06}.png" for number in range(count)]
    for number, name in enumerate(names):
        name.parent.mkdir(exist_ok=True)
        os.link(folder / f"image{number % DIFFERENT}.png", name)
    return names


def main() -> None:
    """Extract from an iterator and from files."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("count", nargs="?", type=int, default=100_000)
    parser.add_argument("--threads", type=int, default=sa.get_num_threads())
    parser.add_argument("--rounds", type=int, help="not used: memory is the same in every round")
    parser.add_argument("--out", type=Path, help="a JSON file for the quotients")
    given = parser.parse_args()
    count, found = given.count, {}
    sa.set_num_threads(given.threads)
    model = sa.cifar_net("18pct")
    with tempfile.TemporaryDirectory() as folder:
        ways: dict[str, Callable[[], Iterator]] = {
            "an iterator": lambda: noise(count),
            "files": lambda: iter(files(Path(folder), count)),
        }
        for name, images in ways.items():
            print(f"from {name}")
            start, out = time.perf_counter(), f"{folder}/{name}.features"
            seen: list[float] = []
            model.features(
                counted(images(), count, start, seen), [row.name for row in model.summary().rows[-3:]], out=out
            )
            show("complete", start)
            found[f"memory at {POINTS - 1}/{POINTS} of the images ÷ at 1/{POINTS}, from {name}"] = seen[-1] / seen[1]
    if given.out:
        given.out.write_text(json.dumps({"quotients": found}))


if __name__ == "__main__":
    sys.exit(main())
