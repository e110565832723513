"""ZCA whitening: a matrix that makes the values of a training set's crops uncorrelated and of unit variance.

W = U diag(1 / √(λ + ε)) Uᵀ with U, λ the eigenvectors and eigenvalues of the covariance of the crops: the whitening
matrix that changes an image least (Krizhevsky, "Learning multiple layers of features from tiny images", 2009, appendix
A; Bell and Sejnowski 1997). ε prevents the amplification of directions in which images hardly vary.
"""

from collections.abc import Iterable
from contextlib import closing

import numpy as np
from numpy.typing import NDArray

from .. import _native
from .._support.arrays import require_memory
from ..data.dataset import Dataset
from ..data.loader import read_images
from ..data.order import evenly_spread
from ..preprocessing.preprocessing import Preprocessing
from .mean_image import IMAGES

# The covariance of n values needs several times n images.
_IMAGES_PER_VALUE = 16
_BATCH = 256


def learn_whitening(preprocessing: Preprocessing, data: Dataset, progress: bool) -> Preprocessing:
    """Return `preprocessing` with the whitening matrix of the centre crops of a training set.

    It is computed from up to 16 images for each of the n = crop · crop · channels values, and at least 4,096 if there
    are so many, spread evenly over the data, after mean and scale are applied. Matrices are float64 and take 8 n² bytes
    (CIFAR-10, n = 3072: 75 MB); the last bits of numpy's linear algebra may depend on its number of threads.

    Raises
    ------
    OSError, ValueError
        An image cannot be read, or no image can.
    MemoryError
        The covariance would not fit into free memory.
    """
    epsilon = preprocessing.learn_whitening
    if epsilon is None:
        return preprocessing
    size = preprocessing.crop**2 * preprocessing.channels
    require_memory((6, size, size), 8, "fit: covariance for whitening")
    chosen = evenly_spread(len(data), max(IMAGES, _IMAGES_PER_VALUE * size))
    batches = read_images(data, chosen, _BATCH, preprocessing.geometry, (progress, "whitening"), "fit")
    with closing(batches):
        covariance = _covariance(preprocessing, batches)
    values, vectors = np.linalg.eigh(covariance)
    whitening = (vectors / np.sqrt(values.clip(0) + epsilon)) @ vectors.T
    return preprocessing.replace(whitening=whitening, learn_whitening=None)


def _covariance(preprocessing: Preprocessing, batches: Iterable[NDArray[np.uint8]]) -> NDArray[np.float64]:
    """Return E[x xᵀ] − E[x] E[x]ᵀ over the centre crops x."""
    crop, channels = preprocessing.crop, preprocessing.channels
    size = crop * crop * channels
    total, products, count = np.zeros(size), np.zeros((size, size)), 0
    for images in batches:
        crops = np.empty((len(images), crop, crop, channels), np.float32)
        _native.crop_images(images, preprocessing.for_engine(), 1, crops)
        x = crops.reshape(len(images), size).astype(np.float64)
        total += x.sum(axis=0)
        products += x.T @ x
        count += len(images)
    mean = total / count
    return products / count - np.outer(mean, mean)
