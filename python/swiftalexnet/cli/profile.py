"""The command `swiftalexnet profile`."""

import argparse
from dataclasses import asdict
from typing import TYPE_CHECKING

from . import memory
from .networks import open_network
from .options import add_force, arithmetic, whole
from .targets import check_figure

if TYPE_CHECKING:
    from .output import Output


def add(parser: argparse.ArgumentParser) -> None:
    """Add the options: those of `memory`, and a few more."""
    memory.add(parser)
    parser.add_argument(
        "--repeats", type=whole(1, 1000), default=5, metavar="N", help="passes; the table shows medians"
    )
    parser.add_argument("--output", metavar="FILE", help="draw the table: profile.png (default: no)")
    add_force(parser)


def run(options: argparse.Namespace, output: "Output") -> None:
    """Measure the time of each layer; show a table, and draw it."""
    draw = None if options.output is None else check_figure(options.output, options.force)
    model = open_network(options, "profile", None)
    result = model.profile(options.batch, options.training, repeats=options.repeats, **arithmetic(options))
    if draw is not None:
        draw(result.plot())
    rows = [row._asdict() for row in result.rows]
    saved = "" if options.output is None else f"\nsaved {options.output}"
    output.show(asdict(result) | {"rows": rows}, f"{result}{saved}")
