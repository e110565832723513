"""How much a number differs from seed to seed."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ..training.history import History

MEASURES = ("train_loss", "train_top1_error", "validation_loss", "validation_top1_error", "validation_top5_error")


class Spread(NamedTuple):
    """A number of several networks.

    Attributes
    ----------
    mean : float
    deviation : float
        Standard deviation of the sample: squares are divided by n − 1. NaN for a single network.
    lowest, highest : float
        The range.
    """

    mean: float
    deviation: float
    lowest: float
    highest: float

    def __str__(self) -> str:
        return f"{self.mean:.4g} ± {self.deviation:.2g} ({self.lowest:.4g} to {self.highest:.4g})"


def spread_of(values: Sequence[float]) -> Spread:
    """Return the spread of at least one number."""
    numbers = np.asarray(values, np.float64)
    deviation = float(numbers.std(ddof=1)) if len(numbers) > 1 else float("nan")
    return Spread(float(numbers.mean()), deviation, float(numbers.min()), float(numbers.max()))


def spreads(histories: Sequence[History]) -> dict[str, Spread]:
    """Return the spread of each measure after the last epoch; those without values are left out."""
    last = [history[-1] for history in histories if len(history)]
    found = {name: [row[name] for row in last if row[name] is not None] for name in MEASURES}
    return {name: spread_of(values) for name, values in found.items() if values}
