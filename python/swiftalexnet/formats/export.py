"""Writing a model in the format of another framework."""

import importlib
import os
from typing import Any, NamedTuple

from .._support.choices import choose
from ..files.atomic import check_target
from ..files.paths import as_path
from ..network.base import BaseModel


class Writer(NamedTuple):
    """A format that models can be written in."""

    module: str  # below this package: it has `write(model, path, **options)`
    suffix: str
    reads_it: str


WRITERS = {
    "onnx": Writer("onnx.writing", ".onnx", "ONNX Runtime and whatever reads opset 17"),
    "torchvision": Writer("torchvision_writing", ".safetensors", "torch, with torchvision's modules"),
    "caffe": Writer("caffe.writing", ".caffemodel", "Caffe and OpenCV 4; a .prototxt is written beside it"),
    "keras": Writer("keras.writing", ".h5", "Keras 2 and 3"),
}


def export(model: BaseModel, path: str | os.PathLike[str], format: str | None = None, **options: Any) -> None:  # noqa: A002
    """Write a model for another framework, atomically.

    A quantised model is written with its eight bits for ONNX, and with its rounded weights in float32 for the others.

    Parameters
    ----------
    model : Model
    path : path
    format : {"onnx", "torchvision", "caffe", "keras"}, optional
        By default by the suffix of the path: .onnx, .safetensors, .caffemodel, .h5.
    preprocessing : bool
        For ONNX: let the file take uint8 images, [count, resize, resize, channels] in red, green, blue, and cut,
        subtract and multiply itself. By default it takes what `forward` takes.

    Raises
    ------
    ValueError, TypeError
        A suffix or an option that is not the format's.
    UnsupportedError
        The framework cannot express a node; the message names it.
    ImportError
        The format needs a library; the message names the extra that installs it.
    OSError
        The file cannot be written; an existing one is left untouched.
    """
    target = as_path(path, "path", "export")
    if format is None:
        by_suffix = {writer.suffix: name for name, writer in WRITERS.items()}
        format = by_suffix[choose("export", "suffix", target.suffix, by_suffix)]  # noqa: A001
    writer = WRITERS[choose("export", "format", format, WRITERS)]
    check_target(target)
    if options and format != "onnx":
        raise TypeError(f"export: {', '.join(options)}: {format} takes no options")
    importlib.import_module(f".{writer.module}", __package__).write(model, target, **options)
