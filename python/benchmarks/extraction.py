"""Features of JPEG files: decoding alone, the network alone, both together, and torchvision with PyTorch's loader.

    python extraction.py FOLDER                  pool5 and fc7 of 1,024 images
    python extraction.py FOLDER --layers conv5 --images 256 --rounds 3

Every measurement runs in a process of its own, in turn, on the same weights (random, torchvision's AlexNet), files and
number of threads, and writes .npy files. PyTorch's loader is measured with 0, 1 and 2 workers; the best counts.
Answers are compared first: torchvision's network on the very tensors that ours computes on.

What decoding and computing allow is the rate of processors that do both in turn without a loss:
1 / (1 / decoding + 1 / forward).
"""

import argparse
import json
import resource
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
from swiftalexnet._support.native_arguments import FLOAT32
from swiftalexnet.data.loader import Loader
from swiftalexnet.data.order import evenly_spread, in_order
from swiftalexnet.inference.feature_images import given_images
from swiftalexnet.inference.inputs import network_input
from swiftalexnet.network.layer_names import torchvision_names

BATCH = 64
TOLERANCE = 1e-4  # of the largest value
PEERS = tuple(f"torchvision, {count} workers" for count in (0, 1, 2))
OURS = ("decoding", "forward", "memory to files", "JPEG to files")


def main() -> None:
    """Measure in rounds and print a table, or, in a process of its own, one thing."""
    arguments = _arguments()
    sa.set_num_threads(arguments.threads)
    if arguments.measure:
        print(json.dumps(MEASUREMENTS[arguments.measure](Work(arguments))))
        return
    print(f"{cpu_name()}, {arguments.threads} threads; {', '.join(arguments.layers)} of {arguments.images} images")
    with tempfile.TemporaryDirectory() as folder:
        weights = Path(folder) / "weights.safetensors"
        sa.alexnet("owt").export(weights, "torchvision")
        peers = [] if arguments.without_torch else ["answers", *PEERS]
        if peers:
            print(f"largest difference from torchvision: {_ask('answers', weights)[0]:.1e} of the largest value")
        names = [*OURS, *peers[1:]]
        rounds: dict[str, list[tuple[float, float]]] = {name: [] for name in names}
        for _ in range(arguments.rounds):
            for name in names:
                rounds[name].append(_ask(name, weights))
    medians = {name: [statistics.median(part) for part in zip(*each, strict=True)] for name, each in rounds.items()}
    for name, (rate, cpu) in medians.items():
        print(f"{name:<24} {rate:8.1f} images/s {cpu:8.2f} ms of processor an image")
    found = _quotients({name: rate for name, (rate, _) in medians.items()})
    for name, value in found.items():
        print(f"{name:<44} {value:6.3f}")
    if arguments.out:
        arguments.out.write_text(json.dumps({"quotients": found}))


def _quotients(rates: dict[str, float]) -> dict[str, float]:
    allowed = 1 / (1 / rates["decoding"] + 1 / rates["forward"])
    found = {
        "from memory, share of the forward rate": rates["memory to files"] / rates["forward"],
        "share of what decoding and computing allow": rates["JPEG to files"] / allowed,
    }
    if best := max((rates[name] for name in PEERS if name in rates), default=0.0):
        found["÷ torchvision with PyTorch's loader"] = rates["JPEG to files"] / best
    return found


def _ask(name: str, weights: Path) -> tuple[float, float]:
    """Measure one thing in a process of its own."""
    command = [sys.executable, *sys.argv, "--measure", name, "--weights", str(weights)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    one, other = json.loads(done.stdout)
    return one, other


class Work:
    """The images, the network and the layers."""

    def __init__(self, arguments: argparse.Namespace):
        files = sorted(Path(arguments.folder).rglob("*.jpg"))
        self.files = [files[index] for index in evenly_spread(len(files), arguments.images)]
        self.layers, self.threads, self.weights = arguments.layers, arguments.threads, arguments.weights
        self.model = sa.load(arguments.weights)
        self.out = tempfile.mkdtemp()

    def images(self, count: int | None = None) -> np.ndarray:
        """Return decoded images: uint8 [count, size, size, 3]."""
        chosen = self.files[:count]
        data = given_images(chosen, self.model, None, None, "raise", None, "extraction").data
        with Loader(data, in_order(len(chosen), BATCH), self.model.preprocessing.geometry) as loader:
            return np.concatenate([images for images, _ in loader])

    def rate(self, work: Callable[[], Any]) -> tuple[float, float]:
        """Return images a second and milliseconds of processor time an image."""
        wall, cpu = time.perf_counter(), _processor_seconds()
        work()
        wall, cpu = time.perf_counter() - wall, _processor_seconds() - cpu
        return len(self.files) / wall, 1000 * cpu / len(self.files)


def _processor_seconds() -> float:
    """Return what this process and its workers that have ended used."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def decoding(work: Work) -> tuple[float, float]:
    """Decode all files and keep nothing else."""
    work.images(BATCH)
    return work.rate(work.images)


def forward(work: Work) -> tuple[float, float]:
    """Compute the layers of tensors in memory, in the engine's own layout, into the same arrays."""
    x = network_input(work.model, work.images(BATCH), "NHWC")
    shapes = {row.name: row.output for row in work.model.summary().rows}
    outputs = tuple(np.empty((len(x), *shapes[each][1:], shapes[each][0]), np.float32) for each in work.layers)
    batches = [min(BATCH, len(work.files) - at) for at in range(0, len(work.files), BATCH)]

    def run(count: int) -> None:
        work.model.network.capture(x[:count], 1, tuple(work.layers), FLOAT32, tuple(out[:count] for out in outputs))

    run(len(x))
    return work.rate(lambda: [run(count) for count in batches])


def memory_to_files(work: Work) -> tuple[float, float]:
    """Extract from decoded images in memory."""
    images = work.images()
    work.model.features(images[:BATCH], work.layers)
    return work.rate(lambda: work.model.features(images, work.layers, batch_size=BATCH, out=work.out))


def jpeg_to_files(work: Work) -> tuple[float, float]:
    """Extract from files."""
    work.model.features(work.files[:BATCH], work.layers)
    return work.rate(lambda: work.model.features(work.files, work.layers, batch_size=BATCH, out=work.out))


class TorchFiles:
    """The files as PyTorch's data set, decoded and prepared as torchvision's examples do."""

    def __init__(self, files: list[Path]):
        from torchvision import transforms

        self._files = files
        self._prepare = transforms.Compose([
            transforms.Resize(256), transforms.CenterCrop(224), transforms.ToTensor(),
            transforms.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
        ])  # fmt: skip

    def __len__(self) -> int:
        return len(self._files)

    def __getitem__(self, index: int):
        from PIL import Image

        with Image.open(self._files[index]) as image:
            return self._prepare(image.convert("RGB"))


def _torch_extractor(work: Work):
    """Return torchvision's AlexNet with the same weights as an extractor of the same layers, by our names."""
    import torch
    from safetensors.torch import load_file
    from torchvision.models import alexnet
    from torchvision.models.feature_extraction import create_feature_extractor

    torch.set_num_threads(work.threads)
    net = alexnet()
    net.load_state_dict(load_file(work.weights))
    theirs = {ours: name for name, ours in torchvision_names("owt").items()}
    # The last layer's ReLU writes over it; a copy of the module that does not.
    for module in net.modules():
        if isinstance(module, torch.nn.ReLU):
            module.inplace = False
    return create_feature_extractor(net.eval(), {theirs[layer]: layer for layer in work.layers})


def torchvision(work: Work, workers: int) -> tuple[float, float]:
    """Extract with torchvision and PyTorch's loader into .npy files that are mapped into memory."""
    import torch
    from torch.utils.data import DataLoader

    extractor = _torch_extractor(work)
    shapes = {row.name: row.output for row in work.model.summary().rows}

    def run(files: list[Path]) -> None:
        targets = {
            layer: np.lib.format.open_memmap(
                f"{work.out}/{layer}.npy", "w+", np.float32, (len(files), *shapes[layer])
            )
            for layer in work.layers
        }  # fmt: skip
        at = 0
        for batch in DataLoader(TorchFiles(files), BATCH, num_workers=workers):
            for layer, values in extractor(batch).items():
                targets[layer][at : at + len(batch)] = values.numpy()
            at += len(batch)

    with torch.inference_mode():
        run(work.files[:BATCH])
        return work.rate(lambda: run(work.files))


def answers(work: Work) -> tuple[float, float]:
    """Return the largest difference from torchvision, relative to the layer's largest value, on the same tensors."""
    import torch

    ours = work.model.features(work.files[:16], ["data", *work.layers])
    with torch.inference_mode():
        theirs = _torch_extractor(work)(torch.from_numpy(ours["data"]))
    difference = max(
        float(np.abs(ours[layer] - values.numpy()).max() / np.abs(values.numpy()).max())
        for layer, values in theirs.items()
    )
    if difference > TOLERANCE:
        raise AssertionError(f"features differ by {difference:.1e} of the largest, expected {TOLERANCE:.0e}")
    return difference, 0.0


MEASUREMENTS: dict[str, Callable[[Work], tuple[float, float]]] = {
    "decoding": decoding,
    "forward": forward,
    "memory to files": memory_to_files,
    "JPEG to files": jpeg_to_files,
    "answers": answers,
    **{name: lambda work, count=count: torchvision(work, count) for count, name in enumerate(PEERS)},
}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", help="JPEG files, at any depth")
    parser.add_argument("--layers", nargs="+", default=["pool5", "fc7"], help="AlexNet owt's")
    parser.add_argument("--images", type=int, default=1024)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--without-torch", action="store_true")
    parser.add_argument("--out", type=Path, help="a JSON file for the quotients")
    parser.add_argument("--measure", choices=sorted(MEASUREMENTS), help=argparse.SUPPRESS)
    parser.add_argument("--weights", help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
