"""Classification of JPEG files by Ray's actors: beside one process without Ray, and beside torch's actors.

    python ray_inference.py FOLDER                 2,048 images, AlexNet owt, 2 actors of a thread each
    python ray_inference.py FOLDER --images 512 --rounds 3

Every measurement runs in a process of its own, in turn, on the same weights (random, torchvision's AlexNet) and files.
An actor a thread: what one process computes on `--threads` threads, Ray computes in as many actors. Both kinds of
actors get the content of files from `read_binary_files`, decode it and give the five likeliest classes.

Starting is left out: each actor notes when its batches begin and end, and what counts are the batches that begin after
every actor has had its first one, until the last one ends. Ray has read some of their files before.

Answers are compared first: those of our actors with `predict`'s bit for bit, torch's network with ours on our tensors.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import swiftalexnet as sa
from machine import cpu_name
from swiftalexnet.data.order import evenly_spread

BATCH = 64
TOLERANCE = 1e-4
TOP = 5


def main() -> None:
    """Measure in rounds and print a table, or, in a process of its own, one thing."""
    arguments = _arguments()
    if arguments.measure:
        print(json.dumps(MEASUREMENTS[arguments.measure](arguments)))
        return
    print(f"{cpu_name()}, {arguments.threads} threads or actors, {arguments.images} images")
    names = [name for name in MEASUREMENTS if "torch" not in name or not arguments.without_torch]
    rates: dict[str, list[float]] = {name: [] for name in names}
    with tempfile.TemporaryDirectory() as folder:
        weights = Path(folder) / "weights.safetensors"
        sa.alexnet("owt").export(weights, "torchvision")
        for _ in range(arguments.rounds):
            for name in names:
                rates[name].append(_ask(name, weights))
    medians = {name: statistics.median(each) for name, each in rates.items()}
    for name, rate in medians.items():
        print(f"{name:<16} {rate:8.1f} images/s")
    found = {"actors ÷ one process": medians["actors"] / medians["one process"]}
    if "torch's actors" in medians:
        found["actors ÷ torch's actors"] = medians["actors"] / medians["torch's actors"]
    for name, value in found.items():
        print(f"{name:<26} {value:6.3f}")
    if arguments.out:
        arguments.out.write_text(json.dumps({"quotients": found}))


def _ask(name: str, weights: Path) -> float:
    """Measure one thing in a process of its own."""
    command = [sys.executable, *sys.argv, "--measure", name, "--weights", str(weights)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return float(json.loads(done.stdout.splitlines()[-1]))


def _files(arguments: argparse.Namespace) -> list[str]:
    """Return as many files as asked for, or all."""
    files = sorted(map(str, Path(arguments.folder).rglob("*.jpg")))
    return [files[index] for index in evenly_spread(len(files), min(arguments.images, len(files)))]


def one_process(arguments: argparse.Namespace) -> float:
    """Classify the files without Ray."""
    sa.set_num_threads(arguments.threads)
    model, files = sa.load(arguments.weights), _files(arguments)
    model.predict(files[:BATCH])
    began = time.perf_counter()
    model.predict(files)
    return len(files) / (time.perf_counter() - began)


class Timed:
    """An actor that notes when its batches begin and end."""

    def __init__(self, kind: type, *arguments: Any):
        self._actor = kind(*arguments)

    def __call__(self, batch: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Classify a batch."""
        began = time.time()
        answers = self._actor(batch)
        count = len(answers["path"])
        times = {"began": began, "ended": time.time(), "actor": os.getpid()}
        return answers | {name: np.full(count, value) for name, value in times.items()}


class TorchClassify:
    """Torchvision's AlexNet as an actor, with the preparation of torchvision's examples."""

    def __init__(self, weights: str):
        import torch
        from torchvision import transforms

        torch.set_num_threads(1)
        self._net = torch_network(weights)
        self._prepare = transforms.Compose([
            transforms.Resize(256), transforms.CenterCrop(224), transforms.ToTensor(),
            transforms.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
        ])  # fmt: skip

    def __call__(self, batch: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Classify a batch."""
        import io

        import torch
        from PIL import Image

        with torch.inference_mode():
            images = [self._prepare(Image.open(io.BytesIO(content)).convert("RGB")) for content in batch["bytes"]]
            best = self._net(torch.stack(images)).softmax(1).topk(TOP)
        return {"path": batch["path"], "labels": best.indices.numpy(), "shares": best.values.numpy()}


def torch_network(weights: str) -> Any:
    """Return torchvision's AlexNet with the weights of a file."""
    from safetensors.torch import load_file
    from torchvision.models import alexnet

    net = alexnet()
    net.load_state_dict(load_file(weights))
    return net.eval()


def with_ray(arguments: argparse.Namespace, kind: type) -> tuple[float, list[dict[str, Any]]]:
    """Classify the files by actors; return the rate without starting, and the rows."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    import logging

    import ray

    ray.init(
        "local",
        num_cpus=arguments.threads + 2,
        include_dashboard=False,
        object_store_memory=1 << 30,
        log_to_driver=False,
        logging_level=logging.ERROR,
    )
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    ray.data.DataContext.get_current().enable_progress_bars = False
    files = _files(arguments)
    try:
        rows = (  # a block of files is a batch, so that none is cut
            ray.data.read_binary_files(files, include_paths=True, override_num_blocks=-(-len(files) // BATCH))
            .map_batches(
                Timed,
                fn_constructor_args=(kind, arguments.weights),
                compute=ray.data.ActorPoolStrategy(size=arguments.threads),
                num_cpus=1,
                batch_size=BATCH,
            )
            .take_all()
        )
    finally:
        ray.shutdown()
    firsts = {actor: min(row["ended"] for row in rows if row["actor"] == actor) for actor in {r["actor"] for r in rows}}
    if len(firsts) != arguments.threads:
        raise RuntimeError(f"{len(firsts)} of {arguments.threads} actors had work")
    start = max(firsts.values())
    counted = [row for row in rows if row["began"] >= start]
    return len(counted) / (max(row["ended"] for row in counted) - min(row["began"] for row in counted)), rows


def actors(arguments: argparse.Namespace) -> float:
    """Classify the files by our actors, whose answers are `predict`'s."""
    rate, rows = with_ray(arguments, sa.ray.Classify)
    some = rows[:: max(1, len(rows) // 64)]
    expected = sa.load(arguments.weights).predict([row["path"] for row in some])
    for row, prediction in zip(some, expected, strict=True):
        if tuple(row["top5_probabilities"]) != prediction.probabilities:
            raise AssertionError(f"{row['path']}: actors and predict differ")
    return rate


def torch_actors(arguments: argparse.Namespace) -> float:
    """Classify the files by torch's actors, whose network is ours."""
    import torch

    model, files = sa.load(arguments.weights), _files(arguments)[:16]
    with torch.inference_mode():
        x = torch.from_numpy(model.features(files, ["data"])["data"])
        theirs = torch_network(arguments.weights)(x).softmax(1).numpy()
    difference = float(np.abs(theirs - model.probabilities(files)).max())
    if difference > TOLERANCE * theirs.max():
        raise AssertionError(f"probabilities differ by {difference:.1e}")
    return with_ray(arguments, TorchClassify)[0]


MEASUREMENTS: dict[str, Callable[[argparse.Namespace], float]] = {
    "one process": one_process,
    "actors": actors,
    "torch's actors": torch_actors,
}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", help="JPEG files, at any depth")
    parser.add_argument("--images", type=int, default=2048)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2, help="of one process, and the number of actors")
    parser.add_argument("--without-torch", action="store_true")
    parser.add_argument("--out", type=Path, help="a JSON file for the quotients")
    parser.add_argument("--measure", choices=sorted(MEASUREMENTS), help=argparse.SUPPRESS)
    parser.add_argument("--weights", help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
