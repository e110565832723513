"""The one door: a file of weights of any format becomes a model."""

import importlib
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, TypeVar

from .._support.choices import choose
from .._support.tables import printable
from .._support.threads import Task, Threads
from ..files.paths import as_path
from ..files.source import SourceFile, opened_source
from ..network import parts
from ..network.base import BaseModel
from ..network.catalog import catalog
from ..network.source import Source
from ..preprocessing.defaults import default_preprocessing
from .assembly import assemble, parameter_shapes
from .chain import Chain
from .class_names import for_outputs, given_names, known_names
from .contents import Contents, Options
from .limits import require_plain, require_small
from .malformed import malformed
from .means import with_mean
from .pretrained.registry import entry_of
from .recognition import READERS, recognize

_SMALL = 1 << 20  # bytes: the hash of less takes less time than a thread

Kind = TypeVar("Kind", bound=BaseModel)


def load(
    kind: type[Kind],
    path: str | os.PathLike[str],
    variant: str | None = None,
    prototxt: str | os.PathLike[str] | None = None,
    mean: Any = None,
    classes: str | os.PathLike[str] | Sequence[str] | None = None,
    strict: bool = True,
    up_to: str | None = None,
) -> Kind:
    """Read a model of class `kind` from a file of any format: see `swiftalexnet.load`."""
    options = options_for("load", variant, prototxt, strict)
    names = None if classes is None else given_names(classes, "load")
    with opened_source(path, "load") as file:
        with malformed(file):
            reader = recognize(file)
        if prototxt is not None and reader != "caffe":
            raise ValueError(f"{file} is of {READERS[reader]}: prototxt is for Caffe's .caffemodel")
        if reader != "swiftalexnet":
            return _foreign(kind, file, reader, options, mean, names, up_to)
        model = parts.load(kind, path, up_to)
        _refuse_other(options.variant, model.variant, file)
        if mean is not None:
            model.preprocessing = with_mean(model.preprocessing, mean, "load")
        if names is not None:
            model.classes = names
        return model


def _foreign(
    kind: type[Kind],
    file: SourceFile,
    reader: str,
    options: Options,
    mean: Any,
    names: tuple[str, ...] | None,
    up_to: str | None,
) -> Kind:
    """Read a file of another framework, its hash beside it."""
    with hashing(file, up_to is None) as digest:
        with malformed(file):
            contents = contents_of(file, reader, options)
            chain = contents.chain()
            refuse_unused(chain, options, str(file))
            require_small(parameter_shapes(chain).values(), contents, file)
        # What is wrong with the caller's own is no fault of the file.
        chain.classes = known_names(chain) if names is None else for_outputs(names, chain, "load")
        if mean is not None:
            channels, height, _ = chain.input
            default = chain.preprocessing or default_preprocessing(chain.variant, height, channels)
            chain.preprocessing = with_mean(default, mean, "load")
        with malformed(file):
            model = assemble(kind, chain, str(file), up_to)
        _refuse_other(options.variant, model.variant, file)
        if up_to is not None:
            chain.notes.append(f"only the layers up to {up_to} were read, so the file's hash is not known")
        model.source = _source(file, contents, digest.result(), chain)
        return model


def _refuse_other(wanted: str | None, found: str | None, file: SourceFile) -> None:
    """Refuse a network of the catalogue that is another than the caller says."""
    if wanted is not None and found is not None and wanted != found:
        raise ValueError(f"{file} is {found}, not {wanted}")


def options_for(
    operation: str, variant: str | None, prototxt: str | os.PathLike[str] | None, strict: bool = True
) -> Options:
    """Check what a caller says of a file."""
    if variant is not None:
        choose(operation, "variant", variant, catalog(), even_if_far=True)
    return Options(variant, None if prototxt is None else as_path(prototxt, "prototxt", operation), strict, operation)


def contents_of(file: SourceFile, reader: str, options: Options) -> Contents:
    """Read the headers of a file with a reader, the module of its format."""
    contents: Contents = importlib.import_module(f".{reader}", __package__).contents(file, options)
    require_plain(contents, file)
    return contents


def refuse_unused(chain: Chain, options: Options, place: str) -> None:
    """Refuse tensors that the network has no place for, or note them."""
    if not chain.unused:
        return
    some = ", ".join(chain.unused[:5]) + (" …" if len(chain.unused) > 5 else "")
    if options.strict:
        raise ValueError(f"{place}: the network has no place for {some}; strict=False leaves them out")
    chain.notes.append(f"left out: {some}")


@contextmanager
def hashing(file: SourceFile, wanted: bool) -> Iterator[Task[str | None]]:
    """Compute the SHA-256 of a file on a thread, while the block reads it; None if it is not wanted."""
    thread = Threads(1 if wanted and file.size > _SMALL else 0)
    try:
        yield thread.submit(file.sha256 if wanted else lambda: None)
    finally:
        thread.close()


def _source(file: SourceFile, contents: Contents, sha256: str | None, chain: Chain) -> Source:
    """Return where weights come from, with their publisher if the file is a known one."""
    source = Source(contents.format, file.path.name, sha256, notes=tuple(map(printable, chain.notes)))
    entry = None if sha256 is None else entry_of(sha256, file.size)
    if entry is None:
        return source
    return replace(source, publisher=entry.publisher, licence=entry.licence, address=entry.address)
