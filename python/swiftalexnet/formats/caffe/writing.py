"""A model as Caffe's two files: the weights in a `.caffemodel`, and the network for inference in a `.prototxt`."""

import json
from collections.abc import Mapping, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...errors import UnsupportedError
from ...files.atomic import check_size, replacing, write_all, write_atomically
from ...files.protobuf_wire import header
from ...files.safetensors import blocks
from ...network.base import BaseModel
from ...preprocessing.preprocessing import Preprocessing
from ..chain import Node, Shape, shapes_of
from . import schema
from .written_layers import layer_of, must_round_down

_DATA, _SHAPE = 5, 7  # the fields of a blob
_MOST_BYTES = (1 << 31) - 1  # of a protocol buffer
_COLORS = 3
_IN_PLACE = ("relu", "tanh", "sigmoid", "dropout")


class _Field(NamedTuple):
    """A field of a message of weights: what stands before the numbers of each array, and these."""

    start: bytes
    arrays: list[tuple[bytes, NDArray[np.float32]]]

    @property
    def size(self) -> int:
        """Bytes in the file."""
        return len(self.start) + sum(len(head) + array.nbytes for head, array in self.arrays)


def write(model: BaseModel, path: Path) -> None:
    """Write a model's weights to `path`, and its network beside them, with the ending `.prototxt`.

    The files read images as all of Caffe's do: a first convolution that reads red, green, blue is written to read blue,
    green, red. A mean image is a third file, with the ending `.binaryproto`. Weights keep their bits. Each file is
    replaced only when it is complete.

    Raises
    ------
    UnsupportedError
        Caffe has no layer for a node, named by the message: different pads on two sides, norms within a tower. Nothing
        has been written then.
    ImportError
        protobuf is not installed.
    OSError
        With the system's errno and the path; the old file of that name is unchanged.
    """
    nodes = [Node.parse(line) for line in model.spec.splitlines()[2:]]
    turned = _turned(model.input_shape, nodes)
    preprocessing = model.preprocessing
    if preprocessing.whitening is not None or preprocessing.learn_whitening is not None:
        raise UnsupportedError("export: whitened images are not supported in Caffe's files")
    if turned is not None:
        scale = None if preprocessing.scale is None else preprocessing.scale[::-1]
        preprocessing = preprocessing.replace(mean=preprocessing.mean[..., ::-1], scale=scale)
    has_image = preprocessing.mean.ndim == 3
    mean_file = path.with_suffix(".binaryproto")
    shapes = [model.input_shape, *shapes_of(model.spec)]
    places = list(zip(nodes, shapes, shapes[1:], strict=False))
    net = _net(model.variant, places, preprocessing, mean_file.name if has_image else "")
    rounded_down = {place[0].name for place in places if must_round_down(*place)}
    with model.network.hold("export", False):
        arrays = dict(model.parameters())
        if turned is not None:
            arrays[turned] = arrays[turned][:, ::-1]
        _write_fields(path, [_start(net, preprocessing), *(_layer(layer, arrays) for layer in net.layer)])
    write_atomically(path.with_suffix(".prototxt"), _text(net, preprocessing, rounded_down).encode())
    if has_image:
        _write_fields(mean_file, [_Field(b"", [_blob(preprocessing.mean.transpose(2, 0, 1)[np.newaxis])])])


def _turned(shape: Shape, nodes: Sequence[Node]) -> str | None:
    """Return the name of the weight that reads colours, or None if the images have none."""
    if shape[0] != _COLORS:
        return None
    first = next((node for node in nodes if node.is_weighted), None)
    if first is None or first.kind != "convolution":
        raise UnsupportedError("export: a network of colour images without a convolution first is not supported")
    return f"{first.name}.weight"


def _net(
    variant: str | None, places: Sequence[tuple[Node, Shape, Shape]], preprocessing: Preprocessing, mean_file: str
) -> Any:
    """Return the network of nodes, each with what it reads and writes; `mean_file` is empty if there is none."""
    net = schema.message("NetParameter", "export")
    net.name = variant or "network"
    data = net.layer.add(name="data", type="Input", top=["data"])
    data.input_param.shape.add(dim=[1, *places[0][1]])
    # Caffe does nothing with mean and scale here: they are for people, and for `load`.
    data.transform_param.mean_value.extend(preprocessing.with_pixel_mean().mean.tolist())
    if mean_file:
        data.transform_param.mean_file = mean_file
    scale = preprocessing.scale
    if scale is not None and (scale == scale[0]).all():
        data.transform_param.scale = float(scale[0])
    blob = "data"
    for node, before, after in places:
        layer = layer_of(node, before, after)
        if layer is not None:
            layer.bottom.append(blob)
            blob = blob if node.kind in _IN_PLACE else node.name
            layer.top.append(blob)
            net.layer.append(layer)
    return net


def _start(net: Any, preprocessing: Preprocessing) -> _Field:
    """Return what a `.caffemodel` has before its layers."""
    start = type(net)(name=net.name)
    pixel = preprocessing.with_pixel_mean()
    start.swiftalexnet_preprocessing = json.dumps({"mean": pixel.mean.tolist()} | pixel.to_json())
    return _Field(start.SerializeToString(), [])


def _layer(layer: Any, arrays: Mapping[str, NDArray[np.float32]]) -> _Field:
    names = [f"{layer.name}.{part}" for part in ("weight", "bias")]
    blobs = []
    for name in names:
        if name in arrays:
            head, array = _blob(arrays[name])
            blobs.append((header(schema.NEW_BLOBS, len(head) + array.nbytes) + head, array))
    own = layer.SerializeToString()
    size = _Field(own, blobs).size
    return _Field(header(schema.NEW_LAYERS, size) + own, blobs)


def _blob(array: NDArray[np.float32]) -> tuple[bytes, NDArray[np.float32]]:
    """Return a blob without its numbers, and these."""
    shape = schema.message("BlobShape", "export")
    shape.dim.extend(array.shape)
    packed = shape.SerializeToString()
    return header(_SHAPE, len(packed)) + packed + header(_DATA, array.nbytes), array


def _write_fields(path: Path, fields: Sequence[_Field]) -> None:
    """Write a message field by field, without a copy of its numbers."""
    total = sum(field.size for field in fields)
    if total > _MOST_BYTES:
        raise UnsupportedError(f"export: {total:,} bytes, where a file of Caffe has at most {_MOST_BYTES:,}")
    with replacing(path) as descriptor:
        for field in fields:
            write_all(descriptor, field.start)
            for head, array in field.arrays:
                write_all(descriptor, head)
                for block in blocks(array):
                    write_all(descriptor, memoryview(np.ascontiguousarray(block, "<f4").reshape(-1).view(np.uint8)))
        check_size(descriptor, total)


def _text(net: Any, preprocessing: Preprocessing, rounded_down: set[str]) -> str:
    """Return the prototxt, which says above how images are prepared.

    Caffe and OpenCV round pools up unless told otherwise, in words on which they differ: these are OpenCV's, and are
    left out unless a pool in `rounded_down` needs them.
    """
    from google.protobuf import text_format

    net = deepcopy(net)
    for layer in net.layer:
        if layer.type == "Pooling" and layer.name not in rounded_down:
            layer.pooling_param.ClearField("ceil_mode")
    colors = "in the order blue, green, red" if preprocessing.channels == _COLORS else "in the order of the channels"
    mean = preprocessing.with_pixel_mean().mean
    lines = [
        f"Images: resized to {preprocessing.resize} pixels, of which {preprocessing.crop} are cut out; values 0 … 255",
        f"Subtracted, {colors}: {_numbers(mean)}",
    ]
    if preprocessing.mean.ndim == 3:
        lines.append("  (the mean of each channel; the mean image is in the file of the same name, .binaryproto)")
    if preprocessing.scale is not None:
        lines.append(f"Then multiplied, {colors}, by: {_numbers(preprocessing.scale)}")
    if any(layer.lrn_param.HasField("k") for layer in net.layer):
        lines.append("k of a norm is for Caffe: OpenCV takes 1 whatever it is")
    if rounded_down:
        lines.append("ceil_mode: false is what OpenCV reads; for Caffe itself, from 2018 on, write round_mode: FLOOR")
    comment = "".join(f"# {line}\n" for line in lines)
    return comment + str(text_format.MessageToString(net, as_utf8=True))


def _numbers(values: NDArray[np.float32]) -> str:
    return ", ".join(f"{value:.9g}" for value in values)
