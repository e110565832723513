"""MatConvNet's .mat files: a cell array of layers, weights as [height, width, in, out] in MATLAB's order.

Rules: the MatConvNet manual (Vedaldi, Lenc 2014), and vl_nnconv, vl_nnpool, vl_nnnormalize. Channels are red, green,
blue.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import UnsupportedError
from ..files.matlab import variables_of
from ..files.matlab_arrays import MatArray
from ..files.matlab_hdf5 import variables_in_hdf5
from ..files.source import SourceFile
from .chain import (
    MOST_NODES,
    Chain,
    Node,
    Part,
    Shape,
    average_pool,
    convolution,
    dense,
    dropout,
    max_pool,
    plain_names,
    response_norm,
    shapes_of,
    spec_text,
)
from .contents import Contents, Options
from .layouts import Array, Layout
from .matconvnet_images import classes_of, input_shape, preprocessing_of
from .stored import Stored

_HDF5 = b"MATLAB 7.3"


def contents(file: SourceFile, options: Options) -> Contents:
    """Read the headers of one of MatConvNet's files.

    Raises
    ------
    ImportError
        It is of MATLAB's version 7.3, and h5py is not installed.
    CheckpointCorruptError, ValueError
        It is damaged, or holds no layers.
    UnsupportedError
        It holds arrays or layers of another kind.
    """
    is_hdf5 = file.read(0, min(file.size, len(_HDF5))) == _HDF5
    variables = variables_in_hdf5(file, options.operation) if is_hdf5 else variables_of(file)
    network = _network(variables, str(file))
    layers = network["layers"].cells
    tensors = {stored.name: stored for layer in layers for stored in _weights(layer)}
    return Contents("MatConvNet (.mat)", tensors, lambda: _chain(network, str(file)))


def _network(variables: dict[str, MatArray], place: str) -> dict[str, MatArray]:
    """Return the fields of the network, which may be a variable of its own."""
    for name in ("net", "network"):
        if name in variables and "layers" not in variables:
            variables = {key: arrays[0] for key, arrays in variables[name].fields.items() if len(arrays) == 1}
    if "layers" not in variables or not variables["layers"].cells:
        raise ValueError(f"{place} has no cell array of layers: it has {', '.join(list(variables)[:5]) or 'nothing'}")
    return variables


def _weights(layer: MatArray) -> list[Stored]:
    """Return filters and biases of a layer: `weights`, or fields of their own in the first versions."""
    name = text_of(layer, "name")
    weights = layer.get("weights")
    arrays = weights.cells if weights is not None else [layer.get(key) for key in ("filters", "biases")]
    found = zip(("filters", "biases"), arrays, strict=False)
    return [_stored(f"{name}.{key}", array) for key, array in found if array is not None and array.size]


def _stored(name: str, array: MatArray) -> Stored:
    """Return an array with its dimensions turned round, as C order has them: filters are [out, in, width, height]."""
    if array.dtype is None:
        raise ValueError(f"{name} holds no numbers")
    dims = (*array.dims, 1, 1)[: max(4, len(array.dims))] if name.endswith(".filters") else (array.size,)
    return Stored(name, dims[::-1], array.dtype, array.numbers)


def _chain(network: dict[str, MatArray], place: str) -> Chain:
    builder = _Builder(input_shape(network, place), place)
    for number, layer in enumerate(network["layers"].cells):
        kind = text_of(layer, "type")
        if (add := _KINDS.get(kind)) is None:
            raise UnsupportedError(f"{place}: layer {number + 1}, {text_of(layer, 'name')!r}, is of type {kind!r}")
        add(builder, layer, builder.name(layer, kind))
    chain = builder.chain()
    chain.preprocessing = preprocessing_of(network, chain, place)
    names, outputs = classes_of(network), chain.shapes()[-1][0]
    if names is not None and len(names) != outputs:
        chain.notes.append(f"the names of {len(names)} classes were left out: the network has {outputs} outputs")
        names = None
    chain.classes = names
    return chain


class _Builder:
    """The chain so far."""

    def __init__(self, input_shape: Shape, place: str):
        self.input, self.place = input_shape, place
        self.nodes: list[Node] = []
        self.parameters: dict[str, list[Part]] = {}

    @property
    def shape(self) -> Shape:
        """Channels, height and width of what the nodes so far return."""
        return self.shape_after([])

    def shape_after(self, more: list[Node]) -> Shape:
        """Return the shape of what the nodes so far and some more return."""
        nodes = [*self.nodes, *more]
        return shapes_of(spec_text("matconvnet", self.input, nodes))[-1] if nodes else self.input

    def name(self, layer: MatArray, kind: str) -> str:
        """Return a name that no node has."""
        base = text_of(layer, "name") or kind
        taken = {node.name for node in self.nodes}
        return next(name for number in range(1, MOST_NODES + 2) if (name := _numbered(base, number)) not in taken)

    def add(self, node: Node) -> None:
        """Add a node."""
        if len(self.nodes) >= MOST_NODES - 1:
            raise UnsupportedError(f"{self.place}: it has more than {MOST_NODES:,} layers")
        self.nodes.append(node)

    def chain(self) -> Chain:
        """Return the chain, with names that the engine accepts."""
        names = plain_names(self.nodes)
        nodes = [node._replace(name=names[node.name]) for node in self.nodes]
        split = ((key.rpartition("."), parts) for key, parts in self.parameters.items())
        return Chain(self.input, nodes, {f"{names[layer]}.{part}": parts for (layer, _, part), parts in split})


def _numbered(base: str, number: int) -> str:
    return base if number == 1 else f"{base}_{number}"


def _convolution(builder: _Builder, layer: MatArray, name: str) -> None:
    weights = {stored.name.rpartition(".")[2]: stored for stored in _weights(layer)}
    if (filters := weights.get("filters")) is None or len(filters.shape) != 4:
        raise ValueError(f"{builder.place}: layer {name} has no filters of 4 dimensions")
    if any(value != 1 for value in integers(layer, "dilate", [1], builder.place)):
        raise UnsupportedError(f"{builder.place}: layer {name} is dilated")
    outputs, inputs, width, height = filters.shape
    (channels, rows, columns), stride = builder.shape, _stride(builder, layer, name)
    sides = _sides(builder, layer, name)
    if (height, width) == (rows, columns) and not any(sides) and inputs == channels:
        # A convolution over the whole map: what other packages call a dense layer.
        node, layout = dense(name, outputs), _whole_map(rows, columns)
    elif height == width:
        groups = channels // inputs if inputs and channels % inputs == 0 else 1
        node, layout = convolution(name, outputs, height, stride, sides, groups), _turned
    else:
        raise UnsupportedError(f"{builder.place}: layer {name} has filters of {height} × {width}, expected a square")
    builder.add(node)
    builder.parameters[f"{name}.weight"] = [Part(filters, layout)]
    if (biases := weights.get("biases")) is not None:
        builder.parameters[f"{name}.bias"] = [Part(biases)]


def _turned(array: Array) -> Array:
    """[out, in, width, height] of a convolution."""
    return array.transpose(0, 1, 3, 2)


def _whole_map(height: int, width: int) -> Layout:
    """Return the layout [out, in, width, height] of a dense layer."""
    return lambda array: _turned(array.reshape(len(array), -1, height, width))


def _pool(builder: _Builder, layer: MatArray, name: str) -> None:
    size = integers(layer, "pool", [], builder.place)
    if len(set(size)) != 1:
        raise UnsupportedError(f"{builder.place}: layer {name} pools {size}, expected a square")
    kernel, stride, sides = size[0], _stride(builder, layer, name), _sides(builder, layer, name)
    make: dict[str, Callable[..., Node]] = {"max": max_pool, "avg": average_pool}
    if (method := text_of(layer, "method") or "max") not in make:
        raise UnsupportedError(f"{builder.place}: layer {name} pools by {method!r}, expected max or avg")
    node = make[method](name, kernel, stride, sides)
    # Zeros below and at the right are MatConvNet's way to round up; the engine, like Caffe, has a word for that.
    for ceil_mode in (False, True):
        plain = make[method](name, kernel, stride, 0, ceil_mode)
        if sides[:2] == [0, 0] and builder.shape_after([plain]) == builder.shape_after([node]):
            node = plain
            break
    builder.add(node)


def _normalize(builder: _Builder, layer: MatArray, name: str) -> None:
    param = layer.get("param")
    if param is None or param.size != 4:
        raise ValueError(f"{builder.place}: layer {name} has no param [N kappa alpha beta]")
    size, k, alpha, beta = (float(value) for value in param.numbers(0, 4))
    if not np.isfinite([size, k, alpha, beta]).all() or not size.is_integer() or size % 2 != 1:
        raise UnsupportedError(
            f"{builder.place}: layer {name} normalises over {size:g} channels, expected an odd number"
        )
    # MatConvNet's alpha is not divided by the number of channels.
    builder.add(response_norm(name, int(size), alpha * size, beta, k, alpha_over_n=True))


def _relu(builder: _Builder, layer: MatArray, name: str) -> None:
    leak = layer.get("leak")
    if leak is not None and leak.numbers(0, 1)[0] != 0:
        raise UnsupportedError(f"{builder.place}: layer {name} is a leaky ReLU")
    builder.add(Node.make("relu", name))


def _sigmoid(builder: _Builder, layer: MatArray, name: str) -> None:
    builder.add(Node.make("sigmoid", name))


def _dropout(builder: _Builder, layer: MatArray, name: str) -> None:
    rate = layer.get("rate")
    probability = 0.5 if rate is None else float(rate.numbers(0, 1)[0])
    if not 0 <= probability < 1:
        raise ValueError(f"{builder.place}: layer {name} has rate {probability:g}, expected 0 to below 1")
    builder.add(dropout(name, probability))


def _softmax(builder: _Builder, layer: MatArray, name: str) -> None:
    builder.add(Node.make("softmax", name))


_KINDS: dict[str, Callable[[_Builder, MatArray, str], None]] = {
    "conv": _convolution,
    "pool": _pool,
    "normalize": _normalize,
    "lrn": _normalize,
    "relu": _relu,
    "sigmoid": _sigmoid,
    "dropout": _dropout,
    "softmax": _softmax,
    "softmaxloss": _softmax,
}


def _stride(builder: _Builder, layer: MatArray, name: str) -> int:
    stride = integers(layer, "stride", [1], builder.place)
    if len(set(stride)) != 1 or stride[0] < 1:
        raise UnsupportedError(f"{builder.place}: layer {name} has stride {stride}, expected one number")
    return stride[0]


def _sides(builder: _Builder, layer: MatArray, name: str) -> list[int]:
    """Return the padding as top, left, bottom, right; MatConvNet has top, bottom, left, right."""
    pad = integers(layer, "pad", [0], builder.place)
    if len(pad) not in (1, 4):
        raise ValueError(f"{builder.place}: layer {name} has pad {pad}, expected 1 or 4 numbers")
    top, bottom, left, right = pad * 4 if len(pad) == 1 else pad
    return [top, left, bottom, right]


def text_of(struct: MatArray, name: str) -> str:
    """Return a field that is a text, "" if it is missing."""
    found = struct.get(name)
    return (found.text or "") if found is not None else ""


def integers(struct: MatArray, name: str, default: list[int], place: str) -> list[int]:
    """Return a field of up to four whole numbers from 0 up."""
    if (found := struct.get(name)) is None:
        return default
    values: NDArray[Any] = found.numbers(0, min(found.size, 5)).astype(np.float64)
    if (
        len(values) > 4
        or not np.isfinite(values).all()
        or not ((values >= 0) & (values % 1 == 0) & (values < 1e6)).all()
    ):
        raise ValueError(f"{place}: field {name} of a layer is {values[:5]}, expected up to 4 whole numbers")
    return [int(value) for value in values]
