"""The command `swiftalexnet cache`."""

import argparse
from typing import TYPE_CHECKING

import swiftalexnet as sa

from ..images.geometry import RESAMPLERS
from .options import add_quiet, add_value_range, one_of, side

if TYPE_CHECKING:
    from .output import Output

_CHANNELS = {"1": 1, "3": 3}


def add(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("folder", metavar="FOLDER", help="FOLDER/<class>/…")
    parser.add_argument(
        "file", metavar="FILE", help="cache file, or a folder to put it in; train and evaluate: --disk-cache"
    )
    parser.add_argument(
        "--side", type=side, metavar="N", help="pixels of the shorter side (default: the file's, or 256)"
    )
    parser.add_argument(
        "--resample",
        type=one_of("word", RESAMPLERS),
        metavar="|".join(RESAMPLERS),
        help="as in the network's preprocessing (default: the file's, or area)",
    )
    parser.add_argument(
        "--channels",
        type=lambda text: _CHANNELS[one_of("number", _CHANNELS)(text)],
        metavar="1|3",
        help="grey or RGB (default: the file's, or 3)",
    )
    parser.add_argument(
        "--warp", action=argparse.BooleanOptionalAction, help="squeeze images to a square (default: the file's, or no)"
    )
    parser.add_argument("--verify", action="store_true", help="compare contents, not only sizes and times of files")
    add_value_range(parser)
    add_quiet(parser)


def run(options: argparse.Namespace, output: "Output") -> None:
    """Write a folder's decoded images to a cache file, or update that file."""
    given = {name: getattr(options, name) for name in ("side", "resample", "channels", "warp")}
    settings = {name: value for name, value in given.items() if value is not None}
    data = sa.ImageFolder(options.folder, value_range=options.value_range)
    changes = data.cache_to(options.file, options.verify, progress=not output.quiet, **settings)._asdict()
    counts = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in changes.items())
    output.done(changes, f"{data!r}: {counts}")
