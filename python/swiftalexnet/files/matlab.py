"""MATLAB's files of version 5 (save -v6 and -v7): the tree of variables, and where in the file their numbers lie.

An own reader, because scipy's makes every array of a file before it is asked for one, as large as it is declared.
Format: MathWorks, "MAT-File Format", "Level 5 MAT-file format".
"""

import os
import tempfile
import zlib
from collections.abc import Iterator
from typing import Literal

from .matlab_arrays import COMPRESSED, MatArray, MatReader
from .source import SourceFile

HEADER = 128  # bytes
_PIECE = 1 << 20
_SLACK = 64 << 20


def variables_of(file: SourceFile) -> dict[str, MatArray]:
    """Return the variables of a file by name.

    Raises
    ------
    ValueError
        It is damaged, or declares more than it can hold.
    UnsupportedError
        It has arrays of another kind: complex, sparse, objects.
    """
    order = {b"IM": "<", b"MI": ">"}.get(file.read(126, 2))
    if order is None or file.size <= HEADER:
        raise ValueError("it does not begin as a MATLAB file of version 5")
    file, begin = _unpacked(file, order)
    reader = MatReader(file, order)
    found: dict[str, MatArray] = {}
    at = begin
    while at < file.size:
        name, array, at = reader.variable(at, file.size)
        if name in found:
            raise ValueError(f"it has {name!r} twice")
        found[name] = array
    return found


def _unpacked(file: SourceFile, order: str) -> tuple[SourceFile, int]:
    """Return a file whose variables are not compressed, and where they begin; a copy is on the disk, without a name."""
    byteorder: Literal["little", "big"] = "little" if order == "<" else "big"
    if int.from_bytes(file.read(HEADER, 4), byteorder) != COMPRESSED:
        return file, HEADER
    at, size = HEADER, 0
    with tempfile.TemporaryFile() as copy:
        while at < file.size:
            kind, length = (int.from_bytes(file.read(place, 4), byteorder) for place in (at, at + 4))
            file.require(at, 8 + length)
            # A variable that is not compressed is copied with its first eight bytes.
            pieces = _inflated(file, at + 8, length) if kind == COMPRESSED else _pieces(file, at, 8 + length)
            for piece in pieces:
                size += copy.write(piece)
                if size > 2 * file.size + _SLACK:
                    raise ValueError(f"it unpacks to more than {size:,} bytes")
            at += 8 + length
        copy.flush()
        return SourceFile(file.path, os.fdopen(os.dup(copy.fileno()), "rb")), 0


def _inflated(file: SourceFile, offset: int, count: int) -> Iterator[bytes]:
    """Yield the bytes of a compressed variable, at most a piece at a time."""
    unpacker = zlib.decompressobj()
    for piece in _pieces(file, offset, count):
        while piece and not unpacker.eof:
            try:
                unpacked = unpacker.decompress(piece, _PIECE)
            except zlib.error as error:
                raise ValueError(f"it is damaged: {error}") from error
            piece = unpacker.unconsumed_tail
            yield unpacked
    if not unpacker.eof:
        raise ValueError("it is damaged: a compressed variable ends too early")


def _pieces(file: SourceFile, offset: int, count: int) -> Iterator[bytes]:
    for at in range(offset, offset + count, _PIECE):
        yield file.read(at, min(_PIECE, offset + count - at))
