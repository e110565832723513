"""A process that trains AlexNet `owt`, alone or as a rank; the first writes its epochs' seconds as JSON.

    python training_rank.py --threads 2
    mpiexec -n 2 python -m mpi4py training_rank.py --ranks 2 --shards 2
    python training_rank.py --ranks 2 --torch NHWC --rank 0 --port 29500      # and --rank 1: PyTorch's DDP with gloo

Each epoch trains on the same few batches of random images, which are in memory. PyTorch gets its share of a batch as
tensors that are prepared already; ours crops, mirrors and changes colours in the time that is measured.
"""

import argparse
import hashlib
import json
import time

import numpy as np

import nets
import swiftalexnet as sa
from engines import CONTENDERS, LEARNING_RATE, Setting

CLASSES = 1000


def main() -> None:
    """Train, and tell what it took."""
    arguments = _arguments()
    found = _torch(arguments) if arguments.torch else _ours(arguments)
    if found is not None:
        print(json.dumps(found), flush=True)


def _ours(arguments: argparse.Namespace) -> dict | None:
    sa.set_num_threads(arguments.threads)
    options, first = {}, True
    if arguments.ranks > 1:
        communicator = sa.distributed.mpi()
        options, first = {"communicator": communicator, "wire": arguments.wire}, communicator.rank == 0
    if arguments.shards:
        options["shards"] = arguments.shards
    options["fast_math"] = arguments.fast_math
    random = np.random.default_rng(0)
    count = arguments.batch_size * arguments.steps
    images = random.integers(0, 256, (count, 256, 256, 3), np.uint8)
    classes = [f"class {index}" for index in range(CLASSES)]
    data = sa.ArrayDataset(images, random.integers(0, CLASSES, count), classes)
    model = sa.build("owt", num_classes=CLASSES, seed=1)
    model.preprocessing = model.preprocessing.replace(mean=np.full(3, 118, np.float32), learn_mean=False)
    recipe = sa.recipe("paper", schedule=sa.ConstantSchedule(), learning_rate=LEARNING_RATE)
    history = model.fit(data, None, arguments.epochs, arguments.batch_size, recipe, progress=False, **options)
    seconds = list(history.column("seconds"))
    hashed = hashlib.sha256(b"".join(array.tobytes() for array in model.state_dict().values()))
    return (
        {"seconds": seconds, "losses": list(history.column("train_loss")), "bits": hashed.hexdigest()}
        if first
        else None
    )


def _torch(arguments: argparse.Namespace) -> dict | None:
    import torch.distributed
    from torch.nn.parallel import DistributedDataParallel

    from engines.pytorch import Engine

    address = f"tcp://127.0.0.1:{arguments.port}"
    torch.distributed.init_process_group("gloo", address, rank=arguments.rank, world_size=arguments.ranks)
    setting = Setting(CONTENDERS[f"PyTorch {arguments.torch}"], "owt", arguments.batch_size, arguments.threads)
    engine = Engine(setting, nets.weights("owt"))
    engine.model = DistributedDataParallel(engine.model)
    images, labels = (part[arguments.rank :: arguments.ranks] for part in nets.batch(arguments.batch_size))
    x, seconds = engine.tensor(images), []
    for _ in range(arguments.epochs):
        start = time.perf_counter()
        for _ in range(arguments.steps):
            engine.train_step(x, labels)
        seconds.append(time.perf_counter() - start)
    weights = engine.model.module[-1].weight.detach().clone()
    torch.distributed.broadcast(weights, 0)
    if not torch.equal(weights, engine.model.module[-1].weight):
        raise SystemExit("PyTorch's ranks have different weights")
    torch.distributed.destroy_process_group()
    return {"seconds": seconds} if arguments.rank == 0 else None


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batch-size", type=int, default=128, help="of all ranks together")
    parser.add_argument("--steps", type=int, default=2, help="in an epoch")
    parser.add_argument("--epochs", type=int, default=3, help="the first does not count")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--ranks", type=int, default=1)
    parser.add_argument("--shards", type=int, default=0, help="0: none")
    parser.add_argument("--wire", default="float32")
    parser.add_argument("--fast-math", action="store_true")
    parser.add_argument("--torch", choices=("NCHW", "NHWC"))
    parser.add_argument("--rank", type=int, help="of PyTorch's")
    parser.add_argument("--port", type=int, help="of PyTorch's first rank")
    return parser.parse_args()


if __name__ == "__main__":
    main()
