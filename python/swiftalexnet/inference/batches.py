"""Decode images in batches, for prediction, features and evaluation."""

from collections.abc import Callable, Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from ..data.dataset import Dataset
from ..data.loader import Batch, Loader
from ..data.order import in_order
from ..images.geometry import Geometry, Whole


def batches(
    data: Dataset, geometry: Geometry | Whole, size: int, advance: Callable[[int], None] = lambda _: None
) -> Iterator[Batch]:
    """Yield decoded images with their indices instead of labels; no batch is empty.

    Parameters
    ----------
    data : Dataset
    geometry : Geometry or Whole
        What images are decoded to.
    size : int
        Images per batch; the last may be smaller, and so is a batch with images left out.
    advance : callable
        Called after each batch with the number of its images.
    """
    yield from chosen_batches(data, geometry, in_order(len(data), size), advance)


def chosen_batches(
    data: Dataset,
    geometry: Geometry | Whole,
    chosen: Iterable[NDArray[np.intp]],
    advance: Callable[[int], None] = lambda _: None,
) -> Iterator[Batch]:
    """Yield these batches, given by the images' indices, like `batches`."""
    with Loader(data, chosen, geometry, numbered=True) as loader:
        for batch in loader:
            if len(batch.images):
                yield batch
            advance(len(batch.images))
