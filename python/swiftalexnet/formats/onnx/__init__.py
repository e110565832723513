"""ONNX: chains of the engine's nodes, as the model zoo, PyTorch's exporters and tf2onnx write them, and our own."""

from typing import Any

from ...errors import UnsupportedError
from ...files.source import SourceFile
from ..chain import MOST_NODES, Chain, plain_names
from ..contents import Contents, Options
from ..stored import FLOATS, Stored
from . import arrangement, pointwise, products, windows
from .constants import Constant
from .flow import NCHW, NHWC, Flow
from .front import Front
from .metadata import MEAN, WHITENING, with_metadata
from .operation import Operation
from .provenance import origin_of
from .reading import Reading
from .squares import or_step
from .structure import Structure, structure_of
from .tensors import attribute_tensors, bytes_beside, initializers_of
from .values import Value
from .walk import Handler, read_nodes, read_unknown

_MOST_OPERATIONS = 20 * MOST_NODES
_USUAL_SIZE = 224  # pixels, where the file leaves the size open
_LARGEST_SIZE = 1 << 15  # of an axis of the image
_MOST_CHANNELS = 4  # of an image, to tell NCHW from NHWC

_HANDLERS: dict[str, Handler] = {
    "Add": products.read_sum,
    "AveragePool": windows.read_average_pool,
    "BatchNormalization": products.read_batch_norm,
    "Cast": arrangement.read_same,
    "Constant": arrangement.read_constant,
    "Conv": windows.read_convolution,
    "Div": pointwise.read_quotient,
    "Dropout": pointwise.read_dropout,
    "Flatten": arrangement.read_flatten,
    "Gemm": products.read_gemm,
    "GlobalAveragePool": windows.read_global_average,
    "Identity": arrangement.read_same,
    "LRN": pointwise.read_response_norm,
    "MatMul": products.read_product,
    "MaxPool": windows.read_max_pool,
    "Mul": pointwise.read_multiplication,
    "Pad": windows.read_pad,
    "Pow": read_unknown,
    "ReduceMean": windows.read_mean,
    "Relu": pointwise.read_activation,
    "Reshape": arrangement.read_reshape,
    "Shape": arrangement.read_shape,
    "Sigmoid": pointwise.read_activation,
    "Slice": arrangement.read_slice,
    "Softmax": pointwise.read_softmax,
    "Squeeze": arrangement.read_squeeze,
    "Sub": pointwise.read_difference,
    "Tanh": pointwise.read_activation,
    "Transpose": arrangement.read_transpose,
    "Unsqueeze": arrangement.read_unsqueeze,
}


def contents(file: SourceFile, options: Options) -> Contents:
    """Read what an ONNX file has besides the data of its tensors.

    Raises
    ------
    ValueError
        It is damaged.
    UnsupportedError
        It is larger than ONNX files can be.
    ImportError
        `onnx` is not installed.
    """
    structure = structure_of(file, options.operation)
    tensors = initializers_of(file, structure)
    model = structure.model
    metadata = {"producer": f"{model.producer_name} {model.producer_version}".strip()}
    metadata |= {item.key: item.value for item in model.metadata_props}
    floats = {name: tensor for name, tensor in tensors.items() if tensor.dtype.char in FLOATS}
    return Contents("ONNX", floats, lambda: _chain(file, structure, tensors), metadata, bytes_beside(file, structure))


def _chain(file: SourceFile, structure: Structure, tensors: dict[str, Stored]) -> Chain:
    graph, model = structure.model.graph, structure.model
    if len(graph.node) > _MOST_OPERATIONS:
        raise ValueError(f"its graph has {len(graph.node):,} nodes, expected at most {_MOST_OPERATIONS:,}")
    opset = max((int(item.version) for item in model.opset_import if item.domain in ("", "ai.onnx")), default=1)
    operations = [
        Operation(proto, number, str(file), opset, attribute_tensors(file, structure, number))
        for number, proto in enumerate(graph.node)
    ]
    image, notes = _image(file, graph, tensors)
    values: dict[str, Value] = {name: Constant(tensor) for name, tensor in tensors.items()}
    (name,) = (item.name for item in graph.input if item.name not in tensors)
    values[name] = image
    reading = Reading(image.shape, values, Front.of(image), notes=notes)

    read_nodes(reading, operations, {kind: or_step(handler) for kind, handler in _HANDLERS.items()})
    if not any(node.is_weighted for node in reading.nodes):
        raise UnsupportedError(f"{file}: its graph has no layer with weights")
    if not any(isinstance(end := values.get(item.name), Flow) and end.place for item in graph.output):
        raise ValueError("no output of its graph is computed from its input")
    names = plain_names(reading.nodes)
    chain = Chain(
        reading.shape,
        [node._replace(name=names[node.name]) for node in reading.nodes],
        {_renamed(name, names): parts for name, parts in reading.parameters.items()},
        {_renamed(name, names): values for name, values in reading.factors.items()},
        unused=_unused(tensors, operations),
        notes=reading.notes,
    )
    _prepare(chain, reading, structure)
    properties = {item.key: item.value for item in model.metadata_props}
    return with_metadata(chain, properties, tensors, reading.front.acts)


def _unused(tensors: dict[str, Stored], operations: list[Operation]) -> list[str]:
    """Return the initialisers that may be weights and that no node reads."""
    read = {name for node in operations for name in node.inputs} | {MEAN, WHITENING}
    return [name for name, tensor in tensors.items() if tensor.dtype.char in FLOATS and name not in read]


def _prepare(chain: Chain, reading: Reading, structure: Structure) -> None:
    """Say how images are prepared: as the graph itself does, or else as its maker did."""
    own = reading.front.preprocessing(chain.input[1])
    if own is not None:
        chain.preprocessing = own
        chain.notes.append("images are prepared as the graph does with them before its first layer")
        return
    if reading.front.acts or reading.front.crop:
        raise UnsupportedError("the graph prepares images that are not square, or multiplies a channel by 0")
    weights = [part.stored.name for parts in chain.parameters.values() for part in parts]
    origin = origin_of(chain, str(structure.model.producer_name), weights)
    chain.notes.append(origin.note)
    chain.reads_bgr, chain.preprocessing = origin.reads_bgr, origin.preprocessing


def _renamed(parameter: str, names: dict[str, str]) -> str:
    layer, _, part = parameter.rpartition(".")
    return f"{names[layer]}.{part}"


def _image(file: SourceFile, graph: Any, tensors: dict[str, Stored]) -> tuple[Flow, list[str]]:
    """Return the image that the graph reads."""
    inputs = [item for item in graph.input if item.name not in tensors]
    if len(inputs) != 1:
        found = ", ".join(item.name[:40] for item in inputs[:5]) or "none"
        raise UnsupportedError(f"{file}: its graph has inputs {found}, expected one: the image")
    sizes = [int(dim.dim_value) for dim in inputs[0].type.tensor_type.shape.dim]
    if len(sizes) != 4:
        raise UnsupportedError(f"{file}: its input {inputs[0].name[:80]} has {len(sizes)} dimensions, expected 4")
    dims = NHWC if 1 <= sizes[3] <= _MOST_CHANNELS and not 1 <= sizes[1] <= _MOST_CHANNELS else NCHW
    sizes_by_axis = dict(zip(dims, sizes, strict=True))
    channels, height, width = (sizes_by_axis[axis] for axis in "CHW")
    notes = []
    if height <= 0 and width <= 0:
        height = width = _USUAL_SIZE
        notes.append(f"the file leaves the image's size open: {_USUAL_SIZE} pixels are assumed")
    if min(channels, height, width) < 1 or max(channels, height, width) > _LARGEST_SIZE:
        expected = f"expected fixed ones up to {_LARGEST_SIZE}"
        raise UnsupportedError(f"{file}: its input {inputs[0].name[:80]} has sizes {sizes}, {expected}")
    return Flow(0, (channels, height, width), dims), notes
