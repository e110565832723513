"""GFLOP/s of every convolution of a network, forward and backward, beside the FMA limit measured in the same run.

python layers.py [--networks paper owt D] [--batch 32] [--threads 1]

Only products are counted, two operations each, windows over the padding included. What an operator does besides, like
reordering the weights, is in the time. With one thread that is the processor's time, which other work on the machine
disturbs least. Set SWIFTALEXNET_ISA to measure another instruction set.
"""

import argparse
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

import swiftalexnet as sa
from machine import cpu_name
from swiftalexnet import _native
from swiftalexnet.runtime import fma_limits

NHWC = 1


class Layer(NamedTuple):
    """A convolution as the specification of its network says it."""

    name: str
    x_shape: tuple[int, int, int, int]  # NHWC
    w_shape: tuple[int, int, int, int]  # OIHW
    stride: tuple[int, int]
    padding: tuple[int, int, int, int]
    groups: int


def convolutions(model: sa.Model, batch: int) -> Iterator[Layer]:
    """Give the network's convolutions for a batch."""
    shapes = {node[0]: node[4] for node in model.network.nodes()}
    sources = {node[0]: node[3] for node in model.network.nodes()}
    for line in model.spec.splitlines():
        kind, name, *settings = line.split()
        if kind != "convolution":
            continue
        value = dict(setting.split("=") for setting in settings)
        channels, height, width = shapes[sources[name]]
        kernel, stride, groups = int(value["kernel"]), int(value["stride"]), int(value["groups"])
        top, left, bottom, right = map(int, value["pad"].split(","))
        yield Layer(
            name,
            (batch, height, width, channels),
            (int(value["outputs"]), channels // groups, kernel, kernel),
            (stride, stride),
            (top, left, bottom, right),
            groups,
        )


def rates(layer: Layer, seconds: float) -> dict[str, float]:
    """GFLOP/s of the three directions: the fastest of the passes that fit in `seconds` each."""
    random = np.random.default_rng(0)
    geometry = (layer.stride, layer.padding, layer.groups)
    height, width = _native.conv2d_output_size(layer.x_shape, layer.w_shape, *geometry, NHWC)
    x = random.standard_normal(layer.x_shape, np.float32)
    w = random.standard_normal(layer.w_shape, np.float32)
    y = np.empty((layer.x_shape[0], height, width, layer.w_shape[0]), np.float32)
    dy = random.standard_normal(y.shape, np.float32)
    dx, dw = np.empty_like(x), np.empty_like(w)
    operations = 2 * y.size * np.prod(layer.w_shape[1:], dtype=np.int64) / 1e9
    passes = {
        "forward": lambda: _native.conv2d(x, w, None, *geometry, True, NHWC, y),
        "backward data": lambda: _native.conv2d_backward(dy, x, w, *geometry, NHWC, dx, None, None),
        "backward filter": lambda: _native.conv2d_backward(dy, x, w, *geometry, NHWC, None, dw, None),
    }
    return {name: operations / fastest(run, seconds) for name, run in passes.items()}


def fastest(run: Callable[[], None], seconds: float) -> float:
    """Seconds of the fastest call, of at least three: other work on the machine only ever slows one down."""
    clock = time.thread_time if sa.get_num_threads() == 1 else time.perf_counter
    times: list[float] = []
    while len(times) < 3 or sum(times) < seconds:
        start = clock()
        run()
        times.append(clock() - start)
    return min(times)


def main() -> None:
    """Print a table a network."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--networks", nargs="+", default=["paper", "owt", "D"])
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=1.0, help="for each direction of a layer")
    options = parser.parse_args()
    sa.set_num_threads(options.threads)
    print(f"{cpu_name()}, {sa.info()['instruction_set']}, threads {options.threads}, batch {options.batch}")
    for name in options.networks:
        build = sa.alexnet if name in sa.alexnet_variants() else sa.vgg
        print(f"\n{name:<10}{'forward':>18}{'backward data':>18}{'backward filter':>18}   GFLOP/s, share of the limit")
        for layer in convolutions(build(name), options.batch):
            # Measured anew: the clock of a shared machine drifts.
            limit = fma_limits()["float32"]
            row = rates(layer, options.seconds).values()
            print(f"{layer.name:<10}" + "".join(f"{rate:>10.1f} {rate / limit:>7.1%}" for rate in row), flush=True)


if __name__ == "__main__":
    main()
