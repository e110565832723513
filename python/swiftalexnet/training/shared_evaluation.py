"""Validation by the ranks of a team: each measures some of the batches, and all get the result of one process."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .. import _native
from ..data.dataset import Dataset
from ..data.order import in_order
from ..data.skipped import note_missing, reasons_missing, report_skipped
from ..distributed.team import Team
from ..evaluation.evaluate import mean_errors

Measured = Iterable[tuple[NDArray[np.int32], NDArray[np.float32]]]  # indices of images, and their probabilities


class Errors(NamedTuple):
    """Errors in percent, and the mean loss."""

    top1_error: float
    top5_error: float
    loss: float


def evaluate_shared(
    team: Team, data: Dataset, batch_size: int, measure: Callable[[list[NDArray[np.intp]]], Measured]
) -> Errors:
    """Return the errors on a data set, the bits of one process that measures all of it.

    Parameters
    ----------
    team : Team
    data : Dataset
    batch_size : int
    measure : callable
        Takes batches of indices of images, and yields those that could be read, batch by batch, with their
        probabilities.

    Raises
    ------
    ValueError
        No image of a class could be read.
    """
    note = partial(team.doing, "validating", for_all=True, repeats=True)  # ranks meet at its end only
    note()
    batches = list(in_order(len(data), batch_size))
    own = batches[team.rank * len(batches) // team.size : (team.rank + 1) * len(batches) // team.size]
    sums, missing = [], {int(index) for batch in own for index in batch}
    for numbers, probabilities in measure(own):
        labels = np.ascontiguousarray(data.labels[numbers], np.int32)
        sums.append(_native.score(probabilities, labels))
        missing.difference_update(numbers.tolist())
        note()
    told = team.agree({"sums": sums, "missing": reasons_missing(data, sorted(missing))})
    lost = [(index, why) for rank in told for index, why in rank["missing"]]
    note_missing(data, lost)
    totals = np.zeros(3)
    for each in (batch for rank in told for batch in rank["sums"]):
        totals += each
    if len(lost) == len(data):
        raise team.known(ValueError(f"evaluate: none of {len(data)} images could be read"))
    report_skipped(data, [index for index, _ in lost], "evaluate", quiet=not team.leads)
    return Errors(*mean_errors(totals, len(data) - len(lost)))
