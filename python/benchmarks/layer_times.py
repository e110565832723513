"""A training step's times for the simulator, in a process of its own: `python layer_times.py owt 256 2 5` prints JSON.

The arguments are the network, the number of images, of threads, and of steps, whose median counts.
"""

import json
import sys

import swiftalexnet as sa
from simulator import Layer, Work


def main() -> None:
    """Profile on so many threads, and print."""
    variant, images, threads, repeats = sys.argv[1], *map(int, sys.argv[2:])
    sa.set_num_threads(threads)
    print(json.dumps(profiled(variant, images, repeats)))


def profiled(variant: str, images: int, repeats: int) -> Work:
    """Profile training steps."""
    model = sa.build(variant, num_classes=1000)
    parameters = model.parameters()
    profile = model.profile(images, training=True, repeats=repeats)
    layers = []
    for row in profile.rows:
        if row.direction != "backward" or not row.kind:
            continue
        names = row.name.split(" + ")
        numbers = sum(array.size for name, array in parameters.items() if name.rpartition(".")[0] in names)
        dense, seconds = row.kind == "dense", row.milliseconds / 1e3
        factors = sum(parameters[f"{names[0]}.weight"].shape) if dense else 0
        # The gradients of a dense layer's weights and of its inputs are products of the same size.
        layers.append(Layer(names[0], seconds, numbers, factors, seconds / 2 if dense else 0.0))
    update = next(row.milliseconds for row in profile.rows if row.name == "update") / 1e3
    forward = profile.milliseconds / 1e3 - update - sum(layer.seconds for layer in layers)
    return Work(images, forward, tuple(layers), update)


if __name__ == "__main__":
    main()
