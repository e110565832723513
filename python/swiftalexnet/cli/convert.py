"""The command `swiftalexnet convert`."""

import argparse
import os
from typing import TYPE_CHECKING

import swiftalexnet as sa

from ..formats.export import WRITERS
from .options import add_force, add_quiet, one_of
from .targets import check_new
from .weights_file import add_hints, hints

if TYPE_CHECKING:
    from .output import Output

_OWN = "swiftalexnet"
_CONVOLUTIONS = "conv"
_SUFFIXES_OF_OTHERS = (".pth", ".pt", ".keras", ".mat", ".npz", ".npy")  # read, but not written
_HEAD = ("dense", "dropout", "adaptive_average_pool")  # kinds of nodes behind the convolutions


def add(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("source", metavar="IN", help="weights of any format")
    parser.add_argument("target", metavar="OUT", help="the file to write")
    by_suffix = ", ".join(f"{writer.suffix} {name}" for name, writer in WRITERS.items() if name != "torchvision")
    parser.add_argument(
        "--format",
        type=one_of("format", (_OWN, *WRITERS)),
        metavar="NAME",
        help=f"{', '.join((_OWN, *WRITERS))} (default: by the suffix of OUT: {by_suffix}, any other {_OWN})",
    )
    parser.add_argument(
        "--layers",
        metavar="LAYER",
        help="leave out what follows this layer; conv: what follows the convolutions (default: none)",
    )
    parser.add_argument("--float16", action="store_true", help="round weights to 16 bits, in half the bytes")
    parser.add_argument(
        "--preprocessing", action="store_true", help="ONNX: let the file prepare uint8 images itself (default: no)"
    )
    add_hints(parser)
    parser.add_argument("--mean", metavar="FILE", help="mean of the images: .binaryproto or .npy (default: the file's)")
    parser.add_argument("--classes", metavar="FILE", help="names of the classes, one a line (default: the file's)")
    parser.add_argument("--loose", action="store_true", help="leave out tensors that the network has no place for")
    add_force(parser)
    add_quiet(parser)


def run(options: argparse.Namespace, output: "Output") -> None:
    """Read weights of any format and write them in this package's or another."""
    target = check_new(options.target, options.force)
    suffixes = {writer.suffix: name for name, writer in WRITERS.items() if name != "torchvision"}
    kind = options.format or suffixes.get(target.suffix, _OWN)
    if options.format is None and target.suffix in _SUFFIXES_OF_OTHERS:
        written = ", ".join((".safetensors", *suffixes))
        raise ValueError(f"{target.suffix} is not written, only {written}; torch reads --format torchvision")
    if kind != _OWN and options.float16:
        raise ValueError(f"--float16 is for files of {_OWN}; {kind} has float32")
    if options.preprocessing and kind != "onnx":
        raise ValueError(f"--preprocessing is for onnx; OUT is of format {kind}")
    model = sa.load(
        options.source,
        mean=options.mean,
        classes=options.classes,
        strict=not options.loose,
        up_to=_last_convolutional(options) if options.layers == _CONVOLUTIONS else options.layers,
        **hints(options),
    )
    for note in () if model.source is None else model.source.notes:
        output.note(f"note: {note}")
    if kind == _OWN:
        model.save(target, options.float16, known_answers=True)
    else:
        model.export(target, kind, **({"preprocessing": True} if options.preprocessing else {}))
    size = os.path.getsize(target)
    output.done({"file": str(target), "format": kind, "bytes": size}, f"saved {target}: {kind}, {size:,} bytes")


def _last_convolutional(options: argparse.Namespace) -> str | None:
    """Return the last node before the dense layers; None if that is the last of all, or the file is no network."""
    nodes = [line.split() for line in (sa.inspect(options.source, **hints(options)).spec or "").splitlines()[2:]]
    first = next((number for number, (kind, *_) in enumerate(nodes) if kind in _HEAD), 0)
    return nodes[first - 1][1] if first else None
