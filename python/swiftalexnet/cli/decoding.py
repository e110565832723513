"""Options of commands that read a folder of class folders: how images are decoded."""

import argparse
import os
from typing import TYPE_CHECKING, Any

from ..preprocessing.preprocessing import Preprocessing

if TYPE_CHECKING:
    from ..data.folder import ImageFolder
    from .output import Output


def add(parser: argparse._ActionsContainer) -> None:
    """Add the options."""
    parser.add_argument(
        "--disk-cache",
        metavar="PATH",
        help="cache decoded images in this file, or in a file in this folder (default: no)",
    )
    parser.add_argument("--draft", action="store_true", help="decode large JPEGs at reduced size; pixels differ")


def use_cache(
    options: argparse.Namespace,
    output: "Output",
    preprocessing: Preprocessing,
    *folders: "ImageFolder",
    side: int | None = None,
) -> None:
    """Read images from --disk-cache, if it is given.

    Parameters
    ----------
    options : namespace
    output : Output
    preprocessing : Preprocessing
        Of the network that reads the images.
    folders : ImageFolder
        If they have different roots, --disk-cache must be a folder.
    side : int, optional
        Instead of the side that `preprocessing` resizes to.

    Raises
    ------
    ValueError
        Several folders of images for one cache file.
    """
    if options.disk_cache is None:
        return
    if len({data.root for data in folders}) > 1 and not os.path.isdir(options.disk_cache):
        raise ValueError(f"--disk-cache {options.disk_cache} is not a folder; each folder of images needs its own file")
    settings: dict[str, Any] = {name: getattr(preprocessing, name) for name in ("channels", "resample", "warp")}
    for data in folders:
        data.cache_to(options.disk_cache, progress=not output.quiet, side=side or preprocessing.resize, **settings)
