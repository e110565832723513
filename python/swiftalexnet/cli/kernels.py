"""The command `swiftalexnet kernels`."""

import argparse
from typing import TYPE_CHECKING

from .models import add_model, named_model, open_model
from .options import add_force
from .targets import check_figure

if TYPE_CHECKING:
    from .output import Output


def add(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add_model(parser)
    parser.add_argument("--layer", metavar="NAME", help="a convolution (default: the first)")
    parser.add_argument("--output", default="kernels.png", metavar="FILE", help="output file of the figure")
    add_force(parser)


def run(options: argparse.Namespace, output: "Output") -> None:
    """Draw the kernels of a model's first layer: figure 3 of the 2012 paper."""
    from ..plots import plot_kernels

    draw = check_figure(options.output, options.force)
    draw(plot_kernels(open_model(named_model(options)), options.layer))
    output.done({"figure": options.output}, f"saved {options.output}")
