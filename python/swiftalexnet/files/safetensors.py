"""The package's own files: safetensors, with everything checked by SHA-256.

Tensors lie in the file under their names; `__metadata__` holds text: the format's version, sections of JSON, the
SHA-256 of every tensor, and a checksum over all of that. Any program with the safetensors library can open them. They
are written and read here, in pieces, because that library needs the whole file in memory several times, and ends the
process where it cannot have it.

The file: 8 bytes that tell the length of the header, the header (JSON: type, shape and place of every tensor), and the
tensors one after another, in C order, little-endian.
"""

import hashlib
import json
import math
import os
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from io import BufferedReader
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._support.arrays import require_memory
from .._support.json import to_json
from ..errors import MALFORMED, CheckpointCorruptError
from .atomic import check_size, replacing, write_all
from .paths import naming, open_regular

FORMAT = "1"
PIECE = 8 << 20  # bytes in memory at a time, beside the tensor itself
_OWN_KEYS = _FORMAT_KEY, _DIGESTS_KEY, _CHECKSUM_KEY = "swiftalexnet.format", "sha256", "checksum"
_LENGTH = 8  # bytes before the header, which tell its length
_HEADER_LIMIT = 1 << 20  # bytes; ours are a few kilobytes, and the format's own 100 MB invite abuse
_ALIGNMENT = 8  # of the first tensor
_MOST_DIMENSIONS = 32
_NO_DIGEST = "0" * 64  # as long as any

_TYPES = {
    name: np.dtype(kind)
    for name, kind in (
        *(("F64", "<f8"), ("F32", "<f4"), ("F16", "<f2")),
        *(("I64", "<i8"), ("I32", "<i4"), ("I16", "<i2"), ("I8", "i1")),
        *(("U64", "<u8"), ("U32", "<u4"), ("U16", "<u2"), ("U8", "u1"), ("BOOL", "?")),
    )
}
_TYPE_NAMES = {dtype: name for name, dtype in _TYPES.items()}


class Tensor(NamedTuple):
    """What the header says of a tensor; `begin` counts from the first tensor's first byte."""

    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    begin: int

    @property
    def size(self) -> int:
        """How many numbers it has."""
        return math.prod(self.shape)

    @property
    def end(self) -> int:
        """Where the next tensor begins."""
        return self.begin + self.size * self.dtype.itemsize


def write(path: str | os.PathLike[str], tensors: Mapping[str, NDArray[Any]], sections: Mapping[str, Any]) -> None:
    """Write tensors and JSON sections, atomically, with at most `PIECE` bytes of copies at a time.

    Parameters
    ----------
    path : path
    tensors : mapping of str to array
        Numbers or truth values of numpy's, in any order of memory; nobody may change them meanwhile.
    sections : mapping of str to JSON values

    Raises
    ------
    OSError
        With the system's errno and the path; an old file is untouched.
    ValueError
        Sections and names are more than `read` takes, or JSON cannot say them; an old file is untouched.
    """
    places = _places(tensors)
    metadata = {_FORMAT_KEY: FORMAT} | {name: to_json(value) for name, value in sections.items()}
    start = _start(places, metadata, dict.fromkeys(places, _NO_DIGEST))
    if (length := len(start) - _LENGTH) > _HEADER_LIMIT:
        raise ValueError(f"{path} would need a header of {length} bytes, expected at most {_HEADER_LIMIT}")
    with replacing(path) as descriptor:
        write_all(descriptor, start)  # its length is right, its digests follow
        digests = {name: _write_tensor(descriptor, tensors[name], places[name]) for name in places}
        os.lseek(descriptor, 0, os.SEEK_SET)
        write_all(descriptor, _start(places, metadata, digests))
        check_size(descriptor, len(start) + max((place.end for place in places.values()), default=0))


@contextmanager
def opened(path: str | os.PathLike[str]) -> Iterator["Reader"]:
    """Open a file that `write` wrote; whatever the block finds malformed is a CheckpointCorruptError.

    Raises
    ------
    OSError
        The file cannot be read, or is not a regular file.
    CheckpointCorruptError
        It is damaged, cut short, of another version, or not this package's.
    """
    with open_regular(path) as file, naming(path):
        try:
            yield Reader(file, path)
        except CheckpointCorruptError:
            raise
        except MALFORMED as error:
            raise CheckpointCorruptError(f"{path} is damaged: {error}") from error


class Reader(Mapping[str, NDArray[Any]]):
    """An open file: its sections, and a mapping of names to tensors, which are read and checked when asked for.

    Attributes
    ----------
    sections : dict
    tensors : dict of str to Tensor
    """

    def __init__(self, file: BufferedReader, path: object):
        start = _read_start(file, path)
        metadata = _metadata(path, start)
        self.sections = _sections(metadata)
        self.tensors = _tensors(start[_LENGTH:])
        self._path, self._descriptor, self._start = path, file.fileno(), len(start)
        self._unread = set(self.tensors)
        self._digests = json.loads(metadata.get(_DIGESTS_KEY, "null"))
        if not isinstance(self._digests, dict) or self._digests.keys() != self.tensors.keys():
            raise CheckpointCorruptError(f"{path} is damaged: it holds other tensors than were written")
        size = os.fstat(self._descriptor).st_size
        if size != self._start + max((tensor.end for tensor in self.tensors.values()), default=0):
            raise CheckpointCorruptError(f"{path} is cut short, or longer than its header says ({size} bytes)")

    def __getitem__(self, name: str) -> NDArray[Any]:
        tensor = self.tensors[name]
        require_memory(tensor.shape, tensor.dtype.itemsize, f"reading {self._path}")
        array = np.empty(tensor.shape, tensor.dtype)
        self.read_into(name, array)
        return array

    def __contains__(self, name: object) -> bool:
        return name in self.tensors

    def __iter__(self) -> Iterator[str]:
        return iter(self.tensors)

    def __len__(self) -> int:
        return len(self.tensors)

    def read_into(self, name: str, target: NDArray[Any], finite: bool = False) -> None:
        """Read a tensor into memory of its type and shape, in any order.

        Parameters
        ----------
        finite : bool
            Refuse numbers that are not.

        Raises
        ------
        LookupError, TypeError, ValueError
            The file has no such tensor; `target` may be written to in part.
        """
        tensor = self._expect(name, target)
        self._read(name, _buffers(target), tensor, finite)

    def check(self, name: str, target: NDArray[Any], finite: bool = False) -> None:
        """Raise what `read_into` would raise, without writing to `target`."""
        tensor = self._expect(name, target)
        self._read(name, _scratch(tensor), tensor, finite)

    def check_rest(self) -> None:
        """Check the tensors that nobody has asked for."""
        for name in sorted(self._unread):
            self._read(name, _scratch(self.tensors[name]), self.tensors[name], False)

    def _expect(self, name: str, target: NDArray[Any]) -> Tensor:
        tensor = self.tensors[name]
        if tensor.dtype != target.dtype:
            raise TypeError(f"{name} has dtype {tensor.dtype}, expected {target.dtype}")
        if tensor.shape != target.shape:
            raise ValueError(f"{name} has shape {tensor.shape}, expected {target.shape}")
        return tensor

    def _read(self, name: str, buffers: Iterator[NDArray[Any]], tensor: Tensor, finite: bool) -> None:
        """Fill buffers one after another, and compare the hash in the end."""
        digest, offset = _new_digest(tensor), self._start + tensor.begin
        for buffer in buffers:
            data = _bytes_of(buffer)
            self._fill(data, offset)
            digest.update(data)
            if finite and not np.isfinite(buffer).all():
                raise ValueError(f"{name} holds values that are not finite")
            offset += len(data)
        if digest.hexdigest() != self._digests[name]:
            raise CheckpointCorruptError(f"{self._path} is damaged: the SHA-256 of {name} does not match")
        self._unread.discard(name)

    def _fill(self, data: memoryview, offset: int) -> None:
        while data:
            count = os.preadv(self._descriptor, [data], offset)
            if not count:
                raise CheckpointCorruptError(f"{self._path} has been cut short since it was opened")
            data, offset = data[count:], offset + count


def read(path: str | os.PathLike[str]) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Return (tensors, sections) of a file that `write` wrote.

    Raises
    ------
    OSError, CheckpointCorruptError
        As `opened`.
    """
    with opened(path) as file:
        return dict(file), file.sections


def read_sections(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Return the sections of a file that `write` wrote; the tensors are neither read nor checked.

    Raises
    ------
    OSError, CheckpointCorruptError
        As `opened`.
    """
    with opened(path) as file:
        return file.sections


# ---- The header ----


def _places(tensors: Mapping[str, NDArray[Any]]) -> dict[str, Tensor]:
    """Return where each tensor goes: the widest numbers first, so that all are aligned."""
    types = {name: array.dtype.newbyteorder("<") for name, array in tensors.items()}
    places: dict[str, Tensor] = {}
    end = 0
    for name in sorted(tensors, key=lambda name: (-types[name].itemsize, name)):
        if types[name] not in _TYPE_NAMES:
            raise TypeError(f"tensor {name!r} has dtype {tensors[name].dtype}, expected one of {', '.join(_TYPES)}")
        places[name] = Tensor(types[name], tensors[name].shape, end)
        end = places[name].end
    return places


def _start(places: Mapping[str, Tensor], metadata: Mapping[str, str], digests: Mapping[str, str]) -> bytes:
    """Return the header and the 8 bytes before it; its length does not depend on the digests."""
    text = {**metadata, _DIGESTS_KEY: to_json(digests)}
    header: dict[str, Any] = {"__metadata__": text | {_CHECKSUM_KEY: _checksum(text)}}
    for name, tensor in places.items():
        offsets = [tensor.begin, tensor.end]
        header[name] = {"dtype": _TYPE_NAMES[tensor.dtype], "shape": list(tensor.shape), "data_offsets": offsets}
    encoded = json.dumps(header, separators=(",", ":")).encode()
    encoded += b" " * (-len(encoded) % _ALIGNMENT)
    return len(encoded).to_bytes(_LENGTH, "little") + encoded


def _read_start(file: BufferedReader, path: object) -> bytes:
    """Return the header and the 8 bytes before it, reading no more of a file than they show to be ours."""
    size = os.fstat(file.fileno()).st_size
    start = file.read(_LENGTH)
    length = int.from_bytes(start, "little")
    if len(start) < _LENGTH or length > min(_HEADER_LIMIT, size - _LENGTH):
        raise CheckpointCorruptError(f"{path} is cut short or not a safetensors file ({size} bytes)")
    header = file.read(length)
    if _FORMAT_KEY.encode() not in header:
        raise CheckpointCorruptError(f"{path} was not written by swiftalexnet, or its header is damaged")
    return start + header


def _metadata(path: object, start: bytes) -> dict[str, str]:
    """Return the header's text, whose checksum and version are right."""
    metadata = json.loads(start[_LENGTH:])["__metadata__"]
    if not isinstance(metadata, dict) or metadata.get(_CHECKSUM_KEY) != _checksum(metadata):
        raise CheckpointCorruptError(f"{path} is damaged: the checksum of its header does not match")
    if (found := metadata.get(_FORMAT_KEY)) != FORMAT:
        raise CheckpointCorruptError(f"{path} has format {found}, this version reads format {FORMAT}")
    return metadata


def _sections(metadata: Mapping[str, str]) -> dict[str, Any]:
    return {name: json.loads(text) for name, text in metadata.items() if name not in _OWN_KEYS}


def _tensors(header: bytes) -> dict[str, Tensor]:
    """Return what the header says of the tensors, which must lie one after another without a gap."""
    entries: dict[str, Any] = json.loads(header, object_pairs_hook=_unique)
    tensors = {name: _tensor(name, entry) for name, entry in entries.items() if name != "__metadata__"}
    end = 0
    for name, tensor in sorted(tensors.items(), key=lambda item: (item[1].begin, item[1].end)):
        if tensor.begin != end:
            raise ValueError(f"{name} begins at {tensor.begin}, expected {end}")
        end = tensor.end
    return tensors


def _tensor(name: str, entry: Any) -> Tensor:
    shape, offsets = entry["shape"], entry["data_offsets"]
    for numbers in (shape, offsets):
        if not isinstance(numbers, list) or not all(type(number) is int and number >= 0 for number in numbers):
            raise ValueError(f"{name} has a shape or a place that is no list of numbers")
    if len(shape) > _MOST_DIMENSIONS:
        raise ValueError(f"{name} has {len(shape)} dimensions, expected at most {_MOST_DIMENSIONS}")
    begin, end = offsets
    tensor = Tensor(_TYPES[entry["dtype"]], tuple(shape), begin)
    if tensor.end != end:
        raise ValueError(f"{name} takes {tensor.end - begin} bytes, its place has {end - begin}")
    return tensor


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse an object that names a key twice, of which programs take the first or the last."""
    if len(found := dict(pairs)) != len(pairs):
        raise ValueError("its header names something twice")
    return found


def _checksum(metadata: Mapping[str, Any]) -> str:
    rest = sorted((name, value) for name, value in metadata.items() if name != _CHECKSUM_KEY)
    return hashlib.sha256(json.dumps(rest).encode()).hexdigest()


# ---- The tensors, in pieces ----


def _write_tensor(descriptor: int, array: NDArray[Any], tensor: Tensor) -> str:
    """Write an array and return its hash."""
    digest = _new_digest(tensor)
    for block in _blocks(array):
        data = _bytes_of(np.ascontiguousarray(block, tensor.dtype))
        digest.update(data)
        write_all(descriptor, data)
    return digest.hexdigest()


def _blocks(array: NDArray[Any]) -> Generator[NDArray[Any], None, None]:
    """Yield views of at most `PIECE` bytes, in C order: of contiguous memory flat parts, of other memory rows."""
    if array.flags.c_contiguous:
        array = array.reshape(-1)
    if array.nbytes <= PIECE:
        yield array
        return
    rows = PIECE // (array.nbytes // len(array))
    for at in range(0, len(array), max(rows, 1)):
        if rows:
            yield array[at : at + rows]
        else:  # one is too large
            yield from _blocks(array[at])


def _buffers(target: NDArray[Any]) -> Iterator[NDArray[Any]]:
    """Yield contiguous memory to be filled, piece by piece, which then is in `target`."""
    for block in _blocks(target):
        if block.flags.c_contiguous:
            yield block
        else:
            piece = np.empty(block.shape, block.dtype)
            yield piece
            block[...] = piece


def _scratch(tensor: Tensor) -> Iterator[NDArray[Any]]:
    """Yield memory for a whole tensor, the same again and again."""
    piece = np.empty(min(tensor.size, PIECE // tensor.dtype.itemsize), tensor.dtype)
    for at in range(0, tensor.size, max(len(piece), 1)):
        yield piece[: tensor.size - at]


def _bytes_of(array: NDArray[Any]) -> memoryview:
    return memoryview(array.reshape(-1).view(np.uint8))


def _new_digest(tensor: Tensor) -> "hashlib._Hash":
    """Begin the hash of type, shape and bytes."""
    return hashlib.sha256(f"{tensor.dtype.str} {tensor.shape}".encode())
