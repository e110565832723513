"""A `.caffemodel`: its network without the blobs, and the blobs by layer, still in the file."""

from typing import Any, NamedTuple

from ...errors import CheckpointCorruptError, UnsupportedError
from ...files.protobuf_wire import LENGTH, Field, WireScanner
from ...files.source import SourceFile
from ..stored import Stored
from . import schema
from .blobs import read_blob

_MOST_LAYERS = 4096
_MOST_BLOBS = 64  # of a layer
_MOST_TENSORS = 10_000
_MOST_KEPT = 1 << 20  # bytes of everything but numbers; published networks have a tenth
_OLDEST_LAYER = 1  # the field of an old layer with one of 2013
_BLOBS = {schema.OLD_LAYERS: schema.OLD_BLOBS, schema.NEW_LAYERS: schema.NEW_BLOBS}


class ModelFile(NamedTuple):
    """What a `.caffemodel` holds.

    Attributes
    ----------
    net : NetParameter
        Without blobs.
    blobs : dict of str to list of Stored
        By layer, of those layers that have blobs, in the order of the file.
    """

    net: Any
    blobs: dict[str, list[Stored]]


def read_model_file(file: SourceFile, operation: str) -> ModelFile:
    """Read everything but the numbers.

    Raises
    ------
    CheckpointCorruptError
        It is not a Caffe model, is damaged, or two layers with blobs have one name.
    UnsupportedError
        It is in the format of 2013, which Caffe's own tool upgrades.
    """
    net = schema.message("NetParameter", operation)
    scanner, blobs = WireScanner(file), dict[str, list[Stored]]()
    kept, layers = bytearray(), list[Field]()
    for field in scanner.fields(0, file.size):
        if field.number in _BLOBS and field.wire == LENGTH:
            layers.append(field)
        else:
            _keep(file, field, kept)
    if len(layers) > _MOST_LAYERS:
        raise CheckpointCorruptError(f"{file} has more than {_MOST_LAYERS:,} layers")
    _parse(file, net, bytes(kept))
    tensors = 0
    for field in layers:
        layer = (net.layers if field.number == schema.OLD_LAYERS else net.layer).add()
        stored = _read_layer(scanner, field, layer, kept)
        if (tensors := tensors + len(stored)) > _MOST_TENSORS:
            raise CheckpointCorruptError(f"{file} has more than {_MOST_TENSORS:,} blobs")
        if stored and blobs.setdefault(layer.name, stored) is not stored:
            raise CheckpointCorruptError(f"{file} has two layers with weights named {layer.name!r}")
    return ModelFile(net, blobs)


def _read_layer(scanner: WireScanner, field: Field, layer: Any, kept: bytearray) -> list[Stored]:
    """Fill `layer` with a field's content without its blobs, and return these."""
    file, first, places = scanner.file, len(kept), []
    for part in scanner.fields(field.offset, field.end):
        if part.number == _BLOBS[field.number] and part.wire == LENGTH:
            places.append(part)
        elif field.number == schema.OLD_LAYERS and part.number == _OLDEST_LAYER:
            raise UnsupportedError(f"{file} {schema.OLDEST}")
        else:
            _keep(file, part, kept)
    _parse(file, layer, bytes(kept[first:]))
    if len(places) > _MOST_BLOBS:
        raise CheckpointCorruptError(f"{file}: layer {layer.name!r} has more than {_MOST_BLOBS} blobs")
    return [read_blob(scanner, part.offset, part.end, f"{layer.name}[{number}]") for number, part in enumerate(places)]


def _keep(file: SourceFile, field: Field, kept: bytearray) -> None:
    """Add a field, with its key, to what is parsed as a message."""
    size = field.end - field.start
    if len(kept) + size > _MOST_KEPT:
        came = f"field {field.number} at byte {field.start:,} has {size:,} bytes"
        raise CheckpointCorruptError(f"{file}: {came}, expected {_MOST_KEPT:,} for all that is not a weight")
    kept += file.read(field.start, size)


def _parse(file: SourceFile, message: Any, content: bytes) -> None:
    from google.protobuf.message import DecodeError

    try:
        message.ParseFromString(content)
    except DecodeError as error:
        raise CheckpointCorruptError(f"{file} is not a Caffe model, or is damaged: {error}") from error
