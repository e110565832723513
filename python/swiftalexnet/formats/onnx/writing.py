"""A model as an ONNX file: operator set 17, logits and probabilities, and if wanted the preparation of the images.

The structure is made by `onnx`; the weights are written behind it, a piece at a time, from the engine's memory.
"""

import os
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ... import _native
from ..._support.optional import require
from ..._support.shown import shown
from ...errors import UnsupportedError
from ...files.atomic import check_size, check_target, replacing, write_all
from ...files.paths import as_path
from ...files.protobuf_wire import header
from ...network.base import BaseModel
from ...preprocessing.preprocessing import Preprocessing
from ..chain import Node, shapes_of
from .metadata import MEAN, WHITENING, properties_of
from .nodes_written import Written, write_node
from .rounded import RoundedGraph
from .structure import RAW_DATA

_NAME = "export"
_OPSET, _IR_VERSION = 17, 8
_GRAPH, _INITIALIZER = 7, 5
_LARGEST = 1_900_000_000  # bytes of weights within the file
_PIECE = 8 << 20
_ALIGNMENT = 4096  # of a tensor in a file of its own

Part = tuple[str, NDArray[Any]]


def write(model: BaseModel, path: str | os.PathLike[str], preprocessing: bool = False) -> None:
    """Write a model to an ONNX file, atomically.

    The input is `data`, the outputs are `logits` and `probabilities`, [batch, classes], or the `features` of a network
    without classes; the batch may have any size.
    A quantised model has QuantizeLinear and DequantizeLinear where the engine rounds, and its weights are int8.
    Weights of more than 1.9 GB lie in a second file beside it, named like it with `.data` behind.

    Parameters
    ----------
    model : Model
    path : path
    preprocessing : bool
        The input is uint8 images, [batch, resize, resize, channels], red, green, blue, resized to the model's own
        `preprocessing.resize`: the graph takes the centre, subtracts the mean and multiplies by the scale. Else it is
        float32, [batch, channels, height, width], prepared.

    Raises
    ------
    TypeError
        `preprocessing` is neither True nor False.
    UnsupportedError
        ONNX has no operators for a node; the message names it. Or the preprocessing whitens.
    NonFiniteError
        A weight is infinite or NaN.
    ValueError
        A quantised model's weights have been changed since.
    OSError
        The file cannot be written; an existing one is left untouched.
    ImportError
        `onnx` is not installed.
    """
    if not isinstance(preprocessing, bool):
        raise TypeError(f"{_NAME}: preprocessing is {shown(preprocessing)}, expected True or False")
    onnx = require("onnx", "onnx", _NAME)
    target = as_path(path, "path", _NAME)
    check_target(target)
    with model.network.hold(_NAME, False):
        model.network.require_finite(_native.VALUE, _NAME)
        proto, graph = _model(onnx, model, preprocessing)
        parts = list(graph.tensors.items())
        if sum(tensor.nbytes for _, tensor in parts) > _LARGEST:
            large = [part for part in parts if part[1].nbytes >= _ALIGNMENT]
            _write_beside(f"{target}.data", large)
            _add_external(onnx, proto, large, f"{target.name}.data")
            parts = [part for part in parts if part[1].nbytes < _ALIGNMENT]
        _write_model(onnx, target, proto, parts)


def _model(onnx: Any, model: BaseModel, prepares: bool) -> tuple[Any, Written]:
    """Return the model without its initialisers, and the graph with them."""
    helper, types = onnx.helper, onnx.TensorProto
    graph = Written(helper, _NAME)
    graph.tensors.update(model.parameters())
    channels, height, width = model.input_shape
    if prepares:
        size = model.preprocessing.resize
        data = helper.make_tensor_value_info("data", types.UINT8, ["batch", size, size, channels])
        _prepare(graph, model.preprocessing)
    else:
        data = helper.make_tensor_value_info("data", types.FLOAT, ["batch", channels, height, width])
        if model.preprocessing.mean.ndim == 3:
            graph.constant(MEAN, model.preprocessing.mean)
        if model.preprocessing.whitening is not None:
            graph.constant(WHITENING, model.preprocessing.whitening)
    nodes = [Node.parse(line) for line in model.spec.splitlines()[2:] if line.strip()]
    before, shapes = model.input_shape, shapes_of(model.spec)
    if model.has_classes and nodes[-1].kind != "softmax":
        nodes, shapes = [*nodes, Node.make("softmax", "softmax")], [*shapes, shapes[-1]]
    rounded = None if model.quantization is None else RoundedGraph(graph, model.quantization)
    followers = _followers(nodes)
    for node, after in zip(nodes, shapes, strict=True):
        if node.kind == "softmax":
            graph.flatten(node.name)
            _name_top(graph, "logits")
        if rounded is None or node.kind == "softmax":
            write_node(graph, node, before, after)
        else:
            rounded.write(node, before, after, followers[node.name])
        before = after
    names = ("logits", "probabilities") if model.has_classes else ("features",)
    _name_top(graph, names[-1])
    shape = ["batch", *before] if graph.is_map else ["batch", before[0]]
    outputs = [helper.make_tensor_value_info(name, types.FLOAT, shape) for name in names]
    made = helper.make_graph(graph.nodes, model.variant or "network", [data], outputs)
    proto = helper.make_model(
        made,
        opset_imports=[helper.make_opsetid("", _OPSET)],
        ir_version=_IR_VERSION,
        producer_name="swiftalexnet",
        producer_version=_native.VERSION,
    )
    properties = properties_of(model.variant, model.classes, model.source, model.preprocessing)
    helper.set_model_props(proto, properties)
    return proto, graph


def _followers(nodes: list[Node]) -> dict[str, str | None]:
    """Return the kind of the node behind each, None behind the last one before the softmax."""
    kinds = [node.kind for node in nodes if node.kind != "softmax"]
    return {node.name: kind for node, kind in zip(nodes, [*kinds[1:], None], strict=False)}


def _name_top(graph: Written, name: str) -> None:
    """Give the tensor behind the last node a name of its own."""
    graph.nodes[-1].output[0] = name
    graph.top = name


def _prepare(graph: Written, preprocessing: Preprocessing) -> None:
    """Crop, subtract the mean, multiply by the scale, and put the channels first."""
    if preprocessing.whitening is not None:
        raise UnsupportedError(f"{graph.operation}: preprocessing=True with a model that whitens its images")
    image = preprocessing.mean.ndim == 3
    if image:
        _subtract(graph, preprocessing)
    if preprocessing.crop != preprocessing.resize:
        first = (preprocessing.resize - preprocessing.crop) // 2
        starts = graph.constant("image.starts", [first, first], np.int64)
        ends = graph.constant("image.ends", [first + preprocessing.crop] * 2, np.int64)
        axes = graph.constant("image.axes", [1, 2], np.int64)
        graph.add("Slice", "image.crop", graph.top, starts, ends, axes)
    if not image:
        _subtract(graph, preprocessing)
    if preprocessing.scale is not None:
        graph.add("Mul", "image.multiply", graph.top, graph.constant("image.scale", preprocessing.scale))
    graph.add("Transpose", "image.transpose", perm=[0, 3, 1, 2])


def _subtract(graph: Written, preprocessing: Preprocessing) -> None:
    graph.add("Cast", "image.cast", to=1)
    graph.add("Sub", "image.subtract", graph.top, graph.constant("image.mean", preprocessing.mean))


# ---- Bytes ----


def _write_model(onnx: Any, path: Any, proto: Any, parts: list[Part]) -> None:
    """Write a model whose graph ends with the given initialisers: fields of a message may be joined."""
    graph = proto.graph.SerializeToString()
    heads = [_tensor_head(onnx, name, tensor) for name, tensor in parts]
    fields = [header(_INITIALIZER, len(head) + tensor.nbytes) for head, (_, tensor) in zip(heads, parts, strict=True)]
    proto.ClearField("graph")
    start = proto.SerializeToString()
    size = len(graph) + sum(map(len, fields)) + sum(map(len, heads)) + sum(tensor.nbytes for _, tensor in parts)
    start += header(_GRAPH, size)
    with replacing(path) as descriptor:
        write_all(descriptor, start + graph)
        for field, head, (_, tensor) in zip(fields, heads, parts, strict=True):
            write_all(descriptor, field + head)
            _write_tensor(descriptor, tensor)
        check_size(descriptor, len(start) + size)


def _tensor_head(onnx: Any, name: str, tensor: NDArray[Any]) -> bytes:
    """Return a TensorProto up to its raw data."""
    proto = onnx.TensorProto(name=name, dims=tensor.shape, data_type=_type(onnx, tensor))
    head: bytes = proto.SerializeToString() + header(RAW_DATA, tensor.nbytes)
    return head


def _type(onnx: Any, tensor: NDArray[Any]) -> Any:
    return onnx.helper.np_dtype_to_tensor_dtype(tensor.dtype)


def _write_tensor(descriptor: int, tensor: NDArray[Any]) -> None:
    little = tensor.dtype.newbyteorder("<")
    if tensor.ndim == 0:
        return write_all(descriptor, tensor.astype(little).tobytes())
    rows = max(_PIECE // max(tensor.nbytes // max(len(tensor), 1), 1), 1)
    for first in range(0, len(tensor), rows):
        write_all(descriptor, memoryview(np.ascontiguousarray(tensor[first : first + rows], little)).cast("B"))
    return None


def _write_beside(path: str, parts: list[Part]) -> None:
    """Write the tensors one after the other, each at a multiple of a page."""
    with replacing(path) as descriptor:
        for offset, (_, tensor) in _with_offsets(parts):
            write_all(descriptor, bytes(offset - os.lseek(descriptor, 0, os.SEEK_CUR)))
            _write_tensor(descriptor, tensor)


def _add_external(onnx: Any, proto: Any, parts: list[Part], location: str) -> None:
    """Add initialisers whose data lie in another file."""
    for offset, (name, tensor) in _with_offsets(parts):
        added = proto.graph.initializer.add(name=name, dims=tensor.shape, data_type=_type(onnx, tensor))
        added.data_location = onnx.TensorProto.EXTERNAL
        for key, value in (("location", location), ("offset", offset), ("length", tensor.nbytes)):
            added.external_data.add(key=key, value=str(value))


def _with_offsets(parts: list[Part]) -> Iterator[tuple[int, Part]]:
    offset = 0
    for part in parts:
        yield offset, part
        offset += -(-part[1].nbytes // _ALIGNMENT) * _ALIGNMENT
