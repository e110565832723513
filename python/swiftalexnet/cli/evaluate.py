"""The command `swiftalexnet evaluate`."""

import argparse
from typing import TYPE_CHECKING

import swiftalexnet as sa

from . import decoding
from .models import add_model, named_model, open_model
from .options import add_force, add_quiet, add_reading, add_views, reading, views
from .sharded_data import HELP, are_shards, open_shards
from .targets import check_figure
from .training_data import evaluation_folder, fraction, hold_out

if TYPE_CHECKING:
    from ..data.folder import ImageFolder
    from ..model import Model
    from .output import Output


def add(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add_model(parser)
    parser.add_argument(
        "folder",
        metavar="FOLDER",
        help=f"FOLDER/<class>/…; or FOLDER/validation/<class>/…, if FOLDER/train exists too; {HELP}",
    )
    parser.add_argument(
        "--hold-out",
        type=fraction,
        metavar="FRACTION",
        help="only the images that `train --hold-out` held out, 0.2 unless another fraction was given (default: all)",
    )
    parser.add_argument("--plot", metavar="FILE", help="draw the confusion matrix: confusion.png (default: no)")
    add_force(parser)
    add_quiet(parser)
    add_reading(parser, "raise")
    decoding.add(parser)
    add_views(parser)


def run(options: argparse.Namespace, output: "Output") -> None:
    """Measure a model on a folder of class folders."""
    draw = None if options.plot is None else check_figure(options.plot, options.force)
    model = open_model(named_model(options))
    data = open_shards(options.folder, options) if are_shards(options.folder) else _folder(options, output, model)
    result = model.evaluate(data, progress=not output.quiet, **views(options))
    if draw is not None:
        draw(result.plot())
        output.note(f"saved {options.plot}")
    output.show(result.to_json(), str(result))


def _folder(options: argparse.Namespace, output: "Output", model: "Model") -> "ImageFolder":
    data = sa.ImageFolder(evaluation_folder(options.folder), model.classes, draft=options.draft, **reading(options))
    if options.hold_out is not None:
        _, data = hold_out(data, options.hold_out)
    decoding.use_cache(options, output, model.preprocessing, data, side=options.scales and max(options.scales))
    return data
