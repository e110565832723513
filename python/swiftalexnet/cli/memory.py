"""The command `swiftalexnet memory`."""

import argparse
from dataclasses import asdict
from typing import TYPE_CHECKING

from .networks import add_network, open_network
from .options import add_arithmetic, arithmetic, batch

if TYPE_CHECKING:
    from .output import Output


def add(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add_network(parser)
    parser.add_argument("--batch", type=batch, default=128, metavar="N", help="images per batch")
    parser.add_argument("--training", action="store_true", help="of a training step instead of inference")
    add_arithmetic(parser)


def run(options: argparse.Namespace, output: "Output") -> None:
    """Show how much memory a batch will need, without running it."""
    use = open_network(options, "memory").memory(options.batch, options.training, **arithmetic(options))
    output.show(asdict(use) | {"total": use.total}, str(use))
