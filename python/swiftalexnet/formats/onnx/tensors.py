"""The tensors of a model: by type and shape, read from the model's file or from one beside it."""

import math
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import UnsupportedError
from ...files.source import SourceFile
from ..stored import MOST_DIMENSIONS, Stored
from .external import opened_beside, place_of
from .structure import DOUBLE_DATA, FLOAT_DATA, INT32_DATA, INT64_DATA, RAW_DATA, Data, Structure

_BFLOAT16 = 16
_EXTERNAL = 1
# By the numbers of TensorProto.DataType: how the raw bytes are read.
_DTYPES: dict[int, np.dtype[Any]] = {
    1: np.dtype("<f4"),
    2: np.dtype("u1"),
    6: np.dtype("<i4"),
    7: np.dtype("<i8"),
    9: np.dtype("?"),
    10: np.dtype("<f2"),
    11: np.dtype("<f8"),
    _BFLOAT16: np.dtype("<u2"),
}
_FIELDS = {1: FLOAT_DATA, 7: INT64_DATA, 11: DOUBLE_DATA}  # INT32_DATA holds the others, number by number
_OTHER = np.dtype("V1")
_PIECE = 1 << 20

Read = Callable[[int, int], NDArray[Any]]


def bytes_beside(file: SourceFile, structure: Structure) -> int:
    """Return the size of all files beside the model that its initialisers lie in."""
    protos = (proto for proto in structure.model.graph.initializer if proto.data_location == _EXTERNAL)
    locations = {entry.value for proto in protos for entry in proto.external_data if entry.key == "location"}
    return sum(_size_of(file, location) for location in locations)


def _size_of(file: SourceFile, location: str) -> int:
    with opened_beside(file.path, location) as beside:
        return beside.size


def initializers_of(file: SourceFile, structure: Structure) -> dict[str, Stored]:
    """Return the initialisers of a graph by name.

    Raises
    ------
    ValueError
        The data of one do not fit its shape and type, or two have one name.
    """
    tensors: dict[str, Stored] = {}
    for proto, data in zip(structure.model.graph.initializer, structure.initializers, strict=True):
        if proto.name in tensors:
            raise ValueError(f"it has two initialisers named {proto.name}")
        tensors[proto.name] = stored(file, proto, data, proto.name)
    return tensors


def attribute_tensors(file: SourceFile, structure: Structure, node: int) -> dict[str, Stored]:
    """Return the tensors in the attributes of a node, by the attribute's name: see `initializers_of`."""
    return {
        attribute.name: stored(file, attribute.t, structure.constants[node, attribute.name], attribute.name)
        for attribute in structure.model.graph.node[node].attribute
        if (node, attribute.name) in structure.constants
    }


def stored(file: SourceFile, proto: Any, data: Data | None, name: str) -> Stored:
    """Return a tensor, after checking that its data have the bytes that shape and type need.

    Raises
    ------
    ValueError
        They have not; or the file of external data is not one that may be read.
    """
    shape = tuple(int(size) for size in proto.dims)
    if len(shape) > MOST_DIMENSIONS or any(size < 0 for size in shape):
        raise ValueError(f"{name} has shape {shape[:MOST_DIMENSIONS]}, expected up to {MOST_DIMENSIONS} sizes")
    raw = _DTYPES.get(proto.data_type)
    if raw is None:
        reason = f"{file}: {name} has ONNX data type {proto.data_type}, which is not supported"
        return _unreadable(name, shape, reason)
    count = math.prod(shape)
    if proto.data_location == _EXTERNAL:
        entries = {entry.key: entry.value for entry in proto.external_data}
        read = _external(file, name, entries, count, raw)
    elif data is None:
        if count:
            raise ValueError(f"{name} of shape {shape} has no data")
        read = _empty(raw)
    elif data.field == RAW_DATA or (data.field == _FIELDS.get(proto.data_type) and data.field != INT64_DATA):
        if data.length != count * raw.itemsize:
            raise ValueError(f"{name} has {data.length:,} bytes, its shape {shape} needs {count * raw.itemsize:,}")
        read = _inline(file, data.offset, raw)
    elif data.field == _FIELDS.get(proto.data_type, INT32_DATA):
        read = _varints(file, name, data, count, raw)
    else:
        raise ValueError(f"{name} of ONNX data type {proto.data_type} has its data in field {data.field}")
    if proto.data_type == _BFLOAT16:
        return Stored(name, shape, np.dtype(np.float32), _widened(read))
    return Stored(name, shape, raw, read)


def _inline(file: SourceFile, offset: int, dtype: np.dtype[Any]) -> Read:
    return lambda start, stop: file.array(offset + start * dtype.itemsize, stop - start, dtype)


def _empty(dtype: np.dtype[Any]) -> Read:
    return lambda start, stop: np.empty(stop - start, dtype)


def _external(file: SourceFile, name: str, entries: dict[str, str], count: int, dtype: np.dtype[Any]) -> Read:
    place = place_of(entries, name, count * dtype.itemsize)

    # Opened and checked anew for each piece: no file is left open, and none can be put in its place.
    def read(start: int, stop: int) -> NDArray[Any]:
        with opened_beside(file.path, place.location) as beside:
            _require(beside)
            return beside.array(place.offset + start * dtype.itemsize, stop - start, dtype)

    def _require(beside: SourceFile) -> None:
        try:
            beside.require(place.offset, place.length)
        except ValueError as error:
            raise ValueError(f"{name} lies in {beside}: {error}") from None

    with opened_beside(file.path, place.location) as beside:
        _require(beside)
    return read


def _widened(read: Read) -> Read:
    """bfloat16 is the upper half of float32."""
    return lambda start, stop: (read(start, stop).astype(np.uint32) << 16).view(np.float32)


def _unreadable(name: str, shape: tuple[int, ...], reason: str) -> Stored:
    def read(start: int, stop: int) -> NDArray[Any]:
        raise UnsupportedError(reason)

    return Stored(name, shape, _OTHER, read)


def _varints(file: SourceFile, name: str, data: Data, count: int, dtype: np.dtype[Any]) -> Read:
    """Numbers of different lengths cannot be found by their index: all are read at once, when the first is needed."""
    if count > data.length:
        raise ValueError(f"{name} has {data.length:,} bytes of numbers, its shape needs {count:,}")

    @cache
    def whole() -> NDArray[Any]:
        unsigned = np.dtype(f"<u{dtype.itemsize}")
        out = np.empty(count, unsigned)
        at = 0
        for numbers in _numbers(file, data):
            if at + len(numbers) > count:
                break
            out[at : at + len(numbers)] = numbers  # the low bytes: negative numbers are written in 64 bits
            at += len(numbers)
        else:
            if at == count:
                return out.view(dtype)
        raise ValueError(f"{name} does not have {count:,} numbers, as its shape says")

    return lambda start, stop: whole()[start:stop]


def _numbers(file: SourceFile, data: Data) -> Iterator[NDArray[np.uint64]]:
    """Yield the VARINTs of a field in pieces."""
    at, end = data.offset, data.offset + data.length
    while at < end:
        octets = file.array(at, min(_PIECE, end - at), np.dtype("u1"))
        last = np.flatnonzero(octets < 0x80)
        if not len(last):
            raise ValueError("a number that does not end")
        first = np.concatenate([[0], last[:-1] + 1])
        lengths = last - first + 1
        if lengths.max() > 10:
            raise ValueError("a number of more than 10 bytes")
        numbers = np.zeros(len(last), np.uint64)
        for place in range(int(lengths.max())):
            has = lengths > place
            bits = (octets[first[has] + place] & 0x7F).astype(np.uint64)
            numbers[has] |= bits << np.uint64(7 * place)
        yield numbers
        at += int(last[-1]) + 1
