"""Calibration: whether 80 % of the images that are predicted with a probability of 80 % are classified correctly."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

BINS = 15  # as in Guo et al. 2017, section 5


class Calibration(NamedTuple):
    """Images in bins of equal width by confidence, the probability of the predicted class.

    Bin m of M holds the images whose confidence lies in ((m − 1) / M, m / M]: Guo et al. 2017, "On Calibration of
    Modern Neural Networks", section 2. Values of an empty bin are NaN.

    Attributes
    ----------
    counts : array of int64, [bins]
        Images in each bin.
    confidence : array of float64, [bins]
        Mean confidence, 0 … 1.
    accuracy : array of float64, [bins]
        The share that is classified correctly, 0 … 1.
    """

    counts: NDArray[np.int64]
    confidence: NDArray[np.float64]
    accuracy: NDArray[np.float64]

    @property
    def edges(self) -> NDArray[np.float64]:
        """The edges of the bins, [bins + 1]."""
        return np.linspace(0, 1, len(self.counts) + 1)

    @property
    def error(self) -> float:
        """The expected calibration error in percent: Σ (images in the bin / images) · |accuracy − confidence|.

        Guo et al. 2017, equation 3. NaN without images.
        """
        if not self.counts.sum():
            return float("nan")
        gaps = np.abs(self.accuracy - self.confidence)
        return float(100 * np.average(np.nan_to_num(gaps), weights=self.counts))


def calibrate(confidence: ArrayLike, right: ArrayLike, bins: int = BINS) -> Calibration:
    """Sort images into bins.

    Parameters
    ----------
    confidence : array, [count]
        Probability of the predicted class, 0 … 1; rounding may make it slightly larger than 1.
    right : array of bool, [count]
        Whether that class is the correct one.
    bins : int
    """
    values = np.asarray(confidence, np.float64)
    places = np.clip(np.searchsorted(np.linspace(0, 1, bins + 1), values, side="left") - 1, 0, bins - 1)
    counts = np.bincount(places, minlength=bins)
    sums = (np.bincount(places, each, bins) for each in (values, np.asarray(right, np.float64)))
    with np.errstate(invalid="ignore"):
        means = [each / counts for each in sums]
    return Calibration(counts, *means)
