"""A rank of a test's training run: `python -m mpi4py fit_on_hosts.py EPOCHS WIRE TIMEOUT`.

Rank 0 writes a line after every epoch, and the weights' fingerprint at the end.
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


def main() -> None:
    """Train as a rank of the job."""
    from mpi4py import MPI  # which starts MPI: not in a test that imports this module

    epochs, wire, timeout = int(sys.argv[1]), sys.argv[2], float(sys.argv[3])
    first = MPI.COMM_WORLD.rank == 0

    def tell(row: dict) -> None:
        if first:
            print("epoch", row["epoch"], flush=True)

    model = train(epochs, communicator=sa.distributed.mpi(), wire=wire, timeout=timeout, on_epoch_end=tell)
    if first:
        print(support.fingerprint(model), flush=True)


if __name__ == "__main__":
    main()
