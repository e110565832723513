"""Run by tests of jobs on every rank: train a small network, perhaps with bad luck, and print its digest.

Takes one argument, JSON: options of `fit`, and beside them
    mpi: whether to use it at all
    pause: that an image takes, in seconds
    validation_images: how many
    pause_of_validation: that one of them takes on rank 1
    luck: [what, rank, "epoch" or "image", number]: it comes after that epoch, or with the so many-th image read there
    portable_rank: which rank computes without vector instructions
    other_rank: which rank has another version of Pillow
"""

import contextlib
import itertools
import json
import os
import resource
import sys
import time
from pathlib import Path

if json.loads(sys.argv[1]).get("portable_rank", -1) == int(os.environ.get("PMI_RANK", 0)):
    os.environ |= {"SWIFTALEXNET_ISA": "portable", "SWIFTALEXNET_GEMM": "swift"}

import PIL
from support import dataset, fingerprint, quick_recipe, tiny_model

import swiftalexnet as sa

OWN = {"epochs": 2, "pause": 0.0, "pause_of_validation": 0.0, "validation_images": 75}


class Slowly(sa.ArrayDataset):
    """Images that take some time, with one of which comes bad luck."""

    def __init__(self, images, pause, moment=0, happen=None):
        super().__init__(images.images, images.labels, images.classes)
        self.pause, self.moment, self.happen, self.numbers = pause, moment, happen, itertools.count(1)

    def image(self, index, geometry):
        time.sleep(self.pause)
        if next(self.numbers) == self.moment:
            self.happen(f"image {index} is odd")
        return super().image(index, geometry)


def say(line: str) -> None:
    """Print a line at once, which no other rank's may enter."""
    os.write(1, f"{line}\n".encode())


def fill(path: Path) -> None:
    """Write until there is no space left."""
    with contextlib.suppress(OSError), path.open("wb", buffering=0) as file:
        while file.write(bytes(1000)):
            pass


def main() -> None:
    given = json.loads(sys.argv[1])
    use_mpi, luck = given.pop("mpi", True), given.pop("luck", None)
    what, unlucky, *moment = luck or ("", -1)
    given.pop("portable_rank", None)
    epochs, pause, waits, validation_images = (given.pop(name, default) for name, default in OWN.items())
    communicator = sa.distributed.mpi() if use_mpi else None
    rank = communicator.rank if use_mpi else 0
    if given.pop("other_rank", None) == rank:
        PIL.__version__ = "0.1"
    model = tiny_model(seed=given.pop("model_seed", 0))
    folder = given.get("checkpoint")

    def after_epoch(row):
        if rank == 0:
            say(f"epoch {row['epoch']}")
        if rank == unlucky and moment == ["epoch", row["epoch"]]:
            happen("this is odd")

    def happen(why: str) -> None:
        say(f"bad luck on rank {rank}")
        if what in ("exception", "broken image"):
            raise ValueError(why)
        if what in ("hanging", "hanging image"):
            time.sleep(1000)
        if what == "large file":
            resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))
        if what == "full disk":
            fill(Path(folder, "filler"))
        if what == "crash":
            os._exit(3)

    say(f"rank {rank} {os.getpid()}")
    recipe = quick_recipe(**given.pop("settings", {}))
    options = {"recipe": recipe, "progress": False, "timeout": 20} | given
    struck = moment[1] if rank == unlucky and moment[0] == "image" else 0
    train, validation = (
        Slowly(dataset(70), pause, struck, happen),
        Slowly(dataset(validation_images, 1), waits if rank == 1 else 0),
    )
    history = model.fit(train, validation, epochs, communicator=communicator, on_epoch_end=after_epoch, **options)
    rows = [{name: row[name] for name in row if name not in ("seconds", "images_per_second")} for row in history]
    result = json.dumps({"weights": fingerprint(model), "rows": rows, "skipped": history.skipped})
    say(f"result {rank} {result}")


if __name__ == "__main__":
    main()
