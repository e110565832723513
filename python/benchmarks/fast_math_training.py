"""Whether networks trained with `fast_math` end where those of the direct method do: some seeds of each.

    python fast_math_training.py --out fast_math_training.json --models models photographs/clothing
    python fast_math_training.py --out fast_math_cifar10.json --epochs 12 cifar10.zip

A folder holds `train/<class>/*.jpg` and `validation/<class>/*.jpg`; `owt` learns it by the recipe of `clothing.py` with
fewer epochs. A file is CIFAR-10 in a form that `swiftalexnet.cifar10` reads; `cifar_net("18pct")` learns it by its own
recipe, every phase shortened alike. Without an argument it is the folder `clothing` in the one that the environment
variable SWIFTALEXNET_DATA names.
"""

import argparse
import json
import os
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import photographs
import swiftalexnet as sa
from clothing_recipe import Recipe
from clothing_swiftalexnet import trained
from machine import cpu_name, package_version

# Trains a network from a seed, with `fast_math` or without, and hands on its epochs.
Train = Callable[[int, bool, Callable[[dict], None]], sa.Model]

COLUMNS = ("method", "seed", "top-1 error, %", "validation loss", "training loss")
METHODS = {"direct": False, "fast_math": True}


def main() -> None:
    """Train every network; the file of results is complete after each."""
    arguments = _arguments()
    recipe, train = (_clothing if arguments.data.is_dir() else _cifar10)(arguments.data, arguments.epochs)
    results = {"version": package_version("swiftalexnet"), "cpu": cpu_name(), "recipe": recipe, "rows": []}
    for seed in range(arguments.seeds):
        for method, fast_math in METHODS.items():
            epochs: list[dict] = []
            model = train(seed, fast_math, epochs.append)
            results["rows"].append({"method": method, "seed": seed, **last(epochs)})
            print(results["rows"][-1], flush=True)
            if arguments.models:
                model.save(arguments.models / f"{method}_{seed}.safetensors")
            arguments.out.write_text(json.dumps(results, indent=1) + "\n")
    print(table(results["rows"]))


def _clothing(folder: Path, epochs: int) -> tuple[dict, Train]:
    recipe = Recipe(epochs=epochs, boundaries=boundaries(epochs))
    sets = [photographs.load(folder / part, recipe.resize) for part in ("train", "validation")]

    def train(seed: int, fast_math: bool, report: Callable[[dict], None]) -> sa.Model:
        return trained(*sets, Recipe(**asdict(recipe) | {"seed": seed}), report, fast_math)

    return asdict(recipe) | {"seed": None}, train


def _cifar10(path: Path, epochs: int) -> tuple[dict, Train]:
    published = sa.recipe("cifar-18pct")
    changes = [round(epochs * boundary / published.epochs) for boundary in published.schedule.boundaries]
    schedule = sa.EpochSchedule(changes, published.schedule.factor)
    recipe = published.replace(epochs=epochs, schedule=schedule)
    training, test = sa.cifar10(path)

    def train(seed: int, fast_math: bool, report: Callable[[dict], None]) -> sa.Model:
        model = sa.cifar_net("18pct", num_classes=len(training.classes), seed=seed)
        model.fit(
            training,
            validation=test,
            recipe=recipe,
            seed=seed,
            progress=False,
            on_epoch_end=report,
            fast_math=fast_math,
        )
        return model

    return recipe.to_json() | {"epochs": epochs}, train


def boundaries(epochs: int) -> tuple[int, int]:
    """Return when the learning rate falls, after the same parts of a run as in `clothing.py`."""
    return epochs * 25 // 40, epochs * 35 // 40


def last(epochs: list[dict]) -> dict:
    """Return what a run ended with."""
    end = epochs[-1]
    return {
        "top-1 error, %": end["validation_top1_error"],
        "validation loss": end["validation_loss"],
        "training loss": end["train_loss"],
    }


def table(rows: list[dict]) -> str:
    """Return the rows as Markdown, and the range of each method."""
    lines = [[f"{value:.3f}" if isinstance(value, float) else str(value) for value in row.values()] for row in rows]
    ranges = []
    for method in METHODS:
        own = [row for row in rows if row["method"] == method]
        spans = [(min(row[name] for row in own), max(row[name] for row in own)) for name in COLUMNS[2:]]
        ranges.append([method, "all", *(f"{low:.3f} to {high:.3f}" for low, high in spans)])
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (COLUMNS, ["---"] * len(COLUMNS), *lines, *ranges))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    data = Path(os.environ.get("SWIFTALEXNET_DATA", "."))
    parser.add_argument("data", type=Path, nargs="?", default=data / "clothing")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=16)
    parser.add_argument("--models", type=Path, help="folder for the trained networks")
    parser.add_argument("--out", type=Path, default=Path("fast_math_training.json"))
    return parser.parse_args()


if __name__ == "__main__":
    main()
