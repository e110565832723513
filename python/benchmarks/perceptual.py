"""How long LPIPS takes beside the package lpips on the same random trunk, in alternating rounds, answers compared.

python perceptual.py            64 pairs of 256 × 256, and all pairs of 100 images, with AlexNet
python perceptual.py --net vgg --pairs 8 --images 20

Needs torch and lpips. Both compute with as many threads. lpips gets tensors that are prepared already; our images are
uint8. lpips has no call for all pairs: its time for them is that of some pairs in batches, times as many.
"""

import argparse
import json
import tempfile
import time
import warnings
from itertools import combinations
from pathlib import Path
from statistics import median

import lpips
import numpy as np
import torch
import torchvision

import machine
import swiftalexnet as sa

ROUNDS = 5
BATCH = 50  # pairs that lpips gets at once when it compares all
SAMPLE = 200  # of all pairs, those that lpips is timed on
MODELS = {"alex": "alexnet", "vgg": "vgg16"}


def metrics(net: str):
    """Return lpips' metric and ours with the same random convolutions."""
    torch.manual_seed(0)
    layers = getattr(torchvision.models, MODELS[net])().features
    state = layers.state_dict()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = lpips.LPIPS(net=net, pnet_rand=True, verbose=False)
    for name, parameter in theirs.net.named_parameters():  # slice1.0.weight is features.0.weight
        parameter.data.copy_(state[name.partition(".")[2]])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "trunk.pth"
        torch.save({f"features.{name}": value for name, value in state.items()}, path)
        return theirs, sa.LPIPS(net, backbone=path)


def images(count: int, side: int, seed: int) -> np.ndarray:
    """Return smooth images with noise."""
    random = np.random.default_rng(seed)
    ramp = np.linspace(0, 200, side)[:, None] * random.uniform(0.2, 1, (count, 1, 1, 3))
    return (ramp + random.integers(0, 50, (count, side, side, 3))).astype(np.uint8)


def tensor(levels: np.ndarray) -> torch.Tensor:
    """Return images as lpips takes them."""
    return torch.from_numpy((levels / 127.5 - 1).transpose(0, 3, 1, 2).astype(np.float32))


def seconds(work) -> tuple[float, np.ndarray]:
    """Return how long a call takes, and its result."""
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


def report(what: str, theirs: list[float], ours: list[float], difference: float) -> float:
    """Print the medians and how far the answers are apart; return their time by ours."""
    if difference > 1e-5:
        raise SystemExit(f"{what}: answers differ by {difference:.2g}")
    slow, fast = median(theirs), median(ours)
    told = (
        f"lpips {slow:8.3f} s  swiftalexnet {fast:8.3f} s  quotient {slow / fast:6.2f}  answers within {difference:.1g}"
    )
    print(f"{what:<36} {told}", flush=True)
    return slow / fast


def main() -> None:
    """Measure pairs, their gradients, and all pairs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--net", choices=MODELS, default="alex")
    parser.add_argument("--pairs", type=int, default=64)
    parser.add_argument("--images", type=int, default=100)
    parser.add_argument("--side", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--threads", type=int, default=sa.get_num_threads())
    parser.add_argument("--out", type=Path, help="a JSON file for the quotients")
    given = parser.parse_args()
    sa.set_num_threads(given.threads)
    torch.set_num_threads(sa.get_num_threads())
    print(f"{machine.cpu_name()}, {sa.get_num_threads()} threads, net {given.net}, {given.side} × {given.side}")
    theirs, ours = metrics(given.net)
    a, b = images(given.pairs, given.side, 1), images(given.pairs, given.side, 2)
    x, y = tensor(a), tensor(b)

    def their_values() -> np.ndarray:
        with torch.no_grad():
            return theirs(x, y).numpy().ravel()

    def their_gradients() -> np.ndarray:
        leaf = x.clone().requires_grad_()
        values = theirs(leaf, y)
        values.sum().backward()
        return values.detach().numpy().ravel()

    found = {}
    calls = {
        "": (their_values, lambda: ours(a, b).values),
        ", with gradients": (their_gradients, lambda: ours.value_and_grad(a, b)[0]),
    }
    for what, (their, own) in calls.items():
        rounds = [(seconds(their), seconds(own)) for _ in range(given.rounds + 1)][1:]
        difference = max(float(np.abs(left[1] - right[1]).max()) for left, right in rounds)
        times = [left[0] for left, _ in rounds], [right[0] for _, right in rounds]
        found[f"lpips' time ÷ ours{what}"] = report(f"{given.pairs} pairs{what}", *times, difference)

    many = images(given.images, given.side, 3)
    prepared, pairs = tensor(many), list(combinations(range(given.images), 2))
    step = max(1, len(pairs) // SAMPLE)
    some = np.array(pairs[::step])

    def their_pairs() -> np.ndarray:
        with torch.no_grad():
            parts = (some[at : at + BATCH] for at in range(0, len(some), BATCH))
            return np.concatenate([theirs(prepared[i], prepared[j]).numpy().ravel() for i, j in (p.T for p in parts)])

    rounds = [(seconds(their_pairs), seconds(lambda: ours.cdist(many))) for _ in range(max(1, given.rounds // 2))]
    ours_of_them = rounds[-1][1][1][some[:, 0], some[:, 1]]
    scale = len(pairs) / len(some)
    what = f"all {len(pairs)} pairs of {given.images} images"
    difference = float(np.abs(ours_of_them - rounds[-1][0][1]).max())
    times = [left[0] * scale for left, _ in rounds], [right[0] for _, right in rounds]
    found["lpips' time ÷ ours, all pairs"] = report(what, *times, difference)
    if given.out:
        given.out.write_text(json.dumps({"quotients": found}))


if __name__ == "__main__":
    main()
