"""The mean of a training set, which is subtracted from every image: an image, or one value per channel."""

from collections.abc import Generator
from contextlib import closing

import numpy as np
from numpy.typing import NDArray

from .._support.arrays import require_memory
from ..data.array import ArrayDataset
from ..data.checks import source
from ..data.dataset import Dataset
from ..data.loader import read_images
from ..data.order import evenly_spread
from ..preprocessing.preprocessing import Preprocessing

# A mean over this many images has a standard error of about one grey level in 0 … 255 at every pixel.
IMAGES = 4096
_BATCH = 64
# The sum of this many bytes is at most 65,535, which fits into uint16.
_BYTES_IN_UINT16 = 257


def learn_mean(preprocessing: Preprocessing, data: Dataset, progress: bool) -> Preprocessing:
    """Return `preprocessing` with the mean of a training set.

    The mean of every pixel (Krizhevsky et al. 2012, section 2), or with `learn_mean="pixel"` of every channel
    (Simonyan and Zisserman 2014, section 2), over the squares that training cuts its crops from. All images of an
    `ArrayDataset` are used; of other data sets, whose images must be decoded, up to `IMAGES`, spread evenly over the
    data. Sums are integers, so the result does not depend on the order of decoding.

    Raises
    ------
    OSError, ValueError
        An image cannot be read, or no image can.
    MemoryError
        The sums would not fit into free memory.
    """
    shape = (preprocessing.resize, preprocessing.resize, preprocessing.channels)
    require_memory(shape, 8, "fit: sums for the mean image")
    total, count = np.zeros(shape, np.int64), 0
    with closing(_batches(preprocessing, data, progress)) as batches:
        for images in batches:
            total += images.sum(axis=0, dtype=np.uint16)
            count += len(images)
    mean = total / count
    if preprocessing.learn_mean == "pixel":
        mean = total.sum(axis=(0, 1)) / (count * preprocessing.resize**2)
    return preprocessing.replace(mean=mean, learn_mean=False)


def _batches(preprocessing: Preprocessing, data: Dataset, progress: bool) -> Generator[NDArray[np.uint8], None, None]:
    """Yield the squares of the images that are used, at most 257 at a time."""
    shape = (preprocessing.resize, preprocessing.resize, preprocessing.channels)
    # A subclass may change the images of its arrays.
    own = source(data)
    if type(own) is ArrayDataset and own.images.shape[1:] == shape:
        for at in range(0, len(data), _BYTES_IN_UINT16):
            yield own.images[at : at + _BYTES_IN_UINT16]  # not copied
        return
    chosen = evenly_spread(len(data), len(data) if isinstance(own, ArrayDataset) else IMAGES)
    yield from read_images(data, chosen, _BATCH, preprocessing.geometry, (progress, "mean image"), "fit")
