"""The command `swiftalexnet colors`."""

import argparse
from typing import TYPE_CHECKING

import swiftalexnet as sa

from .options import add_quiet, add_reading, reading, side

if TYPE_CHECKING:
    from .output import Output


def add(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("folder", metavar="FOLDER", help="FOLDER/<class>/…")
    parser.add_argument("--size", type=side, metavar="N", help="side of the centre square that is used (default: 256)")
    add_quiet(parser)
    add_reading(parser, "raise")


def run(options: argparse.Namespace, output: "Output") -> None:
    """Show the principal components of a folder's colours, for a recipe's colour noise."""
    data = sa.ImageFolder(options.folder, **reading(options))
    components = sa.color_components(data, options.size, progress=not output.quiet)
    output.show(components.to_json(), str(components))
