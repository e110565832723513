"""The command `swiftalexnet lpips`."""

import argparse
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import swiftalexnet as sa

from .._support.progress import Progress
from ..perceptual.backbones import BACKBONES
from ..perceptual.heads import VERSIONS
from .image_files import image_files
from .options import add_quiet, add_value_range, one_of
from .output import DONE, PARTLY, complain, csv_row

if TYPE_CHECKING:
    from ..perceptual.distance import Distance
    from ..perceptual.lpips import LPIPS
    from .output import Output

_PAIRS = 64  # between outputs


def add(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("a", metavar="A", help="an image, or a folder of images")
    told = "another; images of two folders are paired by their names (by default, with --all-pairs, A itself)"
    parser.add_argument("b", nargs="?", metavar="B", help=told)
    parser.add_argument(
        "--all-pairs", action="store_true", help="print CSV of all pairs: of A with B, or without B of the images in A"
    )
    parser.add_argument(
        "--net", type=one_of("net", BACKBONES), default="alex", metavar="alex|vgg", help="whose features are compared"
    )
    parser.add_argument(
        "--version",
        type=one_of("version", VERSIONS),
        default="0.1",
        metavar="0.1|0.0",
        help="of the weights of the layers",
    )
    parser.add_argument(
        "--backbone",
        metavar="FILE",
        help="the network's weights, of any format (default: torchvision's, downloaded if they are not here)",
    )
    parser.add_argument("--csv", action="store_true", help="print a line of CSV for each pair")
    add_value_range(parser)
    add_quiet(parser)


def run(options: argparse.Namespace, output: "Output") -> int:
    """Measure how different images look to people."""
    if options.json and options.csv:
        raise ValueError("--json and --csv: expected one of them")
    names = [name for name in (options.a, options.b) if name is not None]
    if options.all_pairs:
        return _all_pairs([image_files([name]) for name in names], options, output)
    folders = [os.path.isdir(name) for name in names]
    if folders not in ([False, False], [True, True]):
        raise ValueError("expected two images or two folders; --all-pairs compares the images in one folder")
    sides = [image_files([name]) for name in names]
    if all(folders):
        left, right = (_by_name(*side) for side in zip(names, sides, strict=True))
        return _pairs(left, right, options, output)
    return _pairs({options.a: options.a}, {options.a: options.b}, options, output)


def _pairs(left: dict[str, str], right: dict[str, str], options: argparse.Namespace, output: "Output") -> int:
    """Compare images that have the same names on both sides."""
    names = [name for name in left if name in right]
    alone = [files[name] for files in (left, right) for name in files if name not in names]
    if not names:
        raise ValueError(f"{options.a} and {options.b} have no image of one name")
    metric, rows, total = _metric(options, output), [], 0.0
    if options.csv:
        output.line(csv_row("a", "b", "distance"))
    for name, found in _in_turn(metric, names, left, right, options, output):
        if options.csv:
            output.line(csv_row(left[name], right[name], f"{found.value:.6g}"))
        elif not options.json:
            output.line(f"{name}: {found.value:.6g}" if os.path.isdir(options.a) else f"{found.value:.6g}")
        total += found.value
        rows.append({"a": left[name], "b": right[name], "distance": found.value, "per_layer": found.per_layer})
    mean = total / len(names)
    if options.json:
        output.show(_settings(options) | {"mean": mean, "pairs": rows}, "")
    elif os.path.isdir(options.a) and not options.csv:
        output.line(f"mean of {len(rows)} pairs: {mean:.6g}")
    if alone:
        some = ", ".join(alone[:3]) + (" …" if len(alone) > 3 else "")
        complain(f"warning: {len(alone)} images have no partner of their name and were left out: {some}")
    return PARTLY if alone else DONE


def _in_turn(
    metric: "LPIPS",
    names: list[str],
    left: dict[str, str],
    right: dict[str, str],
    options: argparse.Namespace,
    output: "Output",
) -> "Iterator[tuple[str, Distance]]":
    """Yield each name and its distance."""
    bar = not output.quiet and (options.json or not output.is_terminal) and len(names) > _PAIRS
    with Progress(len(names), bar, "lpips", unit=" pairs") as progress:
        for at in range(0, len(names), _PAIRS):
            some = names[at : at + _PAIRS]
            sides = ([files[name] for name in some] for files in (left, right))
            yield from zip(some, metric(*sides, value_range=options.value_range), strict=True)
            progress.advance(len(some))


def _all_pairs(sides: list[list[str]], options: argparse.Namespace, output: "Output") -> int:
    """Compare all images of one side with all of the other, or with each other."""
    if len(sides) == 1 and len(sides[0]) < 2:
        raise ValueError(f"{options.a} is one image, expected two or more")
    bar = not output.quiet and not output.is_terminal
    found = _metric(options, output).cdist(*sides, value_range=options.value_range, progress=bar)
    rows, columns = sides[0], sides[-1]
    if options.json:
        output.show(_settings(options) | {"a": rows, "b": columns, "distances": found.tolist()}, "")
        return DONE
    output.line(csv_row("a", "b", "distance"))
    for index, file in enumerate(rows):
        for other in range(index + 1 if len(sides) == 1 else 0, len(columns)):
            output.line(csv_row(file, columns[other], f"{found[index, other]:.6g}"))
    return DONE


def _metric(options: argparse.Namespace, output: "Output") -> "LPIPS":
    return sa.LPIPS(options.net, options.version, options.backbone, progress=not output.quiet)


def _by_name(folder: str, files: list[str]) -> dict[str, str]:
    """Return the images of a folder by their paths in it, without the ends of the names."""
    found: dict[str, str] = {}
    for file in files:
        name = os.path.splitext(os.path.relpath(file, folder))[0]
        if name in found:
            raise ValueError(f"{found[name]} and {file} have one name but for its end, expected one of them")
        found[name] = file
    return found


def _settings(options: argparse.Namespace) -> dict[str, object]:
    return {"net": options.net, "version": options.version}
