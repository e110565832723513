"""MATLAB's files of version 5 (save -v6 and -v7): the tree of variables, and where in the file their numbers lie.

An own reader, because scipy's makes every array of a file before it is asked for one, as large as it is declared.
Format: MathWorks, "MAT-File Format", "Level 5 MAT-file format".
"""

import zlib
from collections.abc import Iterator
from typing import Literal

from ..source import SourceFile
from ..unpacked import unpacked
from .arrays import COMPRESSED, MatArray, MatReader

HEADER = 128  # bytes
_PIECE = 1 << 20


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
    byteorder: Literal["little", "big"] = "little" if order == "<" else "big"
    begin = HEADER
    if int.from_bytes(file.read(HEADER, 4), byteorder) == COMPRESSED:
        file, begin = unpacked(file, _variables(file, byteorder)), 0
    reader = MatReader(file, order)
    found: dict[str, MatArray] = {}
    at = begin
    while at < file.size:
        name, array, at = reader.variable(at, file.size)
        if name in found:
            raise ValueError(f"it has {name!r} twice")
        found[name] = array
    return found


def _variables(file: SourceFile, byteorder: Literal["little", "big"]) -> Iterator[bytes]:
    """Yield the bytes of all variables, unpacked."""
    at = HEADER
    while at < file.size:
        kind, length = (int.from_bytes(file.read(place, 4), byteorder) for place in (at, at + 4))
        file.require(at, 8 + length)
        # A variable that is not compressed keeps its first eight bytes.
        yield from _inflated(file, at + 8, length) if kind == COMPRESSED else _pieces(file, at, 8 + length)
        at += 8 + length


def _inflated(file: SourceFile, offset: int, count: int) -> Iterator[bytes]:
    """Yield the bytes of a compressed variable, at most a piece at a time."""
    unpacker = zlib.decompressobj()
    for piece in _pieces(file, offset, count):
        while piece and not unpacker.eof:
            try:
                inflated = unpacker.decompress(piece, _PIECE)
            except zlib.error as error:
                raise ValueError(f"it is damaged: {error}") from error
            piece = unpacker.unconsumed_tail
            yield inflated
    if not unpacker.eof:
        raise ValueError("it is damaged: a compressed variable ends too early")


def _pieces(file: SourceFile, offset: int, count: int) -> Iterator[bytes]:
    for at in range(offset, offset + count, _PIECE):
        yield file.read(at, min(_PIECE, offset + count - at))
