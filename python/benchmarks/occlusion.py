"""How long occlusion takes beside captum's, on the same weights and windows, in alternating rounds.

python occlusion.py                                  AlexNet and VGG-16, windows of 16 pixels, 8 apart
python occlusion.py --networks vgg16 --window 32 --stride 16 --batch 64

Each line has both medians, and captum's divided by ours; answers are compared first. captum gets as many windows in
a call (`perturbations_per_eval`) as we do; its default of one is slower still. Needs torch, torchvision and captum.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import captum.attr
import numpy as np
import torch
import torchvision

import machine
import swiftalexnet as sa

TARGET = 5


def pair(name: str) -> tuple[torch.nn.Module, sa.Model]:
    """Return a network of torchvision with random weights, and ours with the same."""
    torch.manual_seed(0)
    net = getattr(torchvision.models, name)(num_classes=1000).eval()
    for module in net.modules():
        if isinstance(module, (torch.nn.Linear, torch.nn.Conv2d)):
            torch.nn.init.kaiming_normal_(module.weight)
    with tempfile.TemporaryDirectory() as folder:
        torch.save(net.state_dict(), Path(folder) / "net.pth")
        return net, sa.load(Path(folder) / "net.pth")


def seconds(work: Callable[[], Any]) -> float:
    """Return how long a call takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def compare(name: str, window: int, stride: int, batch: int, rounds: int) -> float:
    """Print the line of a network, and return captum's time by ours.

    Raises
    ------
    SystemExit
        The answers differ by more than a hundred-thousandth of the largest logit.
    """
    net, model = pair(name)
    x = torch.randn(1, 3, 224, 224)

    def theirs() -> np.ndarray:
        sides, steps = (3, window, window), (3, stride, stride)
        occlusion = captum.attr.Occlusion(net)
        return occlusion.attribute(x, sides, steps, target=TARGET, perturbations_per_eval=batch)[:, 0].numpy()

    def ours() -> np.ndarray:
        options = {"window": window, "stride": stride, "batch_size": batch, "preprocessed": True}
        return sa.attribution.occlusion(model, x.numpy(), TARGET, **options).values

    with torch.no_grad():
        largest = float(net(x).abs().max())
    difference = float(np.abs(theirs() - ours()).max()) / largest
    if difference > 1e-5:
        raise SystemExit(f"{name}: the answers differ by {difference:.1e} of the largest logit")
    times = [(seconds(theirs), seconds(ours)) for _ in range(rounds)]
    slow, quick = (median(each) for each in zip(*times, strict=True))
    print(f"{name:<8} captum {slow:7.2f} s  swiftalexnet {quick:7.2f} s  quotient {slow / quick:5.2f}", flush=True)
    return slow / quick


def main() -> None:
    """Measure the networks that are named."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--networks", nargs="+", default=["alexnet", "vgg16"], help="of torchvision")
    parser.add_argument("--window", type=int, default=16)
    parser.add_argument("--stride", type=int, default=8)
    parser.add_argument("--batch", type=int, default=32, help="windows computed together")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=sa.get_num_threads())
    parser.add_argument("--out", type=Path, help="a JSON file for the quotients")
    options = parser.parse_args()
    sa.set_num_threads(options.threads)
    torch.set_num_threads(sa.get_num_threads())
    per_axis = -(-(224 - options.window) // options.stride) + 1
    print(f"{machine.cpu_name()}, {sa.get_num_threads()} threads, {per_axis**2} windows, batches of {options.batch}")
    sizes = options.window, options.stride, options.batch, options.rounds
    found = {f"captum's time ÷ ours, {name}": compare(name, *sizes) for name in options.networks}
    if options.out:
        options.out.write_text(json.dumps({"quotients": found}))


if __name__ == "__main__":
    main()
