"""The mean of a training set, which is subtracted from every image: an image, or one value per channel."""

from collections.abc import Callable, Generator
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

Sums = NDArray[np.int64]


def learn_mean(
    preprocessing: Preprocessing,
    data: Dataset,
    progress: bool,
    part: tuple[int, int] = (0, 1),
    total_of: Callable[[Sums], Sums] = lambda own: own,
    note: Callable[[], None] = lambda: None,
) -> Preprocessing:
    """Return `preprocessing` with the mean of a training set.

    The mean of every pixel (Krizhevsky et al. 2012, section 2), or with `learn_mean="pixel"` of every channel
    (Simonyan and Zisserman 2014, section 2), over the squares that training cuts its crops from. All images of an
    `ArrayDataset` are used; of other data sets, whose images must be decoded, up to `IMAGES`, spread evenly over the
    data. Sums are integers, so the result does not depend on the order of decoding, nor on who decodes what.

    Parameters
    ----------
    preprocessing : Preprocessing
    data : Dataset
    progress : bool
        Show a bar.
    part : (int, int)
        Of so many processes that read the images together, the second number, which one this is, the first.
    total_of : callable
        Returns the total of all processes' arrays of int64.
    note : callable
        Called after every few images.

    Raises
    ------
    OSError, ValueError
        An image cannot be read, or no image can.
    MemoryError
        The sums would not fit into free memory.
    """
    shape = (preprocessing.resize, preprocessing.resize, preprocessing.channels)
    require_memory(shape, 8, "fit: sums for the mean image")
    sums = np.zeros(1 + np.prod(shape), np.int64)
    own = sums[1:].reshape(shape)
    with closing(_batches(preprocessing, data, progress, *part)) as batches:
        for images in batches:
            own += images.sum(axis=0, dtype=np.uint16)
            sums[0] += len(images)
            note()
    sums = total_of(sums)
    total, count = sums[1:].reshape(shape), int(sums[0])
    if not count:
        raise ValueError(f"fit: none of {len(data)} images could be read")
    mean = total / count
    if preprocessing.learn_mean == "pixel":
        mean = total.sum(axis=(0, 1)) / (count * preprocessing.resize**2)
    return preprocessing.replace(mean=mean, learn_mean=False)


def _batches(
    preprocessing: Preprocessing, data: Dataset, progress: bool, which: int, parts: int
) -> Generator[NDArray[np.uint8], None, None]:
    """Yield the squares of those of the used images that are this part's, at most 257 at a time."""
    shape = (preprocessing.resize, preprocessing.resize, preprocessing.channels)
    # A subclass may change the images of its arrays.
    own = source(data)
    if type(own) is ArrayDataset and own.images.shape[1:] == shape:
        images = own.images[which * len(data) // parts : (which + 1) * len(data) // parts]
        for at in range(0, len(images), _BYTES_IN_UINT16):
            yield images[at : at + _BYTES_IN_UINT16]  # not copied
        return
    chosen = evenly_spread(len(data), len(data) if isinstance(own, ArrayDataset) else IMAGES)
    chosen = chosen[which * len(chosen) // parts : (which + 1) * len(chosen) // parts]
    yield from read_images(data, chosen, _BATCH, preprocessing.geometry, (progress, "mean image"), "fit", True)
