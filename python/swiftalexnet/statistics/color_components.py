"""The principal components of a training set's colours (Krizhevsky et al. 2012, section 4.1)."""

from contextlib import closing
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from .._support.arrays import as_integer
from ..data.checks import snapshot, source
from ..data.dataset import Dataset
from ..recipes.color_components import ColorComponents

_BATCH = 16


def color_components(data: "Dataset", size: int | None = None, progress: bool = False) -> ColorComponents:
    """Return the principal components of the red, green and blue values of all pixels of a training set.

    Sums of values and of their products are integers, exact in any order; only the eigenvectors of the covariance are
    computed in floating point. The largest component comes first. The entry of largest magnitude of each eigenvector is
    positive (the sign does not matter, because α is symmetric).

    Parameters
    ----------
    data : Dataset
        Colour images; all of them are read.
    size : int, optional
        Side in pixels: the shorter side of each image is resized to it, and the centre square is used. By default the
        shorter side of an `ArrayDataset`, whose pixels are then not changed, and 256 for files.
    progress : bool
        Show a bar.

    Raises
    ------
    ValueError
        The images are grey, or none can be read.
    OSError
        An image cannot be read.
    """
    from ..data.array import ArrayDataset
    from ..data.loader import read_images
    from ..images.geometry import Geometry

    data = snapshot(data, "color_components")
    own_data = source(data)
    arrays = own_data.images if isinstance(own_data, ArrayDataset) else None
    if arrays is not None and arrays.shape[-1] != 3:
        raise ValueError(f"color_components: images have {arrays.shape[-1]} channels, expected 3: red, green, blue")
    own = 256 if arrays is None else min(arrays.shape[1:3])
    side = own if size is None else as_integer(size, "size", "color_components", 1, 2**15)
    sums, products, count = np.zeros(3, object), np.zeros((3, 3), object), 0  # Python's integers
    shown, geometry = (progress, "colours"), Geometry(side, 3, "area")
    with closing(read_images(data, np.arange(len(data)), _BATCH, geometry, shown, "color_components")) as batches:
        for image in chain.from_iterable(batches):
            # Products are below 2¹⁶ and an image has at most 2³⁰ pixels: sums are below 2⁵³, exact in float64.
            pixels = image.reshape(-1, 3).astype(np.float64)
            sums += pixels.sum(axis=0).astype(np.int64)
            products += (pixels.T @ pixels).astype(np.int64)
            count += len(pixels)
    if products.min() == products.max():  # Σ(r − g)² = Σr² − 2Σrg + Σg² = 0, and so on
        raise ValueError("color_components: the images are grey, expected colours")
    return _principal(_covariance(sums, products, count))


def _covariance(sums: NDArray[np.object_], products: NDArray[np.object_], count: int) -> NDArray[np.float64]:
    """Return (Σxy · n − Σx Σy) / n², rounded once."""
    covariance = np.empty((3, 3))
    for row, column in np.ndindex(3, 3):
        exact = int(products[row, column]) * count - int(sums[row]) * int(sums[column])
        covariance[row, column] = exact / count**2
    return covariance


def _principal(covariance: NDArray[np.float64]) -> ColorComponents:
    values, columns = np.linalg.eigh(covariance)
    rows = columns.T[::-1]
    # Rounded, so that of entries that differ only in their last bits the first always decides.
    largest = np.abs(rows).round(9).argmax(axis=1)
    rows = rows * np.sign(rows[np.arange(3), largest])[:, None]
    return ColorComponents(rows, np.sqrt(values[::-1].clip(0)))
