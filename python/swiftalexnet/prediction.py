"""Classify pictures and read out features: any picture in, probabilities or activations out."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from . import _native
from ._arrays import as_integer, as_output, layout_code, require_memory
from .aliases import node_name
from .evaluation import check_crops
from .images import Files, as_pictures, iterate_squares
from .loading import Loader, in_order

if TYPE_CHECKING:
    from .networks import Model

Float32 = NDArray[np.float32]


@dataclass(frozen=True)
class Prediction:
    """The likeliest classes of one picture, best first.

    Attributes
    ----------
    labels : tuple of int
        Indices of the classes.
    classes : tuple of str
        Their names; the index as text where the model has no names.
    probabilities : tuple of float
    """

    labels: tuple[int, ...]
    classes: tuple[str, ...]
    probabilities: tuple[float, ...]

    def __str__(self) -> str:
        pairs = zip(self.classes, self.probabilities, strict=True)
        return ", ".join(f"{name} {100 * probability:.1f} %" for name, probability in pairs)

    def __repr__(self) -> str:
        return f"<{self}>"


def predict(model: "Model", images: Any, top: int = 5, crops: int = 1, **options: Any) -> list[Prediction]:
    """Return the `top` likeliest classes of each picture.

    Parameters
    ----------
    model : Model
    images : pictures
        uint8 array [count, height, width, channels]; one picture [height, width, channels]; grey [count, height, width]
        or [height, width]; a path; a Pillow image; or a list of any of these, in any sizes.
    top : int
        How many classes, at least 1.
    crops : {1, 10}
        The centre crop, or the corners, the centre and their mirrors with averaged probabilities.
    **options
        `layout`, `value_range` and `batch_size`: see `probabilities`.

    Raises
    ------
    TypeError, ValueError, OSError
        Something that is no picture, or cannot be read.
    """
    top = as_integer(top, "top", "predict", 1)
    table = probabilities(model, images, crops, **options)
    best = np.argsort(-table, axis=1, kind="stable")[:, :top]
    names = model.classes or tuple(map(str, range(model.num_classes)))
    return [
        Prediction(tuple(map(int, row)), tuple(names[i] for i in row), tuple(float(values[i]) for i in row))
        for row, values in zip(best, table, strict=True)
    ]


def probabilities(
    model: "Model",
    images: Any,
    crops: int = 1,
    layout: str = "NHWC",
    value_range: tuple[float, float] | None = None,
    batch_size: int = 64,
) -> Float32:
    """Return the probability of every class.

    Parameters
    ----------
    model : Model
    images : pictures
        See `predict`.
    crops : {1, 10}
    layout : {"NHWC", "NCHW"}
        Order of arrays.
    value_range : (float, float), optional
        What black and white are in float arrays, for instance (0, 1): needed there, because a guess would be wrong for
        somebody. Such pictures are rounded to uint8.
    batch_size : int
        Crops that are computed at once; results do not depend on it.

    Returns
    -------
    array of float32, [count, classes]

    Raises
    ------
    TypeError, ValueError, OSError
        Something that is no picture, or cannot be read.
    """
    views = check_crops(crops, "predict")
    size = max(1, as_integer(batch_size, "batch_size", "predict", 1, 2**20) // views)
    preprocessing = model.preprocessing
    pictures = as_pictures(images, layout, value_range, preprocessing.channels)
    table = as_output(None, (len(pictures), model.num_classes), "predict")
    for at, squares in _batches(pictures, size, model):
        model.network.predict_images(squares, preprocessing.for_engine(), views, table[at : at + len(squares)])
    return table


def features(
    model: "Model",
    images: Any,
    layers: Sequence[str],
    layout: str = "NHWC",
    value_range: tuple[float, float] | None = None,
    batch_size: int = 64,
) -> dict[str, Float32]:
    """Return the outputs of named layers for the centre crops of pictures; computes no further than the last of them.

    Parameters
    ----------
    model : Model
    images : pictures
        See `predict`.
    layers : sequence of str
        Names of `summary()`; for `owt` also torchvision's ("features.6"). `conv3` is before the ReLU, `relu3` after it.
    layout, value_range, batch_size
        See `probabilities`.

    Returns
    -------
    dict of str to array of float32
        [count, channels, height, width], or [count, channels] for a dense layer, by the names that were asked for.

    Raises
    ------
    TypeError, ValueError, OSError
        An unknown layer, or something that is no picture.
    """
    if isinstance(layers, str) or not layers:
        raise TypeError(f"features: layers is {layers!r}, expected a list of layer names")
    shapes = {row.name: row.output for row in model.summary().rows}
    nodes = [node_name(model.variant, layer, shapes) for layer in layers]
    preprocessing = model.preprocessing
    pictures = as_pictures(images, layout, value_range, preprocessing.channels)
    results = {
        layer: as_output(None, (len(pictures), *shapes[node]), "features")
        for layer, node in zip(layers, nodes, strict=True)
    }
    for at, squares in _batches(pictures, as_integer(batch_size, "batch_size", "features", 1, 2**20), model):
        x = np.empty((len(squares), preprocessing.crop, preprocessing.crop, preprocessing.channels), np.float32)
        _native.crop_images(squares, preprocessing.for_engine(), 1, x)
        if preprocessing.whitening is not None:
            crops, x = x, np.empty_like(x)
            model.network.whiten(crops, x)
        outputs = [results[layer][at : at + len(squares)] for layer in layers]
        model.network.capture(
            np.ascontiguousarray(x.transpose(0, 3, 1, 2)), layout_code("NCHW", "features"), nodes, outputs
        )
    return results


def _batches(pictures: Sequence[Any], size: int, model: "Model") -> Iterator[tuple[int, NDArray[np.uint8]]]:
    """Yield (index of the first, uint8 [count, resize, resize, channels]); several files are decoded on threads."""
    geometry, starts = model.preprocessing.geometry, range(0, len(pictures), size)
    if len(pictures) > 1 and all(isinstance(picture, (str, os.PathLike)) for picture in pictures):
        with Loader(Files(pictures), in_order(len(pictures), size), geometry) as loader:
            yield from zip(starts, (batch.images for batch in loader), strict=True)
        return
    squares = iterate_squares(pictures, geometry)
    for at in starts:
        count = min(size, len(pictures) - at)
        require_memory((count, geometry.size, geometry.size, geometry.channels), 1, "decoding a batch")
        yield at, np.stack([next(squares) for _ in range(count)])
