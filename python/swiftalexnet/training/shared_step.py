"""A step of a run in parts, each of which is done by a rank of a team; also of a team of one.

Everything that depends on all images of a batch is a sum over shards in their order: it has the same bits on any number
of ranks. The ranks agree twice: before the gradients on how much the batch counts, and after them on the loss, or on
what has failed. Between, gradients are summed while they are computed.
"""

import functools
import itertools
import math
import operator
from collections.abc import Callable, Collection, Iterable
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._support.native_arguments import BatchShare, StepOptions
from ..data.dataset import Dataset
from ..data.skipped import note_missing, reasons_missing
from ..distributed.factors import dense_layers
from ..distributed.summing import Factors
from ..distributed.team import Team
from ..errors import NonFiniteError
from ..network.base import BaseModel
from .portion import Portion, portion, shard_sizes
from .source import Batch
from .whole_step import Counted, Outcomes, Work, weight_of

_BYTES = (4, 2)  # of an activation, by the code of the precision

Sums = tuple[tuple[float, float], ...]  # Σ w·loss and top-1 errors of each shard


class SharedStep:
    """A step by the ranks of a team.

    Parameters
    ----------
    model : BaseModel
    data : Dataset
        The training set.
    team : Team
    shards : int
        A power of two, as is the number of ranks, which is no larger.
    """

    def __init__(self, model: BaseModel, data: Dataset, team: Team, shards: int):
        self._model, self._data, self._team, self._shards = model, data, team, shards
        self._told: set[int] = set()  # missing images that this rank has told of
        self._begun = False

    def portion(self, chosen: NDArray[np.intp]) -> Portion:
        """Return this rank's shards of a batch."""
        return portion(chosen, self._shards, self._team.rank, self._team.size)

    def count(
        self, batch: Batch, portion: Portion, weights: NDArray[np.float32] | None, missing: Collection[int]
    ) -> Counted:
        """Return what the whole batch holds, and the images that any rank could not read."""
        cuts = np.cumsum(portion.sizes)[:-1]
        there = np.split(batch.labels >= 0, cuts)
        each = [None] * len(there) if weights is None else np.split(weights, cuts)
        counts = [int(rows.sum()) for rows in there]
        own = [(count, weight_of(count, values)) for count, values in zip(counts, each, strict=True)]
        new = [index for index in missing if index not in self._told]
        self._told.update(new)
        told = self._team.agree({"shards": own, "missing": reasons_missing(self._data, new)})
        lost = [(index, why) for rank in told for index, why in rank["missing"]]
        note_missing(self._data, lost)
        shards = [shard for rank in told for shard in rank["shards"]]
        images = sum(count for count, _ in shards)
        return Counted(images, _total(weight for _, weight in shards), [index for index, _ in lost])

    def collect(self) -> None:
        """Do nothing: each rank's model has the weights."""

    def train(self, work: Work, outcomes: Outcomes) -> None:
        """Train on a batch, and append (mean loss, top-1 error in percent) of all of it to `outcomes`.

        Raises
        ------
        NonFiniteError
            The loss or a summed gradient is not finite: on all ranks.
        """
        network, team, portion, counted = self._model.network, self._team, work.portion, work.counted
        batch, labels, options, sizes = work.batch, work.labels, work.options, portion.sizes
        if not len(labels):  # the engine computes no empty batch: a row without an image counts for nothing
            batch, labels, sizes = _one_row(batch), np.full(1, -1, np.int32), (1, *sizes[1:])
            options = options._replace(sample_weight=None)
        gradients, arguments = work.source.gradients(batch, labels, work.epoch, options)
        gives_factors = team.wire.factors and 1 < team.size <= portion.whole  # each rank has a row
        factor_batch = portion.whole if gives_factors and options.rates is not None and options.rates.any() else 0
        share = BatchShare(portion.first, sizes, counted.weight, team.wire.rounds, factor_batch)
        own = self._summed(lambda: gradients(*arguments, share), factor_batch, options)
        team.doing("updating weights")
        losses, errors = zip(*(shard for rank in team.agree(own) for shard in rank), strict=True)
        loss = _total(losses) / counted.weight if counted.weight else 0.0
        if not math.isfinite(loss):
            raise team.known(NonFiniteError(f"the loss is {loss}"))
        with team.uninterrupted():
            network.apply_gradients(options._replace(sample_weight=None))
            outcomes.append((loss, 100 * _total(errors) / counted.images))
        team.doing("reading images")

    def _summed(self, gradients: Callable[[], Sums], factor_batch: int, options: StepOptions) -> Sums:
        """Compute gradients, and sum them over the ranks meanwhile; return the sums over this rank's shards.

        With a `factor_batch`, the number of images of the batch, factors of the dense layers are gathered instead of
        their gradients, which all ranks then compute.
        """
        network, team = self._model.network, self._team
        team.doing("computing gradients")
        if self._begun:
            with self._exchange(factor_batch, options, network.finished_gradients, network.finished_factors):
                own = gradients()
        else:
            own = gradients()  # which allocates their memory
            team.agree()
            with self._exchange(factor_batch, options, lambda: 0, lambda: 0):
                self._begun = True
        if factor_batch:
            network.gradients_of_factors(shard_sizes(factor_batch, self._shards))
        return own

    def _exchange(
        self,
        factor_batch: int,
        options: StepOptions,
        finished: Callable[[], int],
        finished_factors: Callable[[], int],
    ) -> AbstractContextManager[None]:
        network, team = self._model.network, self._team
        network.forget_finished()  # a callback may have used the model
        blocks = [np.frombuffer(block, np.float32) for block in network.gradient_blocks()]
        if not factor_batch or options.rates is None:
            return team.summing(blocks, finished)
        floats, widths = dense_layers(network, options.rates)
        bytes_of_rows = [width * _BYTES[options.precision] for width in widths]
        edges = [rank * factor_batch // team.size for rank in range(team.size + 1)]
        factors = Factors(network, bytes_of_rows, finished_factors, edges)
        return team.summing(_behind(blocks, floats), lambda: max(0, finished() - floats), factors)


def _behind(blocks: list[NDArray[np.float32]], count: int) -> list[NDArray[np.float32]]:
    """Return blocks without their first `count` numbers."""
    starts = itertools.accumulate(map(len, blocks), initial=0)
    cut = [block[max(0, count - start) :] for start, block in zip(starts, blocks, strict=False)]
    return [block for block in cut if len(block)]


def _one_row(batch: Any) -> Any:
    """Return a batch with a row of zeros in place of an empty one."""
    rows, labels = batch
    return type(batch)(np.zeros((1, *rows.shape[1:]), rows.dtype), np.zeros(1, labels.dtype))


def _total(values: Iterable[float]) -> float:
    """Return the sum in the given order; `sum` is more exact in newer Pythons, and then has other bits."""
    return functools.reduce(operator.add, values, 0.0)
