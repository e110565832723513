"""What a net reads: the blob of images, its size, and how images are prepared."""

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ...errors import UnsupportedError
from ...preprocessing.defaults import default_preprocessing
from ...preprocessing.preprocessing import Preprocessing
from ..chain import Shape
from .layers import Layer

# Blue, green, red. Of the mean image that Caffe's own networks subtract (examples/00-classification.ipynb), and of the
# networks of Simonyan and Zisserman (the page of their Caffe models).
MEAN_PIXEL = (104.00698793, 116.66876762, 122.67891434)
VGG_MEAN_PIXEL = (103.939, 116.779, 123.68)
_COLORS = 3
_SMALLEST_OF_IMAGENET = 64  # pixels: networks for smaller images read whole images


class Source(NamedTuple):
    """Where the images of a net come from.

    Attributes
    ----------
    blob : str
        Its name.
    channels, height, width : int
        0 if the file does not say.
    transform : message or None
        What Caffe does to the images of a data layer.
    """

    blob: str
    channels: int
    height: int
    width: int
    transform: Any


def source_of(net: Any, layers: Sequence[Layer]) -> Source | None:
    """Return the source of a net's images; None if the net has neither a data layer nor an `input`."""
    data = next((layer for layer in layers if layer.is_data), None)
    if data is not None:
        return _data_source(data)
    if not net.input:
        return None
    dims = list(net.input_shape[0].dim) if net.input_shape else list(net.input_dim[:4])
    return Source(net.input[0], *_sizes(dims), None)


def _data_source(layer: Layer) -> Source:
    if not layer.tops:
        raise UnsupportedError(f"layer {layer.name!r}: data without a name are not supported")
    transform = _transform(layer)
    channels, height, width = 0, 0, 0
    if layer.type == "Input" and layer.fields.input_param.shape:
        channels, height, width = _sizes(list(layer.fields.input_param.shape[0].dim))
    elif layer.type == "MemoryData":
        fields = layer.fields.memory_data_param
        channels, height, width = fields.channels, fields.height, fields.width
    crop = transform.crop_size or height
    return Source(layer.tops[0], channels, crop, transform.crop_size or width, transform)


def _transform(layer: Layer) -> Any:
    """Return how images are prepared; the oldest files have it among the parameters of their data."""
    own = layer.fields.transform_param
    names = {"Data": "data_param", "ImageData": "image_data_param", "WindowData": "window_data_param"}
    if layer.type in names and not layer.fields.HasField("transform_param"):
        old = getattr(layer.fields, names[layer.type])
        own = type(own)(scale=old.scale, crop_size=old.crop_size)
        if old.HasField("mean_file"):
            own.mean_file = old.mean_file
    return own


def _sizes(dims: list[int]) -> Shape:
    if not dims:
        return 0, 0, 0
    if len(dims) != 4 or min(dims[1:]) < 1:
        raise UnsupportedError(f"an input of {' × '.join(map(str, dims[:8]))} is not supported, expected N × C × H × W")
    return dims[1], dims[2], dims[3]


def preprocessing_of(transform: Any, own: str, size: Shape, variant: str | None, notes: list[str]) -> Preprocessing:
    """Return how images are prepared, channels in the order of the file: blue, green, red.

    Parameters
    ----------
    transform : message or None
        Of the net.
    own : str
        What this package adds to the files that it writes, in JSON; empty in all others.
    size : (int, int, int)
        Channels, height and width of the input.
    variant : str or None
        The catalogue's name.
    notes : list of str
        What is assumed is added to it.
    """
    mean_file = transform.mean_file if transform is not None else ""
    found = Preprocessing.from_json(**_own_fields(own)) if own else _in_caffe(transform, size, variant)
    if mean_file or not (own or (transform is not None and transform.mean_value)):
        why = (
            f"its mean image, {mean_file!r}, is another file"
            if mean_file
            else "it does not say which mean is subtracted"
        )
        notes.append(f"{why}: {', '.join(f'{value:g}' for value in found.mean)} is subtracted unless mean= is passed")
    return found


def _own_fields(own: str) -> dict[str, Any]:
    fields = json.loads(own)
    return {"mean": fields.pop("mean"), "fields": fields}


def _in_caffe(transform: Any, size: Shape, variant: str | None) -> Preprocessing:
    """Return what Caffe's tools do before a net: images squeezed to 256 × 256, of which the centre is cut out."""
    channels, side, _ = size
    is_vgg = (variant or "").startswith("vgg-")
    base = default_preprocessing(variant if is_vgg else "caffe", side, channels)
    resize = base.resize if side >= _SMALLEST_OF_IMAGENET else side
    values = list(transform.mean_value) if transform is not None else []
    if not values:
        values = list(VGG_MEAN_PIXEL if is_vgg else MEAN_PIXEL) if channels == _COLORS else [0.0]
    if len(values) not in (1, channels):
        raise ValueError(f"the net has {len(values)} mean values for {channels} channels")
    mean = np.broadcast_to(np.array(values, np.float32), channels)  # one number is for all
    scale = None
    if transform is not None and transform.scale != 1:
        scale = np.full(channels, transform.scale, np.float32)
    return Preprocessing(resize, side, mean, scale, base.resample, warp=base.warp, mean_at="crop")
