"""A rank of a test's training run: `python -m mpi4py fit_on_hosts.py EPOCHS WIRE TIMEOUT [CHECKPOINT]`.

With a folder for checkpoints it goes on from the one that is there. Rank 0 writes a line after every epoch, and the
weights' fingerprint at the end.
"""

import sys

import support

import swiftalexnet as sa

# So many parameters that nothing else that goes over the network counts.
SPEC = support.TINY.format(channels=3, classes=4).replace("outputs=24", "outputs=2000")
SHARDS = 8


def train(epochs: int, **options) -> sa.Model:
    """Train as every rank and as one process alone do."""
    model = sa.Model.from_spec(SPEC, "torchvision")
    support.fit(model, support.dataset(64), epochs=epochs, shards=SHARDS, **options)
    return model


def job(*words: object) -> list[str]:
    """Return the command of a rank."""
    return [sys.executable, "-m", "mpi4py", str(support.TESTS / "fit_on_hosts.py"), *map(str, words)]


def main() -> None:
    """Train as a rank of the job."""
    from mpi4py import MPI  # which starts MPI: not in a test that imports this module

    epochs, wire, timeout = int(sys.argv[1]), sys.argv[2], float(sys.argv[3])
    kept = {"checkpoint": sys.argv[4], "checkpoint_every": 1, "resume": True} if len(sys.argv) > 4 else {}
    first = MPI.COMM_WORLD.rank == 0

    def tell(row: dict) -> None:
        if first:
            print("epoch", row["epoch"], flush=True)

    options = {"wire": wire, "timeout": timeout, "on_epoch_end": tell} | kept
    model = train(epochs, communicator=sa.distributed.mpi(), **options)
    if first:
        print(support.fingerprint(model), flush=True)


if __name__ == "__main__":
    main()
