"""The command `swiftalexnet quantize`."""

import argparse
import os
from typing import TYPE_CHECKING

import numpy as np

from ..quantization.ranges import METHODS
from .image_files import image_files
from .models import open_model
from .options import add_force, add_quiet, add_value_range, count, one_of, real
from .targets import check_new

if TYPE_CHECKING:
    from .output import Output


def add(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("model", metavar="MODEL", help="a saved model, a run's folder, weights of any format or a name")
    parser.add_argument("names", nargs="+", metavar="IMAGES", help="images like those to come, and folders of images")
    parser.add_argument("-o", "--output", required=True, metavar="OUT", help="the file to write: .safetensors")
    parser.add_argument(
        "--method",
        dest="ranges",
        type=one_of("method", METHODS),
        metavar="|".join(METHODS),
        help="of choosing the range of activations (default: mse; percentile where --percentile is given)",
    )
    parser.add_argument(
        "--percentile",
        type=real(50, 100, open_below=True),
        metavar="P",
        help="by the method of this name: what is clipped is 100 - P percent (default: 99.99)",
    )
    parser.add_argument(
        "--images",
        dest="most",
        type=count,
        default=500,
        metavar="N",
        help="of more images as many as this, evenly spread over all",
    )
    add_value_range(parser)
    add_force(parser)
    add_quiet(parser)


def run(options: argparse.Namespace, output: "Output") -> None:
    """Write a model that computes in 8 bits, with ranges from images."""
    target = check_new(options.output, options.force)
    model = open_model(options.model)
    files = image_files(options.names)
    chosen = [files[at] for at in np.linspace(0, len(files) - 1, min(options.most, len(files))).round().astype(int)]
    quantized = model.quantize(
        chosen, options.ranges, options.percentile, value_range=options.value_range, progress=not output.quiet
    )
    quantized.save(target, known_answers=True)
    found, size = quantized.quantization, os.path.getsize(target)
    told = "" if found is None else found.title
    output.done({"file": str(target), "bytes": size, "quantization": told}, f"saved {target}: {told}, {size:,} bytes")
