"""The command `swiftalexnet inspect`."""

import argparse
from typing import TYPE_CHECKING

import swiftalexnet as sa

from .weights_file import add_hints, hints

if TYPE_CHECKING:
    from .output import Output


def add(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("file", metavar="FILE", help="weights of any format")
    add_hints(parser)


def run(options: argparse.Namespace, output: "Output") -> None:
    """Say what a file of weights holds, from its headers."""
    found = sa.inspect(options.file, **hints(options))
    output.show(found.to_json(), str(found))
