"""Run by tests of jobs on every rank: train a small network, perhaps with bad luck, and print its digest.

Takes one argument, JSON: options of `fit`, and beside them
    mpi: whether to use it at all
    pause: that an image takes, in seconds
    luck: [what, rank, epoch after which it comes]
    portable_rank: which rank computes without vector instructions
"""

import json
import os
import resource
import sys
import time

if json.loads(sys.argv[1]).get("portable_rank", -1) == int(os.environ.get("PMI_RANK", 0)):
    os.environ |= {"SWIFTALEXNET_ISA": "portable", "SWIFTALEXNET_GEMM": "swift"}

from support import dataset, fingerprint, quick_recipe, tiny_model

import swiftalexnet as sa


class Slowly(sa.ArrayDataset):
    """Images that take some time, and of which one may raise."""

    pause, fails = 0.0, False

    def image(self, index, geometry):
        time.sleep(self.pause)
        if self.fails:
            raise ValueError(f"image {index} is odd")
        return super().image(index, geometry)


def say(line: str) -> None:
    """Print a line at once, which no other rank's may enter."""
    os.write(1, f"{line}\n".encode())


def main() -> None:
    given = json.loads(sys.argv[1])
    use_mpi, luck = given.pop("mpi", True), given.pop("luck", None)
    given.pop("portable_rank", None)
    epochs, pause = given.pop("epochs", 2), given.pop("pause", 0.0)
    communicator = sa.distributed.mpi() if use_mpi else None
    rank = communicator.rank if use_mpi else 0
    model = tiny_model(seed=given.pop("model_seed", 0))
    images = dataset(70)
    train = Slowly(images.images, images.labels, images.classes)
    train.pause = pause

    def after_epoch(row):
        if rank == 0:
            say(f"epoch {row['epoch']}")
        if luck and luck[1:] == [rank, row["epoch"]]:
            say(f"bad luck on rank {rank}")
            unlucky(luck[0])

    def unlucky(what: str) -> None:
        if what == "exception":
            raise ValueError("this is odd")
        if what == "broken image":
            train.fails = True
        if what == "hanging":
            time.sleep(1000)
        if what == "full disk":
            resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))
        if what == "crash":
            os._exit(3)

    say(f"rank {rank} {os.getpid()}")
    recipe = quick_recipe(**given.pop("settings", {}))
    options = {"recipe": recipe, "progress": False, "timeout": 20} | given
    history = model.fit(train, dataset(75, 1), epochs, communicator=communicator, on_epoch_end=after_epoch, **options)
    rows = [{name: row[name] for name in row if name not in ("seconds", "images_per_second")} for row in history]
    result = json.dumps({"weights": fingerprint(model), "rows": rows, "skipped": history.skipped})
    say(f"result {rank} {result}")


if __name__ == "__main__":
    main()
