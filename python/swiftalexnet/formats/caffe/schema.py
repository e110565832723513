"""The messages of caffe.proto that networks of this kind use: no generated file, and a pool of our own."""

from functools import cache
from typing import Any

from ..._support.optional import require
from .tables import ENUMERATIONS, MESSAGES, OLD_TYPES

EXTRA = "caffe"

_VALUES = {
    name: dict(zip(words[::2], map(int, words[1::2]), strict=True))
    for name, *words in map(str.split, ENUMERATIONS.strip().splitlines())
}
POOL_METHODS, NORM_REGIONS = _VALUES["PoolMethod"], _VALUES["NormRegion"]

_OLD_TYPE_ROWS = [(int(number), old, new) for number, old, new in map(str.split, OLD_TYPES.strip().splitlines())]
TYPE_OF_OLD = {number: new for number, _, new in _OLD_TYPE_ROWS}

# Where the layers of a file lie, for the reader that leaves the blobs where they are.
OLD_LAYERS, NEW_LAYERS = 2, 100
OLD_BLOBS, NEW_BLOBS = 6, 7

OLDEST = (
    "is in Caffe's first format, of 2013: upgrade it with Caffe's tools upgrade_net_proto_binary and "
    "upgrade_net_proto_text"
)


def message(name: str, operation: str) -> Any:
    """Return an empty message.

    Raises
    ------
    ImportError
        protobuf is not installed; the error names the extra.
    """
    require("google.protobuf", EXTRA, operation)
    return _classes()[name]()


@cache
def _classes() -> dict[str, Any]:
    """Return the classes of all messages by name."""
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

    file = descriptor_pb2.FileDescriptorProto(name="swiftalexnet/caffe.proto", package="caffe", syntax="proto2")
    enumerations = _VALUES | {"V1LayerType": {old: number for number, old, _ in _OLD_TYPE_ROWS}}
    for name, values in enumerations.items():
        enumeration = file.enum_type.add(name=name)
        for label, number in values.items():
            enumeration.value.add(name=label, number=number)
    paragraphs = MESSAGES.strip().split("\n\n")
    for paragraph in paragraphs:
        name, *lines = paragraph.splitlines()
        message = file.message_type.add(name=name)
        for line in lines:
            _add_field(message, enumerations, *line.split())
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(file.SerializeToString())
    names = [paragraph.split("\n", 1)[0] for paragraph in paragraphs]
    return {name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"caffe.{name}")) for name in names}


def _add_field(message: Any, enumerations: Any, name: str, number: str, kinds: str, default: str | None = None) -> None:
    kind = kinds.rstrip("*+")
    field = message.field.add(name=name, number=int(number))
    field.label = field.LABEL_OPTIONAL if kind == kinds else field.LABEL_REPEATED
    if kind.islower() or kind[-1].isdigit():
        field.type = getattr(field, f"TYPE_{kind.upper()}")
    else:
        field.type = field.TYPE_ENUM if kind in enumerations else field.TYPE_MESSAGE
        field.type_name = f".caffe.{kind}"
    if kinds.endswith("+"):
        field.options.packed = True
    if default is not None:
        field.default_value = default
