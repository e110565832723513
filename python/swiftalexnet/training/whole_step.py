"""A step of a run as one call of the engine, by one process on a whole batch."""

import itertools
from collections.abc import Collection
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._support.native_arguments import StepOptions
from .portion import Portion, portion
from .source import Batch, Source

Outcomes = list[tuple[float, float]]


class Counted(NamedTuple):
    """What a batch holds: its readable images, the sum of their weights, and images that have turned out missing."""

    images: int
    weight: float
    missing: Collection[int]


class Work(NamedTuple):
    """What a step is made of.

    `batch` is this process's `portion` of a batch from `source`, and `counted` what the whole batch holds. `labels` are
    the classes of its images, [images], -1 for a row without one.
    """

    source: Source
    batch: Batch
    labels: NDArray[np.int32]
    epoch: int
    options: StepOptions
    portion: Portion
    counted: Counted


def weight_of(images: int, weights: NDArray[np.float32] | None) -> float:
    """Return the sum of the weights of so many images, which is their number if all count the same."""
    return float(images if weights is None else weights.sum(dtype=np.float64))


class WholeStep:
    """A step by one process."""

    def portion(self, chosen: NDArray[np.intp]) -> Portion:
        """Return the whole batch."""
        return portion(chosen, 1, 0, 1)

    def count(
        self, batch: Batch, portion: Portion, weights: NDArray[np.float32] | None, missing: Collection[int]
    ) -> Counted:
        """Return what a batch holds; `missing` are the images left out so far."""
        return Counted(len(batch.labels), weight_of(len(batch.labels), weights), missing)

    def collect(self) -> None:
        """Bring the weights to the model, if they are elsewhere; on all ranks."""

    def train(self, work: Work, outcomes: Outcomes) -> None:
        """Train on a batch, and append (mean loss, top-1 error in percent) to `outcomes`, in one call of C code."""
        step, arguments = work.source.step(work.batch, work.labels, work.epoch, work.options)
        outcomes.extend(itertools.starmap(step, [arguments]))
