"""The network whose costs a command tells: a variant's, or a model's."""

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
    """Add how the network is named."""
    parser.add_argument(
        "first_model",
        metavar="MODEL",
        nargs="?",
        help=f"a saved model, a checkpoint, a run's folder, or a variant (default: {_DEFAULT}): "
        f"{', '.join(sa.variants())}",
    )
    parser.add_argument("--model", metavar="MODEL", help="the same, instead of the first name")
    parser.add_argument("--classes", type=count, metavar="N", help="of a variant (default: its own)")
    parser.add_argument("--image-size", type=side, metavar="N", help="of a variant, in pixels (default: its own)")


def open_network(options: argparse.Namespace, command: str, initialization: str | None = "zeros") -> "Model":
    """Return the network that was named: a variant, or a file.

    Raises
    ------
    OSError, ValueError
        Neither; or sizes for a model, which has its own.
    """
    named = [name for name in (options.first_model, options.model) if name is not None]
    if len(named) > 1:
        raise ValueError(f"two models are named, {named[0]} and --model {named[1]}; expected one")
    name, size = named[0] if named else _DEFAULT, options.image_size
    if name in sa.variants():
        return sa.build(name, options.classes, image_size=size, initialization=initialization)
    if _looks_like_a_name(name):
        choose(command, "network", name, sa.variants(), even_if_far=True)
    if options.classes is not None or size is not None:
        raise ValueError(f"--classes and --image-size are for variants; {name} has its own")
    return open_model(name)


def _looks_like_a_name(name: str) -> bool:
    """Tell a mistyped variant from a file that is missing: no file, and neither folder nor suffix in it."""
    path = Path(name)
    return not path.exists() and path.name == name and not path.suffix
