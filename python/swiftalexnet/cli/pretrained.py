"""The command `swiftalexnet pretrained`."""

import argparse
from typing import TYPE_CHECKING

import swiftalexnet as sa

from ..formats.pretrained.finding import weights_file
from ..formats.pretrained.registry import entry_named
from .options import add_quiet

if TYPE_CHECKING:
    from .output import Output


def add(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("name", nargs="?", metavar="NAME", help="published weights to fetch (default: list all)")
    add_quiet(parser)


def run(options: argparse.Namespace, output: "Output") -> None:
    """List published weights; with a name, fetch them if they are not here, and say where they are."""
    if options.name is None:
        table = sa.pretrained_models()
        fields = ("name", "variant", "bytes", "top1", "top5", "publisher", "licence", "address")
        output.show([{field: getattr(entry, field) for field in fields} for entry in table], str(table))
        return
    path = weights_file(entry_named(options.name, "pretrained"), not output.quiet, "pretrained")
    output.show({"name": options.name, "file": str(path)}, str(path))
