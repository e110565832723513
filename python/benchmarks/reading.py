"""How long `swiftalexnet.load` takes beside reading the same file's bytes, in alternating rounds.

python reading.py             for AlexNet (`owt`, 244 MB) in the formats that are written here
python reading.py FILE …     for files of your own

Each line has the medians and their ratio; the files are in the page cache.
"""

import argparse
import gc
import tempfile
import time
from pathlib import Path
from statistics import median

import machine
import swiftalexnet as sa

ROUNDS = 15


def seconds(work) -> float:
    """Return how long a call takes, its result freed."""
    gc.collect()
    start = time.perf_counter()
    result = work()
    taken = time.perf_counter() - start
    del result
    return taken


def compare(path: Path) -> str:
    """Return the line of a file."""
    rounds = [(seconds(path.read_bytes), seconds(lambda: sa.load(path))) for _ in range(ROUNDS + 1)][1:]
    read, loaded = (median(times) for times in zip(*rounds, strict=True))
    megabytes = path.stat().st_size / 1e6
    return f"{path.name:<28} {megabytes:8.1f} MB  read {read:6.3f} s  load {loaded:6.3f} s  ratio {loaded / read:5.2f}"


def main() -> None:
    """Measure the files that are named, or some that are written for it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="*", type=Path)
    files = parser.parse_args().files
    print(f"{machine.cpu_name()}, {sa.get_num_threads()} threads")
    if files:
        for path in files:
            print(compare(path), flush=True)
        return
    with tempfile.TemporaryDirectory() as folder:
        model = sa.alexnet("owt")
        own = Path(folder) / "swiftalexnet.safetensors"
        model.save(own)
        print(compare(own), flush=True)
        for name in ("torchvision.safetensors", "onnx.onnx", "keras.h5", "caffe.caffemodel"):
            path = Path(folder) / name
            model.export(path)
            print(compare(path), flush=True)
            path.unlink()


if __name__ == "__main__":
    main()
