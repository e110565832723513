"""ReLU against tanh on CIFAR-10: figure 1 of Krizhevsky et al. 2012.

A network of four layers, three convolutions and a dense one (cuda-convnet's 19pct), learns without any regularisation:
no weight decay, no dropout, no crops or mirror images. Both activation functions start from Glorot's initialisation and
read pixels divided by 64 after the mean image is subtracted, so that neither saturates at the start. The learning rate
of each is the one that a sweep finds quickest; then several seeds, which the sweep has not seen, train until the error
of a training epoch is 25 % or less, or to a limit.

    python figure1.py --threads 2
"""

import argparse
from typing import Any

import experiment
import numpy as np

import swiftalexnet as sa

TARGET = 25.0  # percent of the training images
SCALE = 1 / 64  # of pixels: their standard deviation is 63
BATCH_SIZE, MOMENTUM = 128, 0.9
SWEEP_SEED = 1000  # apart from those of the final runs
ACTIVATIONS = ("relu", "tanh")


class TargetReached(Exception):  # noqa: N818 (no error)
    """The training error has reached the target."""


def main() -> None:
    """Sweep, then train with the best rates."""
    options = _arguments()
    results = experiment.Results(options)
    train, test = experiment.read_cifar(options)
    data = experiment.described(train, test)
    for activation in ACTIVATIONS:

        def run(phase: str, rate: float, seed: int, epochs: int, activation: str = activation) -> dict[str, Any]:
            settings = {"phase": phase, "activation": activation, "learning_rate": rate, "seed": seed}
            settings |= {"epochs": epochs, "target": TARGET, "data": data}
            return results.run(settings, lambda: train_one(train, activation, rate, seed, epochs))

        swept = {rate: run("sweep", rate, SWEEP_SEED, options.sweep_epochs) for rate in options.rates}
        best = min(swept, key=lambda rate: quickness(swept[rate]))
        edge = " (at the edge of the sweep: widen --rates)" if best in (min(swept), max(swept)) else ""
        print(f"{activation}: learning rate {best}{edge}")
        finals = [run("final", best, seed, options.epochs) for seed in range(options.seeds)]
        print(f"{activation}: epochs to {TARGET:g} % training error: {[final['epochs_to_target'] for final in finals]}")


def train_one(train: sa.ArrayDataset, activation: str, rate: float, seed: int, epochs: int) -> dict[str, Any]:
    """Train until the target or the limit; return the history and when the target was reached."""
    model = sa.cifar_net(
        "19pct", num_classes=len(train.classes), activation=activation, initialization="glorot", seed=seed
    )
    model.preprocessing = model.preprocessing.replace(scale=np.full(3, SCALE, np.float32))
    recipe = sa.recipe(
        "paper",
        batch_size=BATCH_SIZE,
        learning_rate=rate,
        momentum=MOMENTUM,
        weight_decay=0,
        schedule=sa.ConstantSchedule(),
        epochs=epochs,
        crop=False,
        flip=False,
        color_noise=0.0,
    )
    rows: list[dict[str, Any]] = []

    def note(row: dict[str, Any]) -> None:
        experiment.show(row)
        rows.append(row)
        if row["train_top1_error"] <= TARGET:
            raise TargetReached

    reached = False
    try:
        model.fit(train, recipe=recipe, seed=seed, progress=False, on_epoch_end=note, non_finite="stop")
    except TargetReached:
        reached = True
    return {
        "history": rows,
        "epochs_to_target": len(rows) if reached else None,
        "diverged": not reached and len(rows) < epochs,
    }


def quickness(run: dict[str, Any]) -> tuple[float, float]:
    """Order runs: fewest epochs to the target, then the lowest error at the end."""
    epochs = run["epochs_to_target"] or float("inf")
    if run["diverged"]:
        return float("inf"), float("inf")
    return epochs, run["history"][-1]["train_top1_error"]


def _arguments() -> argparse.Namespace:
    parser = experiment.arguments(__doc__, seeds=3)
    experiment.cifar_argument(parser)
    parser.add_argument("--rates", type=float, nargs="+", default=[0.001, 0.003, 0.01, 0.03, 0.1])
    parser.add_argument("--sweep-epochs", type=int, default=8)
    parser.add_argument("--epochs", type=int, default=60, help="limit of the final runs (default: 60)")
    options = parser.parse_args()
    if options.quick:
        options.rates, options.sweep_epochs, options.epochs, options.seeds = [0.003, 0.03], 1, 2, 2
    return options


if __name__ == "__main__":
    main()
