"""The command `swiftalexnet predict`."""

import argparse
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING

from .._support.progress import Progress
from .._support.shown import describe
from ..inference.ranking import likeliest
from ..inference.views import Views, classify_all
from .image_files import ImageFiles, image_files
from .models import add_model_and_names, open_model_and_names
from .options import add_on_error, add_quiet, add_views, count, views
from .output import DONE, PARTLY, complain, csv_row, to_json
from .ray_files import add_ray, check_ray, classify_with_ray

if TYPE_CHECKING:
    from ..inference.ranking import Prediction
    from ..model import Model
    from .output import Output

_BATCH = 64  # crops per batch, as in `Model.predict`
_BATCHES = 32  # between outputs


def add(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add_model_and_names(parser)
    parser.add_argument("--top", type=count, default=5, metavar="N", help="classes per image")
    parser.add_argument("--csv", action="store_true", help="print a line of CSV for each class of each image")
    add_quiet(parser)
    add_on_error(parser, "raise")
    add_views(parser)
    add_ray(parser)


def run(options: argparse.Namespace, output: "Output") -> int:
    """Classify image files, and all images in folders."""
    if options.json and options.csv:
        raise ValueError("--json and --csv: expected one of them")
    check_ray(options)
    model, names = open_model_and_names(options)
    files = image_files(names)
    rows, left_out = [], 0
    if options.csv:
        output.line(csv_row("file", "rank", "class", "probability"))
    for file, answer in _classify(model, files, options, output):
        if isinstance(answer, Exception):
            complain(f"warning: {describe(answer)}")
            left_out += 1
        elif options.csv:
            for rank, row in enumerate(zip(answer.classes, answer.probabilities, strict=True), 1):
                output.line(csv_row(file, rank, *row))
        elif not options.json:
            output.line(f"{file}: {answer}")
        rows.append({"file": file} | ({"error": describe(answer)} if isinstance(answer, Exception) else asdict(answer)))
    if options.json:
        output.line(to_json(rows))
    if left_out:
        complain(f"{left_out} of {len(files)} images could not be read and were left out")
    return PARTLY if left_out else DONE


def _classify(
    model: "Model", files: list[str], options: argparse.Namespace, output: "Output"
) -> "Iterator[tuple[str, Prediction | Exception]]":
    """Yield each file and its prediction, or the error that it could not be read for, in order."""
    named = views(options)
    how = model.arithmetic("predict", *(named.pop(name) for name in ("precision", "weights", "fast_math")))
    seen = Views(**named, operation="predict", arithmetic=how)
    seen.check(model)
    at_once = _BATCHES * seen.images_at_once(_BATCH)
    bar = not output.quiet and (options.json or not output.is_terminal)
    if options.ray:
        yield from classify_with_ray(model, files, options, bar)
        return
    bar = bar and len(files) > at_once
    with Progress(len(files), bar, "predict") as progress:
        for at in range(0, len(files), at_once):
            data = ImageFiles(files[at : at + at_once], options.on_error == "skip", options.value_range)
            answers: dict[int, Prediction | Exception] = {}
            for numbers, probabilities in classify_all(model, data, seen, _BATCH):
                answers |= zip(map(int, numbers), likeliest(probabilities, model.classes, options.top), strict=True)
            answers |= data.errors
            yield from ((files[at + number], answers[number]) for number in range(len(data)))
            progress.advance(len(data))
