"""A model file without the data of its tensors: small, parsed by `onnx`, with the places of what was left out.

A parsed model holds every weight once more than the file does. So the outer levels of the file are scanned, what the
reader uses is copied, and the data of tensors are only remembered by their places.
"""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ..._support.optional import require
from ...errors import UnsupportedError
from ...files.protobuf_wire import LENGTH, MOST_BYTES, Field, WireScanner, header
from ...files.source import SourceFile

# Bytes without the data of tensors. A message of two bytes takes some 70 times as many when it is parsed.
STRUCTURE_LIMIT = 3 << 18

# Numbers of the fields, from onnx.proto.
_GRAPH, _INITIALIZER, _NODE, _ATTRIBUTE, _TENSOR = 7, 5, 1, 5, 5
_MODEL_FIELDS = {1, 2, 3, 8, 14}  # IR version, producer and its version, operator sets, metadata
_GRAPH_FIELDS = {2, 11, 12}  # name, inputs, outputs
_NODE_FIELDS = {1, 2, 3, 4, 7}  # inputs, outputs, name, operator, domain
_ATTRIBUTE_FIELDS = {1, 2, 3, 4, 7, 8, 20}  # name, float, integer, text, floats, integers, type
_TENSOR_FIELDS = {1, 2, 8, 13, 14}  # dimensions, type, name, external data, where the data are
FLOAT_DATA, INT32_DATA, INT64_DATA, RAW_DATA, DOUBLE_DATA, UINT64_DATA = 4, 5, 7, 9, 10, 11
_DATA = {FLOAT_DATA, INT32_DATA, INT64_DATA, RAW_DATA, DOUBLE_DATA, UINT64_DATA}


class Data(NamedTuple):
    """Where the data of a tensor lie: which of the fields for data, and its bytes in the file."""

    field: int
    offset: int
    length: int


@dataclass
class Structure:
    """A parsed model.

    Attributes
    ----------
    model : onnx.ModelProto
        Without the data of its tensors.
    initializers : list of Data or None
        In the order of `model.graph.initializer`; None if there are no data in the file.
    constants : dict of (int, str) to Data
        Of tensors in attributes of nodes, by the node's number and the attribute's name.
    """

    model: Any
    initializers: list[Data | None] = field(default_factory=list)
    constants: dict[tuple[int, str], Data | None] = field(default_factory=dict)


def structure_of(file: SourceFile, operation: str) -> Structure:
    """Scan and parse a file.

    Raises
    ------
    ValueError
        It is no model, or has too much besides tensors.
    UnsupportedError
        It is larger than a protocol buffer can be.
    ImportError
        `onnx` is not installed.
    """
    onnx = require("onnx", "onnx", operation)
    errors = require("google.protobuf.message", "onnx", operation)
    if file.size > MOST_BYTES:
        raise UnsupportedError(f"{file}: {file.size:,} bytes, where an ONNX file has at most {MOST_BYTES:,}")
    copier = _Copier(file)
    text = copier.model()
    structure = Structure(onnx.ModelProto(), copier.initializers)
    try:
        structure.model.ParseFromString(text)
    except errors.DecodeError as error:
        raise ValueError(f"its messages are damaged: {error}") from None
    nodes = structure.model.graph.node
    for (node, attribute), data in copier.constants.items():
        structure.constants[node, nodes[node].attribute[attribute].name] = data
    return structure


class _Copier:
    """Copies the levels of a model, from the outermost to tensors; each method returns one message."""

    def __init__(self, file: SourceFile):
        self._scanner, self._copied = WireScanner(file), 0
        self.initializers: list[Data | None] = []
        self.constants: dict[tuple[int, int], Data | None] = {}

    def model(self) -> bytes:
        out, graphs = bytearray(), 0
        for item in self._scanner.fields(0, self._scanner.file.size):
            if item.number == _GRAPH and item.wire == LENGTH:
                graphs += 1
                self._nest(out, item, self._graph(item))
            elif item.number in _MODEL_FIELDS:
                self._copy(out, item)
        if graphs != 1:
            raise ValueError(f"it has {graphs} graphs, expected one")
        return bytes(out)

    def _graph(self, graph: Field) -> bytes:
        out, nodes = bytearray(), 0
        for item in self._scanner.fields(graph.offset, graph.end):
            if item.number == _NODE and item.wire == LENGTH:
                self._nest(out, item, self._node(item, nodes))
                nodes += 1
            elif item.number == _INITIALIZER and item.wire == LENGTH:
                tensor, data = self._tensor(item)
                self.initializers.append(data)
                self._nest(out, item, tensor)
            elif item.number in _GRAPH_FIELDS:
                self._copy(out, item)
        return bytes(out)

    def _node(self, node: Field, number: int) -> bytes:
        out, attributes = bytearray(), 0
        for item in self._scanner.fields(node.offset, node.end):
            if item.number == _ATTRIBUTE and item.wire == LENGTH:
                self._nest(out, item, self._attribute(item, (number, attributes)))
                attributes += 1
            elif item.number in _NODE_FIELDS:
                self._copy(out, item)
        return bytes(out)

    def _attribute(self, attribute: Field, place: tuple[int, int]) -> bytes:
        out = bytearray()
        for item in self._scanner.fields(attribute.offset, attribute.end):
            if item.number == _TENSOR and item.wire == LENGTH:
                if place in self.constants:
                    raise ValueError(f"an attribute at byte {attribute.start:,} has two tensors")
                tensor, self.constants[place] = self._tensor(item)
                self._nest(out, item, tensor)
            elif item.number in _ATTRIBUTE_FIELDS:
                self._copy(out, item)
        return bytes(out)

    def _tensor(self, tensor: Field) -> tuple[bytes, Data | None]:
        out = bytearray()
        data = None
        for item in self._scanner.fields(tensor.offset, tensor.end):
            if item.number in _DATA:
                if data is not None or item.wire != LENGTH:
                    raise ValueError(f"the tensor at byte {tensor.start:,} has its data in several pieces")
                data = Data(item.number, item.offset, item.length)
            elif item.number in _TENSOR_FIELDS:
                self._copy(out, item)
        return bytes(out), data

    def _copy(self, out: bytearray, item: Field) -> None:
        self._count(item.end - item.start)
        out += self._scanner.file.read(item.start, item.end - item.start)

    def _nest(self, out: bytearray, item: Field, message: bytes) -> None:
        self._count(item.offset - item.start)
        out += header(item.number, len(message)) + message

    def _count(self, size: int) -> None:
        self._copied += size
        if self._copied > STRUCTURE_LIMIT:
            raise ValueError(f"it has more than {STRUCTURE_LIMIT:,} bytes besides the data of its tensors")
