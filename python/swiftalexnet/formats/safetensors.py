"""Safetensors files of other packages: torchvision's and timm's names, and ours."""

import json
from collections.abc import Mapping
from typing import Any

from ..files.safetensors_header import LENGTH_BYTES, Tensor, tensors_of
from ..files.source import SourceFile
from .chain import Chain
from .contents import Contents, Options
from .names.tensors import chain_by_names
from .stored import MOST_DIMENSIONS, Stored

_HEADER_LIMIT = 2 << 20  # bytes; JSON takes up to 30 times as many in memory, and the format allows 100 MB
_MOST_TENSORS = 10_000


def contents(file: SourceFile, options: Options) -> Contents:
    """Read the header of a safetensors file.

    Raises
    ------
    ValueError
        It is damaged, or its tensors overlap, leave gaps or do not end with the file.
    """
    length = int.from_bytes(file.read(0, LENGTH_BYTES), "little")
    if length > _HEADER_LIMIT:
        raise ValueError(f"its header has {length:,} bytes, expected at most {_HEADER_LIMIT:,}")
    header = file.read(LENGTH_BYTES, length)
    entries = tensors_of(header)
    if len(entries) > _MOST_TENSORS:
        raise ValueError(f"it has {len(entries):,} tensors, expected at most {_MOST_TENSORS:,}")
    start = LENGTH_BYTES + length
    if (end := start + max((entry.end for entry in entries.values()), default=0)) != file.size:
        raise ValueError(f"it has {file.size:,} bytes, its header says {end:,}")
    tensors = {name: _stored(file, name, entry, start) for name, entry in entries.items()}

    def chain() -> Chain:
        return chain_by_names(tensors, options, str(file))

    return Contents("safetensors", tensors, chain, _metadata(header))


def _stored(file: SourceFile, name: str, entry: Tensor, start: int) -> Stored:
    if len(entry.shape) > MOST_DIMENSIONS:
        raise ValueError(f"{name} has {len(entry.shape)} dimensions, expected at most {MOST_DIMENSIONS}")
    begin, itemsize = start + entry.begin, entry.dtype.itemsize

    def read(first: int, last: int) -> Any:
        return file.array(begin + first * itemsize, last - first, entry.dtype)

    return Stored(name, entry.shape, entry.dtype, read)


def _metadata(header: bytes) -> dict[str, str]:
    found: Any = json.loads(header).get("__metadata__", {})
    return {str(key): str(value) for key, value in found.items()} if isinstance(found, Mapping) else {}
