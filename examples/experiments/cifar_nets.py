"""The CIFAR-10 networks of cuda-convnet with their own recipes, compared with their authors' test errors.

    python cifar_nets.py --net 80sec --schedule published --threads 2
    python cifar_nets.py --net 18pct --schedule short --factor 0.2 --threads 2

A short schedule scales every phase of the recipe by one factor: the errors are then those of a shorter training, and
the report says so. The networks with locally connected layers read crops of 24 pixels; they are measured with the
centre, with the nine views of the authors' later code, and with the ten of their first.
"""

import argparse
from typing import Any

import experiment

import swiftalexnet as sa

NETS = ("80sec", "18pct", "19pct", "conv-local-13pct", "conv-local-11pct")


def main() -> None:
    """Train one network with several seeds and measure it."""
    options = _arguments()
    results = experiment.Results(options)
    train, test = experiment.read_cifar(options)
    recipe = sa.recipe(f"cifar-{options.net}")
    factor = 1.0 if options.schedule == "published" else options.factor
    recipe = experiment.shortened(recipe, factor) if factor != 1 else recipe
    shared = {"epochs": recipe.epochs, "factor": factor, "recipe": recipe.to_json()}
    shared["data"] = experiment.described(train, test)
    for seed in range(options.seeds):
        settings = {"net": options.net, "seed": seed, **shared}
        results.run(settings, lambda seed=seed: train_one(train, test, options.net, recipe, seed))


def train_one(train: sa.ArrayDataset, test: sa.ArrayDataset, net: str, recipe: sa.Recipe, seed: int) -> dict[str, Any]:
    """Train and measure; return the history and the errors by number of views."""
    model = sa.cifar_net(net, num_classes=len(train.classes), seed=seed)
    history = model.fit(train, recipe=recipe, seed=seed, progress=False, on_epoch_end=experiment.show)
    views = (1, 9, 10) if "local" in net else (1,)
    return {"history": history.rows, "test": experiment.errors(model, test, views)}


def _arguments() -> argparse.Namespace:
    parser = experiment.arguments(__doc__, seeds=1)
    experiment.cifar_argument(parser)
    parser.add_argument("--net", choices=NETS, required=True)
    parser.add_argument("--schedule", choices=("published", "short"), default="short")
    parser.add_argument("--factor", type=float, default=0.2, help="on the length of a short schedule (default: 0.2)")
    options = parser.parse_args()
    if options.quick:
        options.schedule, options.factor = "short", 0.005
    return options


if __name__ == "__main__":
    main()
