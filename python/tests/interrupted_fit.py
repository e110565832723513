"""Run by training/test_run.py: fit, be interrupted `delay` seconds after the first step, compare with a straight run.

Prints how many decoding threads are left, the step, and whether the weights are equal.
"""

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from support import dataset, fingerprint, quick_recipe, tiny_model

import swiftalexnet as sa
from swiftalexnet.files import safetensors


class Enough(Exception):
    """The straight run has reached the step."""


class WatchedNetwork:
    """A network that calls `before_step` before every step."""

    def __init__(self, network, before_step: Callable[[], None]):
        self._network, self._before_step = network, before_step

    def __getattr__(self, name: str):
        return getattr(self._network, name)

    def train_step_images(self, *arguments):
        self._before_step()
        return self._network.train_step_images(*arguments)


class CountedNetwork(WatchedNetwork):
    """A network that refuses the step after `count` others."""

    def __init__(self, network, count: int):
        super().__init__(network, self._count)
        self._left = count

    def _count(self) -> None:
        if not self._left:
            raise Enough
        self._left -= 1


def fit(model: sa.Model, **options) -> None:
    model.fit(dataset(200), epochs=options.pop("epochs", 100_000), recipe=quick_recipe(), progress=False, **options)


def weights_after(steps: int) -> str:
    model = tiny_model()
    network = model.network
    model._network = CountedNetwork(network, steps)
    try:
        fit(model)
    except Enough:
        model._network = network
    return fingerprint(model)


def main(delay: float, folder: Path) -> None:
    model = tiny_model()
    network = model.network

    def start_timer() -> None:
        """Begin with the first step, however long the start takes; the others are the engine's own, as in any run."""
        model._network = network
        threading.Timer(delay, os.kill, (os.getpid(), signal.SIGINT)).start()

    model._network = WatchedNetwork(network, start_timer)
    with contextlib.suppress(KeyboardInterrupt):
        fit(model, checkpoint=folder)
    threads = [thread for thread in threading.enumerate() if thread.name.startswith("swiftalexnet")]
    step = safetensors.read(folder / "checkpoint.safetensors")[1]["training"]["step"]
    print(len(threads), step, fingerprint(model) == weights_after(step))
    model.predict(dataset(2).images)
    fit(model, epochs=1)


if __name__ == "__main__":
    main(float(sys.argv[1]), Path(sys.argv[2]))
