"""The images that are most similar to a network: nearest neighbours by the activations of its last hidden layer."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._support.arrays import as_integer, require_memory
from ..data.checks import require_clear_layout, snapshot
from ..data.loader import Loader
from ..data.order import in_order
from ..network.base import BaseModel
from ..network.checks import require_model
from .features import features

if TYPE_CHECKING:
    from ..data.dataset import Dataset

_IMAGES_AT_ONCE = 2048
_VALUES_AT_ONCE = 1 << 22


def nearest(features: ArrayLike, queries: ArrayLike, count: int) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Find the rows of `features` that are nearest to each query by Euclidean distance.

    Distances are sums of squared differences in float64, which do not suffer from cancellation. Rows at the same
    distance keep their order.

    Parameters
    ----------
    features : array, [rows, length]
    queries : array, [queries, length]
    count : int
        Neighbours of each query, from 1 to the number of rows.

    Returns
    -------
    indices : array of int, [queries, count]
        Nearest first.
    distances : array of float64, [queries, count]

    Raises
    ------
    TypeError, ValueError
        Arrays with other shapes or with values that are not finite; a count out of range.
    """
    rows, wanted = (_matrix(values, name) for values, name in ((features, "features"), (queries, "queries")))
    if rows.shape[1] != wanted.shape[1]:
        raise ValueError(
            f"nearest: features have {rows.shape[1]} values, queries {wanted.shape[1]}, expected the same number"
        )
    count = as_integer(count, "count", "nearest", 1, len(rows))
    require_memory((len(wanted), len(rows)), 16, "nearest: distances")  # and their order
    squares = np.empty((len(wanted), len(rows)))
    step = max(1, _VALUES_AT_ONCE // rows.shape[1])
    for start in range(0, len(rows), step):
        block = rows[start : start + step].astype(np.float64)
        for index, query in enumerate(wanted):
            difference = block - query
            squares[index, start : start + step] = np.einsum("ij,ij->i", difference, difference)
    indices = np.argsort(squares, axis=1, kind="stable")[:, :count]
    return indices, np.sqrt(np.take_along_axis(squares, indices, axis=1))


def nearest_images(
    model: BaseModel, data: "Dataset", queries: NDArray[np.uint8], count: int, layer: str | None = None
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Find the images whose activations are nearest to those of each query (Krizhevsky et al. 2012, figure 4).

    Only a few thousand images and their activations are in memory at a time.

    Parameters
    ----------
    model : Model
    data : Dataset
        The images to search; those that cannot be read are left out if the data set skips them.
    queries : array of uint8, [queries, height, width, channels]
    count : int
        Neighbours of each query.
    layer : str, optional
        By default `last_hidden(model)`.

    Returns
    -------
    indices, distances
        As for `nearest`; the indices are those of `data`.

    Raises
    ------
    TypeError, ValueError, OSError
        An unknown layer, something that is not an image, or fewer readable images than `count`.
    """
    require_model(model, "nearest_images")
    data = snapshot(data, "nearest_images")
    require_clear_layout(data, model.input_shape[0], "nearest_images")
    count = as_integer(count, "count", "nearest_images", 1, len(data))
    node = layer or last_hidden(model)
    wanted = _activations(model, queries, node)
    indices: NDArray[np.intp] = np.empty((len(wanted), 0), np.intp)
    distances: NDArray[np.float64] = np.empty((len(wanted), 0))
    for members, rows in _blocks(model, data, node):
        near, far = nearest(rows, wanted, min(count, len(rows)))
        indices, distances = np.hstack([indices, members[near]]), np.hstack([distances, far])
        order = np.argsort(distances, axis=1, kind="stable")[:, :count]
        indices = np.take_along_axis(indices, order, axis=1)
        distances = np.take_along_axis(distances, order, axis=1)
    if indices.shape[1] < count:
        raise ValueError(f"nearest_images: {indices.shape[1]} images could be read, expected at least {count}")
    return indices, distances


def last_hidden(model: BaseModel) -> str:
    """Return the name of the last dense layer's input before dropout: `relu7` in the paper's network.

    Raises
    ------
    ValueError
        The network has no dense layer, or its only one reads images.
    """
    rows = {row.name: row for row in model.summary().rows}
    name = next((row.input for row in reversed(rows.values()) if row.kind == "dense"), "")
    while name and rows[name].kind == "dropout":
        name = rows[name].input
    if not name or not rows[name].input:
        raise ValueError("last_hidden: the network has no hidden layer before a last dense one")
    return name


def _blocks(model: BaseModel, data: "Dataset", layer: str) -> Iterator[tuple[NDArray[np.intp], NDArray[np.float32]]]:
    """Yield (indices, activations) of some images at a time."""
    geometry = model.preprocessing.geometry
    batches = list(in_order(len(data), _IMAGES_AT_ONCE))
    with Loader(data, batches, geometry) as loader:
        for members, (images, _) in zip(batches, loader, strict=True):
            members = np.setdiff1d(members, loader.missing)
            if len(members):
                yield members, _activations(model, images, layer, "NHWC")


def _activations(
    model: BaseModel, images: NDArray[np.uint8], layer: str, layout: str | None = None
) -> NDArray[np.float32]:
    values = features(model, images, [layer], layout=layout)[layer]
    return values.reshape(len(values), -1)


def _matrix(values: ArrayLike, name: str) -> NDArray[Any]:
    array = np.asarray(values)
    if array.ndim != 2 or not array.size or array.dtype.kind not in "fiu":
        raise ValueError(
            f"nearest: {name} has shape {array.shape} of {array.dtype}, expected [rows, length] of numbers"
        )
    require_memory(array.shape, 1, f"nearest: {name}")
    if not np.isfinite(array).all():
        raise ValueError(f"nearest: {name} holds values that are not finite")
    return array
