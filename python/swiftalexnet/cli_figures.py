"""Commands that draw: `swiftalexnet kernels` and `swiftalexnet panel`, figures 3 and 4 of the 2012 paper."""

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import swiftalexnet as sa

from .files import check_target

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def kernels(options: argparse.Namespace) -> None:
    """Draw the kernels of the first layer of a model."""
    from .plots import plot_kernels

    _write(options, lambda: plot_kernels(sa.load(options.model), options.layer))


def panel(options: argparse.Namespace) -> None:
    """Draw predictions for test pictures, and the training pictures that the model finds most alike."""
    from .plots import plot_panel

    def draw() -> "Figure":
        model = sa.load(options.model)
        test = sa.ImageFolder(options.test, model.classes, options.on_error)
        train = sa.ImageFolder(options.train, model.classes, options.on_error)
        return plot_panel(model, test, train, options.layer, seed=options.seed)

    _write(options, draw)


def add_commands(add: Callable[[str, Callable[[argparse.Namespace], None]], argparse.ArgumentParser]) -> None:
    """Add both commands; `add` makes one of a name and a function."""
    first = add("kernels", kernels)
    second = add("panel", panel)
    second.add_argument("--test", required=True, metavar="DIR", help="one folder a class")
    second.add_argument("--train", required=True, metavar="DIR", help="the same classes, for the neighbours")
    second.add_argument("--seed", type=int, default=0, help="draws other test pictures (default: 0)")
    second.add_argument("--on-error", choices=("raise", "skip"), default="raise", help="for broken pictures")
    for command, name, layer in ((first, "kernels", "the first convolution"), (second, "panel", "the last hidden one")):
        command.add_argument("--model", required=True, metavar="FILE", help="a saved model or a checkpoint")
        command.add_argument("--layer", help=f"default: {layer}")
        command.add_argument("--output", default=f"{name}.png", metavar="FILE", help=f"default: {name}.png")


def _write(options: argparse.Namespace, draw: Callable[[], Any]) -> None:
    output = Path(options.output)
    check_target(output)
    draw().savefig(output)
    print(json.dumps({"figure": str(output)}) if options.json else f"saved {output}")
