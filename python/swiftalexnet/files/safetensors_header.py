"""The header of the package's own safetensors files: types, shapes and places of tensors, text, checksums.

Eight bytes tell its length; then comes JSON. `__metadata__` holds the format's version, sections of JSON, the SHA-256
of every tensor, and a checksum over all of that.
"""

import hashlib
import json
import math
import os
from collections.abc import Mapping
from io import BufferedReader
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._support.json import to_json
from ..errors import CheckpointCorruptError

FORMAT = "1"
_OWN_KEYS = FORMAT_KEY, DIGESTS_KEY, _CHECKSUM_KEY = "swiftalexnet.format", "sha256", "checksum"
LENGTH_BYTES = 8  # bytes before the header, which tell its length
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


def places_of(tensors: Mapping[str, NDArray[Any]]) -> dict[str, Tensor]:
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


def encoded(places: Mapping[str, Tensor], metadata: Mapping[str, str], digests: Mapping[str, str]) -> bytes:
    """Return the header and the 8 bytes before it; its length does not depend on the digests."""
    text = {**metadata, DIGESTS_KEY: to_json(digests)}
    header: dict[str, Any] = {"__metadata__": text | {_CHECKSUM_KEY: checksum(text)}}
    for name, tensor in places.items():
        offsets = [tensor.begin, tensor.end]
        header[name] = {"dtype": _TYPE_NAMES[tensor.dtype], "shape": list(tensor.shape), "data_offsets": offsets}
    encoded = json.dumps(header, separators=(",", ":")).encode()
    encoded += b" " * (-len(encoded) % _ALIGNMENT)
    return len(encoded).to_bytes(LENGTH_BYTES, "little") + encoded


def read_start(file: BufferedReader, path: object) -> bytes:
    """Return the header and the 8 bytes before it, reading no more of a file than they show to be ours."""
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
    """Return the header's text, whose checksum and version are right."""
    metadata = json.loads(start[LENGTH_BYTES:])["__metadata__"]
    if not isinstance(metadata, dict) or metadata.get(_CHECKSUM_KEY) != checksum(metadata):
        raise CheckpointCorruptError(f"{path} is damaged: the checksum of its header does not match")
    if (found := metadata.get(FORMAT_KEY)) != FORMAT:
        raise CheckpointCorruptError(f"{path} has format {found}, this version reads format {FORMAT}")
    return metadata


def sections_of(metadata: Mapping[str, str]) -> dict[str, Any]:
    """Return the sections that the text holds."""
    return {name: json.loads(text) for name, text in metadata.items() if name not in _OWN_KEYS}


def tensors_of(header: bytes) -> dict[str, Tensor]:
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
            raise ValueError(f"{name} has a shape or a place that is not a list of numbers")
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


def checksum(metadata: Mapping[str, Any]) -> str:
    """Return the checksum over the text, its own entry left out."""
    rest = sorted((name, value) for name, value in metadata.items() if name != _CHECKSUM_KEY)
    return hashlib.sha256(json.dumps(rest).encode()).hexdigest()
