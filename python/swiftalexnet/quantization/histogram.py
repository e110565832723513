"""How often the values of one tensor occur: its range first, then a count for each part of it."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ..network.quantization import Rounding

BINS = 2048


@dataclass
class Histogram:
    """The values of a tensor but for exact zeros, which every rounding holds.

    Filled in two passes over the same images: `widen` with all of them, then `count`.

    Attributes
    ----------
    low, high : float
        The smallest and the largest value, or 0 if it is beyond them.
    counts : array of int64, [bins]
        Of values by parts of low … high, all as wide.
    """

    low: float = 0.0
    high: float = 0.0
    counts: NDArray[np.int64] = field(default_factory=lambda: np.zeros(BINS, np.int64))

    @property
    def edges(self) -> NDArray[np.float64]:
        """The limits of the bins, [bins + 1]."""
        return np.linspace(self.low, self.high, len(self.counts) + 1)

    def widen(self, values: NDArray[np.float32]) -> None:
        """Take values into the range."""
        self.low, self.high = min(self.low, float(values.min())), max(self.high, float(values.max()))

    def count(self, values: NDArray[np.float32]) -> None:
        """Count values; one beyond the range, of an image that was not there before, counts as its bound."""
        if self.low == self.high:
            return  # all are zero
        bins = len(self.counts)
        there = values[values != 0].astype(np.float64)
        there -= self.low
        there *= bins / (self.high - self.low)
        places = np.clip(there, 0, bins - 1).astype(np.intp)
        self.counts += np.bincount(places, minlength=bins)

    def below(self, share: float) -> float:
        """Return the value that a share of the values, from 0 to 1, is at most, interpolated within a bin."""
        sums = np.concatenate([[0], np.cumsum(self.counts)])
        wanted = share * sums[-1]
        place = int(np.clip(np.searchsorted(sums, wanted, "left"), 1, len(self.counts)))
        before, count = sums[place - 1], self.counts[place - 1]
        part = (wanted - before) / count if count else 1.0
        edges = self.edges
        return float(edges[place - 1] + part * (edges[place] - edges[place - 1]))

    def squared_error(self, rounding: Rounding) -> float:
        """Return the sum of squared differences between the values and what a rounding makes of them.

        Values are taken to lie evenly in their bins, which four points of each stand for.
        """
        width = (self.high - self.low) / len(self.counts)
        points = self.edges[:-1, None] + width * (np.arange(4) + 0.5) / 4
        levels = np.clip(np.rint(points / rounding.scale) + rounding.zero_point, 0, 255) - rounding.zero_point
        return float((self.counts * np.square(points - levels * rounding.scale).mean(1)).sum())
