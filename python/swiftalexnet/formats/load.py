"""The one door: a file of weights of any format becomes a model."""

import importlib
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from ..errors import MALFORMED, CheckpointCorruptError
from ..files.paths import as_path
from ..files.source import SourceFile, opened_source
from ..network import parts
from ..network.base import BaseModel
from ..network.catalog import catalog
from .._support.choices import choose
from .assembly import assemble
from .class_names import class_names
from .contents import Contents, Options
from .means import with_mean
from .recognition import recognize

Kind = TypeVar("Kind", bound=BaseModel)


def load(
    kind: type[Kind],
    path: str | os.PathLike[str],
    *,
    variant: str | None = None,
    prototxt: str | os.PathLike[str] | None = None,
    mean: Any = None,
    classes: str | os.PathLike[str] | Sequence[str] | None = None,
    strict: bool = True,
) -> Kind:
    """Read a model of class `kind` from a file of any format: see `swiftalexnet.load`."""
    options = Options(
        None if variant is None else choose("load", "variant", variant, catalog(), even_if_far=True),
        None if prototxt is None else as_path(prototxt, "prototxt", "load"),
        "load",
    )
    with opened_source(path, "load") as file:
        with malformed(file):
            format = recognize(file)
            if format == "swiftalexnet":
                return parts.load(kind, path)
            chain = contents_of(file, format, options).chain()
            chain = with_mean(chain, mean, "load")
            chain.classes = class_names(classes, chain, "load")
            return assemble(kind, chain, str(file), strict)


def contents_of(file: SourceFile, format: str, options: Options) -> Contents:
    """Read the headers of a file whose format is known."""
    reader = importlib.import_module(f".{format}", __package__)
    contents: Contents = reader.contents(file, options)
    return contents


@contextmanager
def malformed(file: SourceFile) -> Iterator[None]:
    """Turn what code raises on malformed content into errors that name the file."""
    try:
        yield
    except (CheckpointCorruptError, NotImplementedError):
        raise
    except MALFORMED as error:
        if str(file) in str(error):
            raise
        raise CheckpointCorruptError(f"{file} cannot be read: {error}") from error
