"""The range of a tensor that eight bits hold: what lies beyond it is clipped, so that the rest is rounded finely."""

from collections.abc import Callable

from ..network.quantization import Rounding, nearest_rounding
from .histogram import Histogram

METHODS = ("percentile", "mse")

_FRACTIONS = 112  # of a bound that are tried: down to an eighth, below which a level is finer than a bin


def range_of(histogram: Histogram, method: str, percentile: float) -> Rounding:
    """Return the rounding of a tensor.

    Parameters
    ----------
    histogram : Histogram
    method : {"percentile", "mse"}
        Of the values that are not zero. "percentile": a range that clips 100 - `percentile` percent above, and as many
        below if some are negative. "mse": the range with the least squared error of clipping and rounding together.
    percentile : float
    """
    if histogram.low == histogram.high:
        return nearest_rounding(histogram.low, histogram.high)
    return _least_error(histogram) if method == "mse" else _percentile(histogram, percentile / 100)


def _percentile(histogram: Histogram, share: float) -> Rounding:
    low = histogram.below(1 - share) if histogram.low < 0 else 0.0
    high = histogram.below(share) if histogram.high > 0 else 0.0
    return nearest_rounding(low, high)


def _least_error(histogram: Histogram) -> Rounding:
    """Move the upper bound first, then the lower one, each to the best of some fractions of what it was."""
    high = _best(histogram, lambda fraction: nearest_rounding(histogram.low, fraction * histogram.high))
    low = _best(histogram, lambda fraction: nearest_rounding(fraction * histogram.low, high * histogram.high))
    return nearest_rounding(low * histogram.low, high * histogram.high)


def _best(histogram: Histogram, rounding: Callable[[float], Rounding]) -> float:
    """Return the fraction whose rounding has the least error; of several, the largest."""
    fractions = [1 - number / 128 for number in range(_FRACTIONS + 1)]
    return min(fractions, key=lambda fraction: histogram.squared_error(rounding(fraction)))
