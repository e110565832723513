"""The command `swiftalexnet summary`."""

import argparse
from typing import TYPE_CHECKING

from .networks import add_network, open_network

if TYPE_CHECKING:
    from .output import Output


def add(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add_network(parser)


def run(options: argparse.Namespace, output: "Output") -> None:
    """Show the layers of a variant or of a model."""
    table = open_network(options, "summary").summary()
    rows = [row._asdict() for row in table.rows]
    output.show({"parameters": table.parameters, "macs": table.macs, "layers": rows}, str(table))
