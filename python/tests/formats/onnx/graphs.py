"""Small ONNX files for tests, and what the reference of the `onnx` package computes from them."""

import importlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from support import needs

from swiftalexnet.files.source import opened_source
from swiftalexnet.formats import onnx as reader
from swiftalexnet.formats.assembly import assemble
from swiftalexnet.formats.chain import Chain
from swiftalexnet.formats.contents import Options
from swiftalexnet.formats.malformed import malformed
from swiftalexnet.model import Model

onnx = needs("onnx")
helper = onnx.helper
numpy_helper = onnx.numpy_helper
ReferenceEvaluator = importlib.import_module("onnx.reference").ReferenceEvaluator

Node = onnx.NodeProto
Arrays = Mapping[str, np.ndarray[Any, Any]]


def node(kind: str, *inputs: str, to: str = "", **attributes: Any) -> Node:
    """Return a node named like its output: "x" unless told."""
    return helper.make_node(kind, list(inputs), [to or f"{kind.lower()}_out"], f"the_{kind}", **attributes)


def in_a_row(*steps: tuple[Any, ...], data: str = "data", **last: Any) -> list[Node]:
    """Return nodes that each read the output of the one before: (kind, further inputs…, attributes)."""
    nodes, top = [], data
    for number, (kind, *rest) in enumerate(steps):
        attributes = rest.pop() if rest and isinstance(rest[-1], dict) else {}
        nodes.append(helper.make_node(kind, [top, *rest], [f"t{number}"], f"{kind}{number}", **attributes))
        top = f"t{number}"
    return nodes


def proto(
    nodes: Sequence[Node],
    tensors: Arrays,
    shape: Sequence[Any] = (1, 3, 8, 8),
    opset: int = 17,
    data_type: int = onnx.TensorProto.FLOAT,
    outputs: Sequence[str] = (),
    **fields: Any,
) -> onnx.ModelProto:
    """Return a model that reads `data`; its outputs are those of the last node, unless told."""
    initializers = [numpy_helper.from_array(array, name) for name, array in tensors.items()]
    inputs = [helper.make_tensor_value_info("data", data_type, shape)]
    names = outputs or [nodes[-1].output[0]]
    results = [helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, ["n", "m"]) for name in names]
    graph = helper.make_graph(list(nodes), "small", inputs, results, initializers)
    fields = {"ir_version": 8, "producer_name": "a test", **fields}
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], **fields)


def saved(path: Path, model: onnx.ModelProto) -> Path:
    """Write a model as one file."""
    path.write_bytes(model.SerializeToString())
    return path


def read(path: Path) -> tuple[Model, Chain]:
    """Read a file to the end: the model, and the chain that it was made of."""
    with opened_source(path, "load") as file, malformed(file):
        chain = reader.contents(file, Options()).chain()
        return assemble(Model, chain, str(file)), chain


def reference(model: onnx.ModelProto, data: Any) -> Any:
    """Return the first output as the `onnx` package computes it."""
    return ReferenceEvaluator(model).run(None, {"data": data})[0]


def weights(seed: int = 0, **shapes: tuple[int, ...]) -> dict[str, np.ndarray[Any, Any]]:
    """Return random float32 arrays of the given shapes."""
    random = np.random.default_rng(seed)
    return {name: random.standard_normal(shape).astype(np.float32) / 2 for name, shape in shapes.items()}


def small_model() -> onnx.ModelProto:
    """Return a valid model of about 1 kB: a convolution, a pool and two dense layers."""
    nodes = in_a_row(
        ("Conv", "w", "b", {"pads": [1, 1, 1, 1]}),
        ("Relu",),
        ("MaxPool", {"kernel_shape": [3, 3], "strides": [3, 3]}),
        ("Reshape", "shape"),
        ("Dropout",),
        ("Gemm", "v", "c", {"transB": 1}),
    )
    tensors = weights(w=(2, 1, 3, 3), b=(2,), v=(3, 8), c=(3,)) | {"shape": np.array([-1, 8])}
    return proto(nodes, tensors, (1, 1, 6, 6))
