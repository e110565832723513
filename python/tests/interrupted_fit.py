"""Run by test_training: fit, be interrupted after `delay` seconds, and compare with a run to the same step.

Prints how late the exception came, how many decoding threads are left, the step, and whether the weights are equal.
"""

import os
import signal
import sys
import threading
import time
from pathlib import Path

from support import dataset, fingerprint, quick_recipe, tiny_model

import swiftalexnet as sa
from swiftalexnet.files import safetensors


class Enough(Exception):
    """The straight run has reached the step."""


class CountedNetwork:
    """A network that refuses the step after `count` others."""

    def __init__(self, network, count: int):
        self._network, self._left = network, count

    def __getattr__(self, name: str):
        return getattr(self._network, name)

    def train_step_images(self, *arguments):
        if not self._left:
            raise Enough
        self._left -= 1
        return self._network.train_step_images(*arguments)


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
    timer = threading.Timer(delay, os.kill, (os.getpid(), signal.SIGINT))
    due = time.perf_counter() + delay
    timer.start()
    try:
        fit(model, checkpoint=folder)
    except KeyboardInterrupt:
        late = time.perf_counter() - due
    threads = [thread for thread in threading.enumerate() if thread.name.startswith("swiftalexnet")]
    step = safetensors.read(folder / "checkpoint.safetensors")[1]["training"]["step"]
    print(late, len(threads), step, fingerprint(model) == weights_after(step))
    model.predict(dataset(2).images)
    fit(model, epochs=1)


if __name__ == "__main__":
    main(float(sys.argv[1]), Path(sys.argv[2]))
