"""The mean of a training set, which is subtracted from every picture: an image, or a value a channel."""

import numpy as np

from ._arrays import require_memory
from .data import Dataset
from .loading import Loader, split
from .preprocessing import Preprocessing
from .progress import Progress

# A mean over this many pictures has a standard error of about one grey level in 0 … 255 at every pixel.
PICTURES = 4096
_BATCH = 64


def learn_mean(preprocessing: Preprocessing, data: Dataset, progress: bool) -> Preprocessing:
    """Return `preprocessing` with the mean of up to `PICTURES` pictures, spread evenly over the data.

    The mean of every pixel (Krizhevsky et al. 2012, section 2), or with `learn_mean="pixel"` of every channel
    (Simonyan and Zisserman 2014, section 2), over the squares that training cuts its crops from. Sums are whole
    numbers, so the result does not depend on the order of decoding.

    Raises
    ------
    OSError, ValueError
        A picture cannot be read, or none can.
    MemoryError
        The sums would not fit into free memory.
    """
    chosen = np.linspace(0, len(data) - 1, min(len(data), PICTURES)).astype(np.intp)
    shape = (preprocessing.resize, preprocessing.resize, preprocessing.channels)
    require_memory(shape, 8, "fit: sums for the mean image")
    total, count = np.zeros(shape, np.int64), 0
    with (
        Progress(len(chosen), progress, "mean image") as bar,
        Loader(data, split(chosen, _BATCH), preprocessing.geometry) as loader,
    ):
        for images, _ in loader:
            total += images.sum(axis=0, dtype=np.int64)
            count += len(images)
            bar.advance(len(images))
    if not count:
        raise ValueError(f"fit: none of {len(data)} pictures could be read")
    mean = total / count
    if preprocessing.learn_mean == "pixel":
        mean = total.sum(axis=(0, 1)) / (count * preprocessing.resize**2)
    return preprocessing.replace(mean=mean, learn_mean=False)
