"""Packed bytes as a file without a name on the disk, so that they take no memory and can be read by offset."""

import os
import tempfile
import weakref
from collections.abc import Iterable

from .source import SourceFile

_SLACK = 64 << 20


def unpacked(file: SourceFile, pieces: Iterable[bytes]) -> SourceFile:
    """Return what a file unpacks to as a file of the same name in messages; it goes with its last reader.

    Raises
    ------
    ValueError
        There are more than twice the file's own bytes and 64 MiB.
    OSError
        The folder of temporary files is full.
    """
    limit, size = 2 * file.size + _SLACK, 0
    with tempfile.TemporaryFile() as copy:
        for piece in pieces:
            size += len(piece)
            if size > limit:
                raise ValueError(f"it unpacks to more than {limit:,} bytes")
            copy.write(piece)
        copy.flush()
        reader = os.fdopen(os.dup(copy.fileno()), "rb")
    source = SourceFile(file.path, reader)
    weakref.finalize(source, reader.close)
    return source
