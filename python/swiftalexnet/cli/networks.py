"""The network whose cost a command shows: a variant or a model."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

import swiftalexnet as sa

from .._support.choices import choose
from .models import open_model
from .options import count, side

if TYPE_CHECKING:
    from ..model import Model

_DEFAULT = "paper"


def add_network(parser: argparse.ArgumentParser) -> None:
    """Add the options that name the network."""
    parser.add_argument(
        "first_model",
        metavar="MODEL",
        nargs="?",
        help=f"a saved model, a checkpoint, a run's folder, or a variant (default: {_DEFAULT}): "
        f"{', '.join(sa.variants())}",
    )
    parser.add_argument("--model", metavar="MODEL", help="the same, instead of the first argument")
    parser.add_argument("--classes", type=count, metavar="N", help="number of classes of a variant (default: its own)")
    parser.add_argument(
        "--image-size", type=side, metavar="N", help="side of a variant's input in pixels (default: its own)"
    )


def open_network(options: argparse.Namespace, command: str, initialization: str | None = "zeros") -> "Model":
    """Return the named network: a variant, or a file.

    Raises
    ------
    OSError, ValueError
        It is neither, or sizes are given for a model, which has its own.
    """
    named = [name for name in (options.first_model, options.model) if name is not None]
    if len(named) > 1:
        raise ValueError(f"two models are given, {named[0]} and --model {named[1]}; expected one")
    name, size = named[0] if named else _DEFAULT, options.image_size
    if name in sa.variants():
        return sa.build(name, options.classes, image_size=size, initialization=initialization)
    if _looks_like_a_name(name):
        choose(command, "network", name, sa.variants(), even_if_far=True)
    if options.classes is not None or size is not None:
        raise ValueError(f"--classes and --image-size are for variants; {name} has its own")
    return open_model(name)


def _looks_like_a_name(name: str) -> bool:
    """Return whether this is a mistyped variant rather than a missing file: it has neither folder nor suffix."""
    path = Path(name)
    return not path.exists() and path.name == name and not path.suffix
