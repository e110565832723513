"""The layers of a net as a chain of nodes, with the blobs that belong to them."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from ...errors import UnsupportedError
from .. import chain
from ..chain import Chain, Node, Part, Shape
from ..layouts import in_out
from ..stored import Stored
from .layers import Layer
from .nodes import node_of, unsupported


class _Step(NamedTuple):
    """A layer with its node, which reads a map of the shape."""

    layer: Layer
    node: Node
    input: Shape


def chain_of_layers(layers: Sequence[Layer], image: str, size: Shape, blobs: Mapping[str, list[Stored]]) -> Chain:
    """Return the network of layers in a line.

    Parameters
    ----------
    layers : sequence of Layer
        Without data.
    image : str
        The blob that the first layer reads.
    size : (int, int, int)
        Its channels, height and width.
    blobs : mapping of str to list of Stored
        By layer.

    Raises
    ------
    UnsupportedError
        A layer has no node, or reads what another than the layer before it wrote; the message names it.
    ValueError
        A layer has no blobs, or others than it needs; or its windows do not fit what it reads.
    """
    steps = list(_steps(_in_line(layers, image), size))
    unique = _unique_names(steps)
    names = chain.plain_names([step.node._replace(name=name) for step, name in zip(steps, unique, strict=True)])
    network = Chain(size, [], {})
    for step, unique_name in zip(steps, unique, strict=True):
        node = step.node._replace(name=names[unique_name])
        network.nodes.append(node)
        if node.is_weighted:
            network.parameters |= _parameters(step, node.name, blobs)
    return network


def _in_line(layers: Sequence[Layer], image: str) -> Iterator[Layer]:
    """Yield what computes; each layer must read what the one before it wrote, perhaps by way of a copy."""
    current, copies = image, dict[str, str]()
    for layer in layers:
        if layer.is_ignored:
            continue
        bottoms = [copies.get(bottom, bottom) for bottom in layer.bottoms]
        if layer.type == "Split" and len(bottoms) == 1:
            copies |= dict.fromkeys(layer.tops, bottoms[0])
            continue
        if len(bottoms) != 1 or not layer.tops:
            raise unsupported(layer, f"a layer with {len(bottoms)} inputs and {len(layer.tops)} outputs")
        if bottoms[0] != current:
            raise unsupported(layer, f"a branch: it reads {bottoms[0]!r} after {current!r} was computed")
        yield layer
        current = layer.tops[0]
        copies.pop(current, None)


def _steps(layers: Iterator[Layer], shape: Shape) -> Iterator[_Step]:
    """Yield the layers with their nodes; those that only flatten have none."""
    is_flat, step = False, None
    for layer in layers:
        if layer.type in ("Flatten", "Reshape"):
            is_flat |= _flattens(layer, shape)
            continue
        if is_flat and layer.type in ("Convolution", "Pooling", "LRN") and shape[1:] != (1, 1):
            raise unsupported(layer, f"a layer of type {layer.type} that reads a vector")
        try:
            node = node_of(layer, shape)
            if node is None:
                continue
            step = _Step(layer, node, shape)
            (shape,) = chain.shapes_of(chain.spec_text("net", shape, [node._replace(name="layer")]))
        except UnsupportedError as error:
            raise UnsupportedError(_naming(layer, error)) from None
        except ValueError as error:
            raise ValueError(_naming(layer, error)) from None
        yield step
    if step is None or (step.node.is_weighted and shape[1:] != (1, 1)):
        came = f"an answer that is a map of {shape[1]} × {shape[2]}"
        raise UnsupportedError(f"{came} is not supported, expected 1 × 1, as of smaller images")


def _naming(layer: Layer, error: Exception) -> str:
    name = f"layer {layer.name!r}"
    return str(error) if name in str(error) else f"{name}: {error}"


def _flattens(layer: Layer, shape: Shape) -> bool:
    """Return whether a layer makes a vector of a map; it may also leave it as it is."""
    if layer.type == "Flatten":
        fields = layer.fields.flatten_param if hasattr(layer.fields, "flatten_param") else None
        if fields is not None and (fields.axis != 1 or fields.end_axis not in (-1, 3)):
            raise unsupported(layer, f"flattening axes {fields.axis} to {fields.end_axis}")
        return True
    fields = layer.fields.reshape_param
    count = math.prod(shape)
    sizes = [shape[axis] if size == 0 and axis < 3 else size for axis, size in enumerate(fields.shape.dim[1:])]
    known = math.prod(size for size in sizes if size != -1)
    if sizes.count(-1) == 1 and known > 0 and count % known == 0:
        sizes = [count // known if size == -1 else size for size in sizes]
    if (fields.axis, fields.num_axes) != (0, -1) or (sizes != list(shape) and sizes != [count] + [1] * len(sizes[1:])):
        raise unsupported(layer, f"a shape of {list(fields.shape.dim)}")
    return len(sizes) == 1 or sizes[0] == count


def _unique_names(steps: Sequence[_Step]) -> list[str]:
    """Return the layers' names, each once: Caffe needs no different names for layers without weights."""
    weighted = [step.layer.name for step in steps if step.node.is_weighted]
    for place, name in enumerate(weighted):
        if name in weighted[:place]:
            raise ValueError(f"two layers with weights are named {name!r}")
    names: dict[str, None] = {}
    for step in steps:
        name, number = step.layer.name, 2
        while name in names:
            name, number = f"{step.layer.name}_{number}", number + 1
        names[name] = None
    return list(names)


def _parameters(step: _Step, name: str, blobs: Mapping[str, list[Stored]]) -> dict[str, list[Part]]:
    """Return the parameters of a weighted node."""
    layer, fields = step.layer, step.layer.fields
    is_convolution = layer.type == "Convolution"
    parameters = fields.convolution_param if is_convolution else fields.inner_product_param
    theirs = blobs.get(layer.name, [])
    if len(theirs) != 1 + parameters.bias_term:
        expected = "weights and bias" if parameters.bias_term else "weights"
        raise ValueError(f"layer {layer.name!r} has {len(theirs)} blobs in the file, expected {expected}")
    outputs = layer.outputs or 0
    if not is_convolution:
        weight = Part(_matrix(theirs[0]), in_out) if parameters.transpose else Part(_rows(theirs[0], outputs))
    elif step.node.kind == "dense":
        weight = Part(_rows(theirs[0], outputs))
    else:
        weight = Part(theirs[0])
    found = {f"{name}.weight": [weight]}
    if parameters.bias_term:
        found[f"{name}.bias"] = [Part(theirs[1].reshaped(theirs[1].size))]
    return found


def _rows(stored: Stored, outputs: int) -> Stored:
    """Return a matrix [out, in] that may be stored as [1, 1, out, in], or as the kernels of a convolution."""
    if len(stored.shape) > 2 and stored.shape[0] == outputs:
        return stored.reshaped(outputs, math.prod(stored.shape[1:]))
    return _matrix(stored)


def _matrix(stored: Stored) -> Stored:
    """Return a matrix without the axes of size 1 that old files have before it."""
    before, matrix = stored.shape[:-2], stored.shape[-2:]
    return stored.reshaped(*matrix) if before and math.prod(before) == 1 else stored
