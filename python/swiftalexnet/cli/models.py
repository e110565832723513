"""The model that a command reads: the first argument or --model, in all commands."""

import argparse
import os
from typing import TYPE_CHECKING

import swiftalexnet as sa

from .._support.shown import describe
from ..formats.pretrained.registry import registry
from ..training.checkpoint import FILE_NAME

if TYPE_CHECKING:
    from ..model import Model


PUBLISHED = "alexnet-torchvision"  # where a command has a model by default


def add_model(parser: argparse.ArgumentParser) -> None:
    """Add the model's argument and option."""
    parser.add_argument("first_model", nargs="?", metavar="MODEL", help="a saved model, a checkpoint or a run's folder")
    parser.add_argument("--model", metavar="MODEL", help="the model, if it is not the first argument")


def named_model(options: argparse.Namespace) -> str:
    """Return the path of the model.

    Raises
    ------
    ValueError
        No model or two models are given.
    """
    names = [name for name in (options.model, options.first_model) if name is not None]
    if len(names) == 2:
        raise ValueError(f"two models are given, {names[1]} and --model {names[0]}; expected one")
    if not names:
        raise ValueError("no model is given; expected one as the first argument, or --model MODEL")
    return str(names[0])


def open_model(path: str | os.PathLike[str]) -> "Model":
    """Read a saved model, the checkpoint in a run's folder, weights of any format, or published ones by name."""
    if not os.path.exists(path) and path in registry():
        return sa.pretrained(os.fspath(path))
    return sa.load(model_file(path))


def model_file(path: str | os.PathLike[str]) -> str | os.PathLike[str]:
    """Return the file of a model: of a run's folder its checkpoint."""
    checkpoint = os.path.join(path, FILE_NAME)
    return checkpoint if os.path.isfile(checkpoint) else path


def add_model_and_names(parser: argparse.ArgumentParser, published: str | None = None) -> None:
    """Add the model's argument and option, and the names of images."""
    alone = "" if published is None else f"; one name alone is an image, and {published} the model"
    parser.add_argument(
        "names",
        nargs="+",
        metavar="NAME",
        help=f"the model, unless --model is given; then images, and folders of images{alone}",
    )
    parser.add_argument("--model", metavar="MODEL", help="a saved model, a checkpoint or a run's folder")


def open_model_and_names(options: argparse.Namespace, published: str | None = None) -> "tuple[Model, list[str]]":
    """Open the model, and return it with the other names; one name alone goes with the published model, if any."""
    if options.model is not None:
        return open_model(options.model), options.names
    first, *others = options.names
    if published is not None and not others:
        return open_model(published), options.names
    try:
        model = open_model(first)
    except (OSError, ValueError) as error:
        raise ValueError(f"{describe(error)}; the first argument is the model unless --model is given") from None
    if not others:
        raise ValueError(f"no image is given after the model {first}")
    return model, others
