"""The package's own files: safetensors, with everything checked by SHA-256.

Tensors lie in the file under their names; `__metadata__` holds text: the format's version, sections of JSON, the
SHA-256 of every tensor, and a checksum over all of that. The safetensors library reads and writes; any program with
it can open the tensors.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from io import BufferedReader
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._json import to_json
from ..errors import MALFORMED, CheckpointCorruptError
from ..files import open_regular, write_atomically

FORMAT = "1"
_OWN_KEYS = _FORMAT_KEY, _DIGESTS_KEY, _CHECKSUM_KEY = "swiftalexnet.format", "sha256", "checksum"
_LENGTH = 8  # bytes before the header, which tell its length
_HEADER_LIMIT = 1 << 20  # bytes; ours are a few kilobytes, and the format's own 100 MB invite abuse


def write(path: str | os.PathLike[str], tensors: Mapping[str, NDArray[Any]], sections: Mapping[str, Any]) -> None:
    """Write tensors and JSON sections, atomically.

    Parameters
    ----------
    path : path
    tensors : mapping of str to array
        Any numpy types that safetensors knows.
    sections : mapping of str to JSON values

    Raises
    ------
    OSError
        With the system's errno; an old file is untouched.
    ValueError
        Sections and names are more than `read` takes, or JSON cannot say them; an old file is untouched.
    """
    from safetensors.numpy import save

    arrays = {name: np.ascontiguousarray(array) for name, array in tensors.items()}
    metadata = {_FORMAT_KEY: FORMAT} | {name: to_json(value) for name, value in sections.items()}
    metadata[_DIGESTS_KEY] = to_json({name: _digest(array) for name, array in arrays.items()})
    metadata[_CHECKSUM_KEY] = _checksum(metadata)
    data = save(arrays, metadata)
    if (length := int.from_bytes(data[:_LENGTH], "little")) > _HEADER_LIMIT:
        raise ValueError(f"{path} would need a header of {length} bytes, expected at most {_HEADER_LIMIT}")
    write_atomically(path, data)


def read(path: str | os.PathLike[str]) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Return (tensors, sections) of a file that `write` wrote.

    Raises
    ------
    OSError
        The file cannot be read, or is not a regular file.
    CheckpointCorruptError
        It is damaged, cut short, of another version, or not this package's.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    with open_regular(path) as file:
        start = _read_start(file, path)
        data = start + file.read()
    try:
        metadata = _metadata(path, start)
        tensors = load(data)
        _verify(path, tensors, metadata)
        return tensors, _sections(metadata)
    except CheckpointCorruptError:
        raise
    except (SafetensorError, ImportError, *MALFORMED) as error:  # ImportError: types that numpy does not know
        raise CheckpointCorruptError(f"{path} is damaged: {error}") from error


def read_sections(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Return the sections of a file that `write` wrote; the tensors are neither read nor checked.

    Raises
    ------
    OSError, CheckpointCorruptError
        As `read`.
    """
    with open_regular(path) as file:
        start = _read_start(file, path)
    try:
        return _sections(_metadata(path, start))
    except CheckpointCorruptError:
        raise
    except MALFORMED as error:
        raise CheckpointCorruptError(f"{path} is damaged: {error}") from error


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


def _verify(path: object, tensors: Mapping[str, NDArray[Any]], metadata: Mapping[str, str]) -> None:
    digests = json.loads(metadata.get(_DIGESTS_KEY, "null"))
    if not isinstance(digests, dict) or digests.keys() != tensors.keys():
        raise CheckpointCorruptError(f"{path} is damaged: it holds other tensors than were written")
    damaged = [name for name, array in tensors.items() if _digest(array) != digests[name]]
    if damaged:
        raise CheckpointCorruptError(f"{path} is damaged: the SHA-256 of {', '.join(damaged)} does not match")


def _digest(array: NDArray[Any]) -> str:
    """Hash type, shape and bytes."""
    contiguous = np.ascontiguousarray(array)
    hashed = hashlib.sha256(f"{array.dtype.str} {array.shape}".encode())
    hashed.update(contiguous.reshape(-1).view(np.uint8))
    return hashed.hexdigest()


def _checksum(metadata: Mapping[str, Any]) -> str:
    rest = sorted((name, value) for name, value in metadata.items() if name != _CHECKSUM_KEY)
    return hashlib.sha256(json.dumps(rest).encode()).hexdigest()
