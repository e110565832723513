"""The package's own safetensors files, with everything checked by SHA-256.

Tensors are stored under their names; `__metadata__` contains text: the format's version, JSON sections, the SHA-256 of
every tensor, and a checksum over all of that. Any program with the safetensors library can open the files. They are
written and read here, in pieces, because that library needs the whole file in memory several times, and aborts the
process if memory is too small.

A file consists of 8 bytes with the length of the header, the header (JSON: type, shape and offsets of every tensor),
and the tensors one after another, in C order, little-endian.
"""

import hashlib
import json
import os
from collections.abc import Container, Generator, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from io import BufferedReader
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._support.arrays import copy_into, require_memory
from .._support.json import to_json
from .._support.threads import Task, Threads
from ..errors import MALFORMED, CheckpointCorruptError
from .atomic import check_size, replacing, write_all
from .paths import naming, open_regular
from .safetensors_header import (
    DIGESTS_KEY,
    FORMAT,
    FORMAT_KEY,
    HEADER_LIMIT,
    LENGTH_BYTES,
    NO_DIGEST,
    Tensor,
    encoded,
    encoded_plainly,
    metadata_of,
    places_of,
    read_start,
    sections_of,
    tensors_of,
)

PIECE = 8 << 20  # bytes in memory at a time, in addition to the tensor itself


def write(
    path: str | os.PathLike[str],
    tensors: Mapping[str, NDArray[Any]],
    sections: Mapping[str, Any],
    half: Container[str] = (),
) -> None:
    """Write tensors and JSON sections atomically, with at most `PIECE` bytes of copies at a time.

    Parameters
    ----------
    path : path
    tensors : mapping of str to array
        Of numbers or booleans, in any memory order; they must not change during the call.
    sections : mapping of str to JSON values
    half : container of str
        Tensors that are rounded to 16 bits; `read_into` turns them into float32 again.

    Raises
    ------
    OSError
        With the system's errno and the path. On any of these errors an existing file is unchanged.
    ValueError
        Sections and names are too long for `read`, or cannot be represented in JSON.
    """
    places = places_of(tensors, half)
    metadata = {FORMAT_KEY: FORMAT} | {name: to_json(value) for name, value in sections.items()}
    start = encoded(places, metadata, dict.fromkeys(places, NO_DIGEST))
    if (length := len(start) - LENGTH_BYTES) > HEADER_LIMIT:
        raise ValueError(f"{path} would need a header of {length} bytes, expected at most {HEADER_LIMIT}")
    with replacing(path) as descriptor:
        write_all(descriptor, start)  # with the final length; the digests follow
        digests = {name: _write_tensor(descriptor, tensors[name], places[name]) for name in places}
        os.lseek(descriptor, 0, os.SEEK_SET)
        write_all(descriptor, encoded(places, metadata, digests))
        check_size(descriptor, len(start) + max((place.end for place in places.values()), default=0))


def write_plainly(
    path: str | os.PathLike[str], tensors: Mapping[str, NDArray[Any]], metadata: Mapping[str, str]
) -> None:
    """Write tensors atomically for readers of other packages, without sections and checksums.

    Raises
    ------
    OSError
        As for `write`.
    """
    places = places_of(tensors)
    with replacing(path) as descriptor:
        write_all(descriptor, start := encoded_plainly(places, metadata))
        for name in places:
            _write_tensor(descriptor, tensors[name], places[name])
        check_size(descriptor, len(start) + max((place.end for place in places.values()), default=0))


@contextmanager
def opened(path: str | os.PathLike[str]) -> Iterator["Reader"]:
    """Open a file written by `write`; errors about malformed content in the block become CheckpointCorruptError.

    Raises
    ------
    OSError
        The file cannot be read, or is not a regular file.
    CheckpointCorruptError
        It is damaged, truncated, has another version, or was not written by this package.
    """
    with open_regular(path) as file, naming(path):
        try:
            reader = Reader(file, path)
            try:
                yield reader
            finally:
                reader.close()
        except CheckpointCorruptError:
            raise
        except MALFORMED as error:
            raise CheckpointCorruptError(f"{path} is damaged: {error}") from error


class Reader(Mapping[str, NDArray[Any]]):
    """An open file: its sections, and a mapping of names to tensors, which are read and checked on access.

    Attributes
    ----------
    sections : dict
    tensors : dict of str to Tensor
    """

    def __init__(self, file: BufferedReader, path: object):
        start = read_start(file, path)
        metadata = metadata_of(path, start)
        self.sections = sections_of(metadata)
        self.tensors = tensors_of(start[LENGTH_BYTES:])
        self._path, self._descriptor, self._start = path, file.fileno(), len(start)
        self._unread = set(self.tensors)
        # What has been read is hashed on a thread, while it is copied to its place and the next piece is read.
        self._hashing = Threads(1 if os.fstat(self._descriptor).st_size > PIECE else 0)
        self._digests = json.loads(metadata.get(DIGESTS_KEY, "null"))
        if not isinstance(self._digests, dict) or self._digests.keys() != self.tensors.keys():
            raise CheckpointCorruptError(f"{path} is damaged: its tensors are not those that were written")
        size = os.fstat(self._descriptor).st_size
        if size != self._start + max((tensor.end for tensor in self.tensors.values()), default=0):
            raise CheckpointCorruptError(f"{path} is cut short, or longer than its header says ({size} bytes)")

    def close(self) -> None:
        """End the thread that hashes."""
        self._hashing.close()

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
        """Read a tensor into memory of its type and shape, in any memory order.

        Parameters
        ----------
        finite : bool
            Refuse numbers that are not finite.

        Raises
        ------
        LookupError, TypeError, ValueError
            The file has no such tensor; `target` may have been partly written.
        """
        tensor = self._expect(name, target)
        self._read(name, _buffers(target, tensor.dtype), tensor, finite)

    def check(self, name: str, target: NDArray[Any], finite: bool = False) -> None:
        """Raise the errors of `read_into` without writing to `target`."""
        tensor = self._expect(name, target)
        self._read(name, _scratch(tensor), tensor, finite)

    def check_rest(self) -> None:
        """Check the tensors that have not been read."""
        for name in sorted(self._unread):
            self._read(name, _scratch(self.tensors[name]), self.tensors[name], False)

    def _expect(self, name: str, target: NDArray[Any]) -> Tensor:
        tensor = self.tensors[name]
        if tensor.dtype != target.dtype and not (tensor.dtype == "<f2" and target.dtype == np.float32):
            raise TypeError(f"{name} has dtype {tensor.dtype}, expected {target.dtype}")
        if tensor.shape != target.shape:
            raise ValueError(f"{name} has shape {tensor.shape}, expected {target.shape}")
        return tensor

    def _read(self, name: str, buffers: Iterator[NDArray[Any]], tensor: Tensor, finite: bool) -> None:
        """Fill buffers one after another, each hashed while the next is filled, and compare the hash."""
        digest, offset = _new_digest(tensor), self._start + tensor.begin
        hashed: Task[None] | None = None
        for buffer in buffers:
            data = _bytes_of(buffer)
            self._fill(data, offset)
            if hashed is not None:
                hashed.result()
            hashed = self._hashing.submit(partial(digest.update, data))
            if finite and not np.isfinite(buffer).all():
                raise ValueError(f"{name} holds values that are not finite")
            offset += len(data)
        if hashed is not None:
            hashed.result()
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
    """Return (tensors, sections) of a file written by `write`.

    Raises
    ------
    OSError, CheckpointCorruptError
        As for `opened`.
    """
    with opened(path) as file:
        return dict(file), file.sections


def read_sections(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Return the sections of a file written by `write`; the tensors are neither read nor checked.

    Raises
    ------
    OSError, CheckpointCorruptError
        As for `opened`.
    """
    with opened(path) as file:
        return file.sections


def _write_tensor(descriptor: int, array: NDArray[Any], tensor: Tensor) -> str:
    """Write an array and return its hash."""
    digest = _new_digest(tensor)
    for block in blocks(array):
        data = _bytes_of(np.ascontiguousarray(block, tensor.dtype))
        digest.update(data)
        write_all(descriptor, data)
    return digest.hexdigest()


def blocks(array: NDArray[Any]) -> Generator[NDArray[Any], None, None]:
    """Yield slices of at most `PIECE` bytes in C order: flat ones of contiguous memory, otherwise rows."""
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
            yield from blocks(array[at])


def _buffers(target: NDArray[Any], dtype: np.dtype[Any]) -> Iterator[NDArray[Any]]:
    """Yield contiguous buffers of a type to be filled; their content is then in `target`."""
    for block in blocks(target):
        if block.flags.c_contiguous and block.dtype == dtype:
            yield block
        else:
            piece = np.empty(block.shape, dtype)
            yield piece
            copy_into(block, piece)


def _scratch(tensor: Tensor) -> Iterator[NDArray[Any]]:
    """Yield two buffers in turn, as often as a whole tensor needs."""
    length = min(tensor.size, PIECE // tensor.dtype.itemsize)
    pieces = np.empty((2, length), tensor.dtype)
    for number, at in enumerate(range(0, tensor.size, max(length, 1))):
        yield pieces[number % 2, : tensor.size - at]


def _bytes_of(array: NDArray[Any]) -> memoryview:
    return memoryview(array.reshape(-1).view(np.uint8))


def _new_digest(tensor: Tensor) -> "hashlib._Hash":
    """Start the hash of type, shape and bytes."""
    return hashlib.sha256(f"{tensor.dtype.str} {tensor.shape}".encode())
