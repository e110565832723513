"""How many epochs an hour a frozen convolution part costs on photographs, with its features kept in a file and without.

    python fine_tuning.py --networks owt vgg-D --out fine_tuning.json photographs/clothing

The folder holds `train/<class>/*.jpg` and `validation/<class>/*.jpg`; without an argument it is `clothing` in the
folder that the environment variable SWIFTALEXNET_DATA names. Both runs decode the same files, see the same two views,
and must end with the same weights and losses. `--share 10` takes a tenth of the photographs, for a quick look.
"""

import argparse
import json
import os
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np

import swiftalexnet as sa
from machine import cpu_name, package_version

QUOTIENT = "epochs an hour ÷ those without kept features"
TOLERANCE = 1e-5  # of weights, relative to the largest of their layer
COLUMNS = ("network", "features, s", "epoch with, s", "epoch without, s", "ratio", "epochs an hour with", "without")


def main() -> None:
    """Measure every network that was asked for; the file of results is complete after each."""
    arguments = _arguments()
    sa.set_num_threads(arguments.threads)
    results = {"version": package_version("swiftalexnet"), "cpu": cpu_name(), "threads": arguments.threads, "rows": []}
    for name in arguments.networks:
        results["rows"].append(measure(name, arguments))
        if arguments.out:
            results["quotients"] = {QUOTIENT: min(row["ratio"] for row in results["rows"])}
            arguments.out.write_text(json.dumps(results, indent=1) + "\n")
    print(table(results["rows"]))


def measure(name: str, arguments: argparse.Namespace) -> dict:
    """Fine-tune the classifier of a network twice, and compare times and answers."""
    train, validation = (_photographs(arguments, part) for part in ("train", "validation"))
    recipe = sa.recipe("paper", crop=False, color_noise=0.0, learning_rate=0.001, schedule=sa.ConstantSchedule())

    def fit(epochs: int, **options: object) -> tuple[sa.Model, sa.History, float]:
        model = sa.build(name, num_classes=len(train.classes), seed=1)
        model.preprocessing = model.preprocessing.replace(mean=np.full(3, 118, np.float32), learn_mean=False)
        model.freeze("conv")
        start = time.perf_counter()
        history = model.fit(train, validation, epochs, arguments.batch_size, recipe, progress=False, **options)
        return model, history, time.perf_counter() - start

    with tempfile.TemporaryDirectory(dir=arguments.cache) as folder:
        _, first, whole = fit(1, cache_features=folder)
        cached, history, _ = fit(arguments.epochs, cache_features=folder)
    direct, slow, _ = fit(arguments.slow_epochs)
    losses = [[row[column] for column in ("train_loss", "validation_loss")] for row in (*history, *slow)]
    if losses[: len(slow)] != losses[len(history) :]:
        raise SystemExit(f"{name}: other losses with features than without: {losses}")
    if len(history) == len(slow):
        _compare(cached, direct)
    fast, usual = (statistics.median(run.column("seconds")) for run in (history, slow))
    return {
        "network": name,
        "photographs": len(train),
        "features, s": whole - first[0]["seconds"],
        "epoch with, s": fast,
        "epoch without, s": usual,
        "ratio": usual / fast,
        "epochs an hour with": 3600 / fast,
        "without": 3600 / usual,
    }


def table(rows: list[dict]) -> str:
    """Return the results as a Markdown table."""
    lines = [COLUMNS, ("---", *("--:" for _ in COLUMNS[1:]))]
    lines += [tuple(row[name] if name == "network" else f"{row[name]:.1f}" for name in COLUMNS) for row in rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _photographs(arguments: argparse.Namespace, part: str) -> sa.ImageFolder:
    data = sa.ImageFolder(arguments.folder / part)
    return data if arguments.share == 1 else data.split(arguments.share)[1]


def _compare(one: sa.Model, other: sa.Model) -> None:
    """End with a message if weights differ by more than rounding."""
    for name, array in one.state_dict().items():
        there = other.state_dict()[name]
        if np.abs(array - there).max() > TOLERANCE * np.abs(there).max():
            raise SystemExit(f"{name} differs by {np.abs(array - there).max()}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "folder", type=Path, nargs="?", default=Path(os.environ.get("SWIFTALEXNET_DATA", "."), "clothing")
    )
    parser.add_argument("--networks", nargs="+", default=["owt", "vgg-D"], choices=sa.variants(), metavar="NAME")
    parser.add_argument("--epochs", type=int, default=3, help="with features")
    parser.add_argument("--slow-epochs", type=int, default=1, help="without; with as many, weights are compared too")
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--share", type=int, default=1, metavar="N", help="one in N photographs")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--cache", type=Path, help="where the files of features are (default: the system's folder)")
    parser.add_argument("--out", type=Path, default=Path("fine_tuning.json"))
    return parser.parse_args()


if __name__ == "__main__":
    main()
