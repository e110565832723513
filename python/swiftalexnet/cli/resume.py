"""The command `swiftalexnet resume`: short for `train --resume`."""

import argparse
from typing import TYPE_CHECKING

from . import train
from .options import add_force, add_quiet, count
from .ranks import add_mpi
from .run_folder import RunFolder

if TYPE_CHECKING:
    from .output import Output


def add(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("run_folder", metavar="FOLDER", help="the folder in which `train` keeps the run")
    parser.add_argument("--epochs", type=count, metavar="N", help="passes over the images (default: as before)")
    parser.add_argument("--output", metavar="FILE", help="output file of the model (default: as before)")
    add_force(parser)
    add_quiet(parser)
    add_mpi(parser)


def run(options: argparse.Namespace, output: "Output") -> None:
    """Resume a training run that was stopped, with its saved options."""
    given = {name: getattr(options, name) for name in ("epochs", "output", "threads")}
    words = [f"--{name}={value}" for name, value in given.items() if value is not None]
    train.resume_run(RunFolder(options.run_folder), [*words, *(["--force"] if options.force else [])], options, output)
