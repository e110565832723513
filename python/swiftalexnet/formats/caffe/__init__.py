"""Caffe's `.caffemodel`, with or without a `.prototxt`, and its mean images: read and written.

The networks read images as Caffe's tools do: blue, green, red, 0 … 255.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from ...errors import CheckpointCorruptError, UnsupportedError
from ...files.source import SourceFile
from ..assembly import parameter_shapes
from ..chain import Chain
from ..contents import Contents, Options
from ..graphs import adopt_names
from ..stored import Stored
from ..templates import nodes_of
from .bare import chain_of_blobs
from .graph import chain_of_layers
from .inputs import Source, preprocessing_of, source_of
from .layers import Layer, layers_of
from .model_file import ModelFile, read_model_file
from .prototxt import read_prototxt

_COLORS = 3
_USUAL_SIZES = (227, 224)  # pixels: of Caffe's own networks, and of Oxford's


def contents(file: SourceFile, options: Options) -> Contents:
    """Read the headers of a `.caffemodel`, and the `.prototxt` if one is given.

    Raises
    ------
    CheckpointCorruptError
        It is not a Caffe model, has no weights, or is damaged.
    UnsupportedError
        It is in the format of 2013.
    ImportError
        protobuf is not installed.
    """
    model = read_model_file(file, options.operation)
    if not model.blobs:
        hint = "a mean image is for mean=, and a description of a network for prototxt="
        raise CheckpointCorruptError(f"{file} has no weights: {hint}")
    tensors = {stored.name: stored for blobs in model.blobs.values() for stored in blobs}
    form = "old layers" if model.net.layers else "new layers"
    metadata = {"name": model.net.name} if model.net.name else {}
    return Contents(f"Caffe ({form})", tensors, lambda: _chain(model, options, str(file)), metadata)


def _chain(model: ModelFile, options: Options, place: str) -> Chain:
    net = model.net if options.prototxt is None else read_prototxt(options.prototxt, options.operation)
    place = place if options.prototxt is None else f"{place} with {options.prototxt}"
    with _naming(place):
        if net.layer and net.layers:
            raise ValueError("the net has layers of the old and of the new form: Caffe refuses such nets")
        layers = layers_of(net, options.prototxt is None)
        if options.prototxt is None and not _has_graph(layers, model.blobs):
            found, source, notes = chain_of_blobs(model.blobs, options.variant, place), None, list[str]()
        else:
            source = source_of(net, layers)
            found, notes = _graph([layer for layer in layers if not layer.is_data], source, model.blobs, options)
        transform = None if source is None else source.transform
        own = model.net.swiftalexnet_preprocessing
        found.preprocessing = preprocessing_of(transform, own, found.input, found.variant, notes)
        found.reads_bgr = found.input[0] == _COLORS
        first = next((node for node in found.nodes if node.is_weighted), None)
        if first is None or (found.reads_bgr and first.kind != "convolution"):
            raise UnsupportedError("a network of colour images without a convolution first is not supported")
        found.notes += notes
    return found


def _has_graph(layers: Sequence[Layer], blobs: Mapping[str, list[Stored]]) -> bool:
    """Return whether each layer with blobs says what it is, what it reads, and how many outputs it has."""
    complete = {layer.name for layer in layers if layer.bottoms and layer.tops and layer.outputs != 0}
    return blobs.keys() <= complete


def _graph(
    layers: list[Layer], source: Source | None, blobs: Mapping[str, list[Stored]], options: Options
) -> tuple[Chain, list[str]]:
    """Return the network of layers and what was assumed or left out."""
    notes = []
    source = source or Source(layers[0].bottoms[0] if layers and layers[0].bottoms else "", 0, 0, 0, None)
    channels = source.channels or _channels(layers, blobs)
    if source.height != source.width:
        raise UnsupportedError(f"an input of {source.height} × {source.width} is not supported, expected a square")
    if source.height:
        found = chain_of_layers(layers, source.blob, (channels, source.height, source.height), blobs)
    else:
        found = _of_usual_size(layers, source.blob, channels, blobs, options.variant)
        notes.append(f"the net does not say how large its input is: {found.input[1]} pixels are assumed")
    left_out = blobs.keys() - {layer.name for layer in layers}
    if left_out:
        notes.append(f"layers of the file that the net does not have are left out: {', '.join(sorted(left_out))}")
    return adopt_names(found), notes


def _channels(layers: Sequence[Layer], blobs: Mapping[str, list[Stored]]) -> int:
    """Return the channels that the first convolution reads."""
    first = next((layer for layer in layers if layer.type == "Convolution"), None)
    weight = blobs.get(first.name) if first is not None else None
    if first is None or not weight or len(weight[0].shape) != 4:
        came = "the net says neither how large its input is nor how many channels it has"
        raise ValueError(f"{came}: pass prototxt= of a net that does, usually deploy.prototxt")
    return int(weight[0].shape[1] * first.fields.convolution_param.group)


def _of_usual_size(
    layers: Sequence[Layer], image: str, channels: int, blobs: Mapping[str, list[Stored]], variant: str | None
) -> Chain:
    """Return the network for the variant's size, or for the first usual size at which all blobs fit."""
    sizes = _USUAL_SIZES if variant is None else (nodes_of(variant, 0, 0, 0).input[1],)
    why = "its matrices have other sizes"
    for size in sizes:
        try:
            found = chain_of_layers(layers, image, (channels, size, size), blobs)
        except ValueError as error:
            why = str(error)
            continue
        if all(
            math.prod(shape) == sum(part.stored.size for part in found.parameters[name])
            for name, shape in parameter_shapes(found).items()
            if name in found.parameters
        ):
            return found
    pixels = " and ".join(map(str, sizes))
    came = f"the net does not say how large its input is, and {pixels} pixels do not fit ({why})"
    raise ValueError(f"{came}: pass prototxt= of a net that does, usually deploy.prototxt")


@contextmanager
def _naming(place: str) -> Iterator[None]:
    """Name the files in the errors of the block."""
    try:
        yield
    except CheckpointCorruptError:
        raise
    except UnsupportedError as error:
        raise UnsupportedError(f"{place}: {error}") from error
    except ValueError as error:
        raise ValueError(str(error) if str(error).startswith(place) else f"{place}: {error}") from error
