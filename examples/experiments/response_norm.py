"""The effect of response normalisation on CIFAR-10: section 3.3 of Krizhevsky et al. 2012.

cuda-convnet's 18pct network with and without its two normalisation layers, everything else equal: recipe, seeds, order
of the images, and the random weights, which do not depend on layers that have none.

    python response_norm.py --factor 0.2 --threads 2
"""

import argparse
from typing import Any

import experiment

import swiftalexnet as sa

NET, NORMS = "18pct", ("norm1", "norm2")


def main() -> None:
    """Train both networks with every seed."""
    options = _arguments()
    results = experiment.Results(options)
    train, test = experiment.read_cifar(options)
    recipe = experiment.shortened(sa.recipe(f"cifar-{NET}"), options.factor)
    shared = {"epochs": recipe.epochs, "factor": options.factor, "recipe": recipe.to_json()}
    shared["data"] = experiment.described(train, test)
    for seed in range(options.seeds):
        for condition, without in (("with", ()), ("without", NORMS)):
            settings = {"norms": condition, "seed": seed, **shared}
            results.run(settings, lambda w=without, s=seed: train_one(train, test, recipe, w, s))


def train_one(
    train: sa.ArrayDataset, test: sa.ArrayDataset, recipe: sa.Recipe, without: tuple[str, ...], seed: int
) -> dict[str, Any]:
    """Train and measure one network."""
    model = sa.cifar_net(NET, num_classes=len(train.classes), seed=seed, without=without)
    history = model.fit(train, recipe=recipe, seed=seed, progress=False, on_epoch_end=experiment.show)
    return {"history": history.rows, "test": experiment.errors(model, test, (1,))}


def _arguments() -> argparse.Namespace:
    parser = experiment.arguments(__doc__, seeds=3)
    experiment.cifar_argument(parser)
    parser.add_argument("--factor", type=float, default=0.2, help="on the length of the recipe (default: 0.2)")
    options = parser.parse_args()
    if options.quick:
        options.factor, options.seeds = 0.005, 2
    return options


if __name__ == "__main__":
    main()
