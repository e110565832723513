"""The command `swiftalexnet cache`, and the option of other commands that reads such a file."""

import argparse
import json
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import swiftalexnet as sa

from .preprocessing import RESAMPLERS, Preprocessing

if TYPE_CHECKING:
    from .data import ImageFolder


def cache(options: argparse.Namespace) -> None:
    """Keep a folder's decoded pictures in a file, or bring that file up to date."""
    given = {name: getattr(options, name) for name in ("side", "resample", "channels", "warp")}
    settings = {name: value for name, value in given.items() if value is not None}
    data = sa.ImageFolder(options.folder)
    changes = data.cache_to(options.file, options.verify, progress=not options.quiet, **settings)
    counts = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in changes._asdict().items())
    print(json.dumps(changes._asdict(), indent=1) if options.json else f"{data!r}: {counts}")


def add_command(add: Callable[[str, Callable[[argparse.Namespace], None]], argparse.ArgumentParser]) -> None:
    """Add the command; `add` makes one of a name and a function."""
    command = add("cache", cache)
    command.add_argument("folder", metavar="DIR", help="one folder a class")
    command.add_argument("file", metavar="FILE", help="the file, or a folder for it; train and evaluate: --disk-cache")
    command.add_argument("--side", type=int, help="pixels of the shorter side (default: the file's own, or 256)")
    command.add_argument("--resample", choices=RESAMPLERS, help="as the network's preprocessing (default: area)")
    command.add_argument("--channels", type=int, choices=(1, 3), help="grey or RGB (default: RGB)")
    command.add_argument(
        "--warp", action=argparse.BooleanOptionalAction, help="squeeze pictures to a square (default: no)"
    )
    command.add_argument("--verify", action="store_true", help="compare contents, not only sizes and times of files")
    command.add_argument("--quiet", action="store_true", help="no progress bar")


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add how a command that reads a folder decodes its pictures."""
    parser.add_argument(
        "--disk-cache", metavar="PATH", help="keep decoded pictures in this file, or in a file in this folder"
    )
    parser.add_argument("--draft", action="store_true", help="decode large JPEGs at reduced size: not the same pixels")


def use_cache(
    options: argparse.Namespace, preprocessing: Preprocessing, *folders: "ImageFolder", side: int | None = None
) -> None:
    """Read pictures from --disk-cache, if it was given.

    Parameters
    ----------
    preprocessing : Preprocessing
        What the pictures are read for.
    folders : ImageFolder
        If there are several, --disk-cache is a folder.
    side : int, optional
        In place of the side that `preprocessing` resizes to.

    Raises
    ------
    ValueError
        Several folders of pictures for one file.
    """
    if options.disk_cache is None:
        return
    if len(folders) > 1 and not os.path.isdir(options.disk_cache):
        raise ValueError(f"--disk-cache {options.disk_cache} is no folder; each folder of pictures needs its own file")
    settings: dict[str, Any] = {name: getattr(preprocessing, name) for name in ("channels", "resample", "warp")}
    for data in folders:
        data.cache_to(options.disk_cache, progress=not options.quiet, side=side or preprocessing.resize, **settings)
