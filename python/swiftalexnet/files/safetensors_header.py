"""The header of the package's own safetensors files: types, shapes and offsets of tensors, text, checksums.

Eight bytes give its length; JSON follows. `__metadata__` contains the format's version, JSON sections, the SHA-256 of
every tensor, and a checksum over all of that.
"""

import hashlib
import json
import math
import os
from collections.abc import Container, Mapping
from io import BufferedReader
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._support.json import to_json
from ..errors import CheckpointCorruptError

FORMAT = "1"
_OWN_KEYS = FORMAT_KEY, DIGESTS_KEY, _CHECKSUM_KEY = "swiftalexnet.format", "sha256", "checksum"
LENGTH_BYTES = 8  # bytes before the header, with its length
HEADER_LIMIT = 1 << 20  # bytes; ours are a few kilobytes, and the format's own 100 MB invite abuse
_ALIGNMENT = 8  # of the first tensor
_MOST_DIMENSIONS = 32
NO_DIGEST = "0" * 64  # as long as any
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
    """A tensor's entry in the header; `begin` counts from the first tensor's first byte."""

    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    begin: int

    @property
    def size(self) -> int:
        """Number of elements."""
        return math.prod(self.shape)

    @property
    def end(self) -> int:
        """Offset of the next tensor."""
        return self.begin + self.size * self.dtype.itemsize


def places_of(tensors: Mapping[str, NDArray[Any]], half: Container[str] = ()) -> dict[str, Tensor]:
    """Return the entry of each tensor, those in `half` of 16 bits; the widest come first, so that all are aligned."""
    types = {name: _TYPES["F16"] if name in half else array.dtype.newbyteorder("<") for name, array in tensors.items()}
    places: dict[str, Tensor] = {}
    end = 0
    for name in sorted(tensors, key=lambda name: (-types[name].itemsize, name)):
        if types[name] not in _TYPE_NAMES:
            raise TypeError(f"tensor {name!r} has dtype {tensors[name].dtype}, expected one of {', '.join(_TYPES)}")
        places[name] = Tensor(types[name], tensors[name].shape, end)
        end = places[name].end
    return places


def encoded(places: Mapping[str, Tensor], metadata: Mapping[str, str], digests: Mapping[str, str]) -> bytes:
    """Return the header and the 8 bytes before it; its length does not depend on the digests."""
    text = {**metadata, DIGESTS_KEY: to_json(digests)}
    return encoded_plainly(places, text | {_CHECKSUM_KEY: checksum(text)})


def encoded_plainly(places: Mapping[str, Tensor], metadata: Mapping[str, str]) -> bytes:
    """Return a header of these tensors and this text, as every reader of safetensors understands it."""
    header: dict[str, Any] = {"__metadata__": metadata}
    for name, tensor in places.items():
        offsets = [tensor.begin, tensor.end]
        header[name] = {"dtype": _TYPE_NAMES[tensor.dtype], "shape": list(tensor.shape), "data_offsets": offsets}
    encoded = json.dumps(header, separators=(",", ":")).encode()
    encoded += b" " * (-len(encoded) % _ALIGNMENT)
    return len(encoded).to_bytes(LENGTH_BYTES, "little") + encoded


def read_start(file: BufferedReader, path: object) -> bytes:
    """Return the header and the 8 bytes before it; a file that is not ours is not read any further."""
    size = os.fstat(file.fileno()).st_size
    start = file.read(LENGTH_BYTES)
    length = int.from_bytes(start, "little")
    if len(start) < LENGTH_BYTES or length > min(HEADER_LIMIT, size - LENGTH_BYTES):
        raise CheckpointCorruptError(f"{path} is cut short or not a safetensors file ({size} bytes)")
    header = file.read(length)
    if FORMAT_KEY.encode() not in header:
        raise CheckpointCorruptError(f"{path} was not written by swiftalexnet, or its header is damaged")
    return start + header


def metadata_of(path: object, start: bytes) -> dict[str, str]:
    """Return the header's text after checking its checksum and version."""
    metadata = json.loads(start[LENGTH_BYTES:])["__metadata__"]
    if not isinstance(metadata, dict) or metadata.get(_CHECKSUM_KEY) != checksum(metadata):
        raise CheckpointCorruptError(f"{path} is damaged: the checksum of its header does not match")
    if (found := metadata.get(FORMAT_KEY)) != FORMAT:
        raise CheckpointCorruptError(f"{path} has format {found}, this version reads format {FORMAT}")
    return metadata


def sections_of(metadata: Mapping[str, str]) -> dict[str, Any]:
    """Return the sections in the text."""
    return {name: json.loads(text) for name, text in metadata.items() if name not in _OWN_KEYS}


def tensors_of(header: bytes) -> dict[str, Tensor]:
    """Return the header's entries of the tensors, which must follow each other without gaps."""
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
            raise ValueError(f"{name} has a shape or offsets that are not a list of numbers")
    if len(shape) > _MOST_DIMENSIONS:
        raise ValueError(f"{name} has {len(shape)} dimensions, expected at most {_MOST_DIMENSIONS}")
    begin, end = offsets
    tensor = Tensor(_TYPES[entry["dtype"]], tuple(shape), begin)
    if tensor.end != end:
        raise ValueError(f"{name} needs {tensor.end - begin} bytes, its offsets allow {end - begin}")
    return tensor


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse an object with a repeated key, of which programs use either the first or the last."""
    if len(found := dict(pairs)) != len(pairs):
        raise ValueError("its header repeats a key")
    return found


def checksum(metadata: Mapping[str, Any]) -> str:
    """Return the checksum over the text without its own entry."""
    rest = sorted((name, value) for name, value in metadata.items() if name != _CHECKSUM_KEY)
    return hashlib.sha256(json.dumps(rest).encode()).hexdigest()
