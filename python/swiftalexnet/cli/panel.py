"""The command `swiftalexnet panel`."""

import argparse
from typing import TYPE_CHECKING

import swiftalexnet as sa

from .models import add_model, named_model, open_model
from .options import add_force, add_reading, reading, seed
from .targets import check_figure

if TYPE_CHECKING:
    from .output import Output


def add(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add_model(parser)
    parser.add_argument("--test", required=True, metavar="FOLDER", help="FOLDER/<class>/…")
    parser.add_argument("--train", required=True, metavar="FOLDER", help="the same classes, for the neighbours")
    parser.add_argument("--layer", metavar="NAME", help="whose outputs are compared (default: the last hidden one)")
    parser.add_argument("--seed", type=seed, default=0, metavar="N", help="chooses the test images")
    parser.add_argument("--output", default="panel.png", metavar="FILE", help="output file of the figure")
    add_force(parser)
    add_reading(parser, "raise")


def run(options: argparse.Namespace, output: "Output") -> None:
    """Draw predictions for test images, and the most similar training images: figure 4 of the 2012 paper."""
    from ..plots import plot_panel

    draw = check_figure(options.output, options.force)
    model = open_model(named_model(options))
    test, train = (sa.ImageFolder(each, model.classes, **reading(options)) for each in (options.test, options.train))
    draw(plot_panel(model, test, train, options.layer, seed=options.seed))
    output.done({"figure": options.output}, f"saved {options.output}")
