"""From images to batches: the one way that prediction, features and evaluation read them."""

from collections.abc import Callable, Iterator

import numpy as np

from ..data.dataset import Dataset
from ..data.loader import Batch, Loader
from ..data.order import in_order
from ..images.geometry import Geometry, Whole


def batches(
    data: Dataset, geometry: Geometry | Whole, size: int, advance: Callable[[int], None] = lambda _: None
) -> Iterator[Batch]:
    """Yield decoded images with their numbers in place of labels; no batch is empty.

    Parameters
    ----------
    data : Dataset
    geometry : Geometry or Whole
        What images are decoded to.
    size : int
        Images in a batch; the last may be smaller, and so is one that an image is left out of.
    advance : callable
        Told how many images were decoded, after each batch.
    """
    with Loader(data, in_order(len(data), size), geometry, np.arange(len(data), dtype=np.int32)) as loader:
        for batch in loader:
            if len(batch.images):
                yield batch
            advance(len(batch.images))
