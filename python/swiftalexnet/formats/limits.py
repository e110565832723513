"""Limits that files of every format keep: names of tensors, and memory that a model takes."""

import math
from collections.abc import Iterable

from ..files.source import SourceFile
from .contents import Contents
from .stored import FLOATS

_LONGEST_NAME = 1024  # characters of a tensor's name
_SLACK = 48 << 20  # bytes, besides twice the file


def require_plain(contents: Contents, file: SourceFile) -> None:
    """Refuse long names, and tensors that need much more memory than the file has bytes.

    Raises
    ------
    ValueError
        A name is too long, or tensors share or repeat what lies in the file.
    """
    if (longest := max(map(len, contents.tensors), default=0)) > _LONGEST_NAME:
        raise ValueError(f"{file} has a tensor whose name has {longest:,} characters, expected {_LONGEST_NAME:,}")
    weights = (each.shape for each in contents.tensors.values() if each.dtype.char in FLOATS)
    require_small(weights, contents, file)


def require_small(shapes: Iterable[tuple[int, ...]], contents: Contents, file: SourceFile) -> None:
    """Refuse arrays of these shapes if their float32 needs more than twice the file and 48 MiB.

    Raises
    ------
    ValueError
        They do.
    """
    needed, size = sum(4 * math.prod(shape) for shape in shapes), file.size + contents.beside
    if needed > 2 * size + _SLACK:
        raise ValueError(f"{file}: its tensors need {needed:,} bytes, much more than the file's {size:,}")
