"""Names of classes: from a caller, from the file, or those of ILSVRC-2012, which the published weights have."""

import os
import re
from collections.abc import Sequence
from functools import cache
from importlib import resources

from .._support.kinds import as_items
from ..files.source import opened_source
from .chain import Chain

_ILSVRC_CLASSES = 1000
_LONGEST_FILE = 4 << 20  # bytes
_SYNSET = re.compile(r"n\d{8}\s+")


@cache
def ilsvrc_classes() -> tuple[str, ...]:
    """Return the thousand class names of ILSVRC-2012, in the order of their WordNet numbers, which all use."""
    text = (resources.files(__package__) / "ilsvrc_classes.txt").read_text(encoding="utf-8")
    return tuple(line.partition(" ")[2] for line in text.splitlines() if not line.startswith("#"))


def given_names(classes: str | os.PathLike[str] | Sequence[str], operation: str) -> tuple[str, ...]:
    """Return the names that a caller gives.

    Parameters
    ----------
    classes : path or sequence of str
        A path to a text file with one name a line, such as Caffe's synset_words.txt, whose numbers are left out.

    Raises
    ------
    ValueError
        The file is not a text of names.
    """
    if isinstance(classes, (str, os.PathLike)):
        return _read(classes, operation)
    return tuple(as_items(classes, "classes", operation))


def for_outputs(names: tuple[str, ...], chain: Chain, operation: str) -> tuple[str, ...]:
    """Return a caller's names, which must be as many as the network has outputs.

    Raises
    ------
    ValueError
        There are more or fewer.
    """
    outputs = [node.fields["outputs"] for node in chain.nodes if node.is_weighted]
    if outputs and str(len(names)) != outputs[-1]:
        raise ValueError(f"{operation}: classes has {len(names):,} names, the network has {outputs[-1]} outputs")
    return names


def known_names(chain: Chain) -> tuple[str, ...] | None:
    """Return the names for a network: the file's, ILSVRC-2012's for a thousand outputs, or None."""
    if chain.classes is not None:
        return chain.classes
    outputs = [node.fields["outputs"] for node in chain.nodes if node.is_weighted]
    is_classifier = any(node.kind == "dense" for node in chain.nodes)
    return ilsvrc_classes() if is_classifier and outputs[-1] == str(_ILSVRC_CLASSES) else None


def _read(path: str | os.PathLike[str], operation: str) -> tuple[str, ...]:
    with opened_source(path, operation) as file:
        if file.size > _LONGEST_FILE:
            raise ValueError(f"{operation}: {path} has {file.size:,} bytes, expected a list of names, one a line")
        try:
            text = file.read(0, file.size).decode("utf-8")
        except UnicodeDecodeError as error:
            raise ValueError(f"{operation}: {path} is not a text of names, one a line: {error}") from error
    return tuple(_SYNSET.sub("", line, count=1) for line in text.splitlines() if line.strip())
