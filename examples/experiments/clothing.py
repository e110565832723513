"""Ablations of AlexNet (Krizhevsky et al. 2012) on 3,068 photographs of clothes, at a small scale.

The network that the authors ran (`chm145`) reads crops of 64 pixels from images of 72, all conditions learn from
Glorot's initialisation with the same recipe, seeds and order of images, and each differs in one thing. Ten crops
against one is measured for every run. The folder holds `train/<class>/*.jpg` and `validation/<class>/*.jpg`.

    python clothing.py --threads 2
"""

import argparse
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import experiment
import numpy as np

import swiftalexnet as sa
from swiftalexnet.images.geometry import Geometry


class Condition(NamedTuple):
    """The differences from the authors' network and the recipe."""

    variant: str = "chm145"
    network: dict[str, Any] = {}  # noqa: RUF012 (nobody changes it)
    recipe: dict[str, Any] = {}  # noqa: RUF012
    towers: int = 2


CONDITIONS = {
    "base": Condition(),
    "non_overlapping": Condition("non_overlapping"),
    "no_dropout": Condition(network={"without": ("drop6", "drop7")}),
    "no_augmentation": Condition(recipe={"crop": False, "flip": False, "color_noise": 0.0}),
    "one_tower": Condition(towers=1),
    "tanh": Condition(network={"activation": "tanh"}),
    "no_lrn": Condition("no_lrn"),
    "one_gpu": Condition("one_gpu"),
}
DEFAULT = ("base", "non_overlapping", "no_dropout", "no_augmentation", "one_tower", "tanh")


def main() -> None:
    """Train every condition with every seed."""
    options = _arguments()
    results = experiment.Results(options)
    train, validation = photographs(options)
    shared = {"size": options.size, "resize": options.resize, "data": experiment.described(train, validation)}
    for seed in range(options.seeds):
        for name in options.conditions:
            chosen = recipe(options, CONDITIONS[name])
            settings = {"condition": name, "seed": seed, "epochs": chosen.epochs, "recipe": chosen.to_json(), **shared}

            def work(name: str = name, seed: int = seed, chosen: sa.Recipe = chosen) -> dict[str, Any]:
                return train_one(train, validation, options, CONDITIONS[name], chosen, seed)

            results.run(settings, work)


def recipe(options: argparse.Namespace, condition: Condition) -> sa.Recipe:
    """Return the paper's recipe for few images: smaller batches, and a rate that is reduced at fixed epochs."""
    changes = sorted({max(1, round(part * options.epochs)) for part in (0.7, 0.9)})
    return sa.recipe(
        "paper",
        epochs=options.epochs,
        batch_size=options.batch_size,
        learning_rate=options.learning_rate,
        schedule=sa.EpochSchedule(changes),
    ).replace(**condition.recipe)


def train_one(
    train: sa.ArrayDataset,
    validation: sa.ArrayDataset,
    options: argparse.Namespace,
    condition: Condition,
    chosen: sa.Recipe,
    seed: int,
    precision: str = "float32",
) -> dict[str, Any]:
    """Train one network; measure it with the centre crop and with ten."""
    model = build(len(train.classes), options.size, condition, seed)
    model.preprocessing = model.preprocessing.replace(resize=options.resize)
    history = model.fit(
        train,
        validation,
        recipe=chosen,
        seed=seed,
        precision=precision,
        progress=False,
        on_epoch_end=experiment.show,
    )
    return {"history": history.rows, "test": experiment.errors(model, validation, (1, 10), precision)}


def build(classes: int, size: int, condition: Condition, seed: int) -> sa.Model:
    """Return the condition's network; without towers, its layers and norms have no groups."""
    first = "glorot" if condition.towers == 2 else "zeros"
    model = sa.alexnet(
        condition.variant, classes, image_size=size, initialization=first, seed=seed, **condition.network
    )
    if condition.towers == 1:
        text = model.spec.replace("groups=2", "groups=1")
        model = sa.Model.from_spec(text, "glorot", seed, variant=condition.variant)
    return model


def photographs(options: argparse.Namespace) -> tuple[sa.ArrayDataset, sa.ArrayDataset]:
    """Return the training and validation images."""
    train = read(options.folder / "train", options.resize)
    validation = read(options.folder / "validation", options.resize, train.classes)
    return (experiment.some(train, 48), experiment.some(validation, 16)) if options.quick else (train, validation)


def read(folder: Path, side: int, classes: tuple[str, ...] | None = None) -> sa.ArrayDataset:
    """Decode all photographs once, to squares of `side` pixels."""
    photographs = sa.ImageFolder(folder, classes)
    geometry = Geometry(side, 3, "area")
    with ThreadPoolExecutor(photographs.workers) as threads:
        images = list(threads.map(lambda index: photographs.image(index, geometry), range(len(photographs))))
    return sa.ArrayDataset(np.stack(images), photographs.labels, photographs.classes)


def parse(parser: argparse.ArgumentParser, epochs: int) -> argparse.Namespace:
    """Add the options for training on the photographs, and parse."""
    parser.add_argument("folder", type=Path, nargs="?", default=Path(experiment.DATA) / "clothing")
    parser.add_argument("--epochs", type=int, default=epochs)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--learning-rate", type=float, default=0.01)
    parser.add_argument("--size", type=int, default=64, help="side of the crop in pixels (default: 64)")
    parser.add_argument("--resize", type=int, default=72, help="side of the image in pixels (default: 72)")
    options = parser.parse_args()
    if options.quick:
        options.epochs, options.seeds, options.batch_size = 1, 2, 16
    return options


def _arguments() -> argparse.Namespace:
    parser = experiment.arguments(__doc__, seeds=3)
    parser.add_argument("--conditions", nargs="+", choices=CONDITIONS, default=DEFAULT, metavar="NAME")
    return parse(parser, epochs=20)


if __name__ == "__main__":
    main()
