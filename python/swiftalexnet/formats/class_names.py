"""Names of classes: from a caller, from the file, or those of ILSVRC-2012, which the published weights have."""

import os
import re
from collections.abc import Sequence
from functools import cache
from importlib import resources

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


def class_names(
    classes: str | os.PathLike[str] | Sequence[str] | None, chain: Chain, operation: str
) -> tuple[str, ...] | None:
    """Return the names for a network: the caller's, the file's, ILSVRC-2012's for a thousand, or None.

    Parameters
    ----------
    classes : path or sequence of str or None
        A path to a text file with one name a line, such as Caffe's synset_words.txt, whose numbers are left out.

    Raises
    ------
    ValueError
        The file is not a text of names, or there are more or fewer than outputs.
    """
    outputs = [node.fields["outputs"] for node in chain.nodes if node.is_weighted]
    if classes is not None:
        names = _read(classes, operation) if isinstance(classes, (str, os.PathLike)) else tuple(classes)
        if outputs and str(len(names)) != outputs[-1]:
            raise ValueError(f"{operation}: classes has {len(names):,} names, the network has {outputs[-1]} outputs")
        return names
    if chain.classes is not None:
        return chain.classes
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
