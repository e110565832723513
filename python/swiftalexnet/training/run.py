"""A training run in progress: its state, and the step from one state to the next.

Ctrl-C can stop a run between any two bytecodes. Two rules keep its state consistent with the weights. The engine's step
and its record are one call of C code, `list.extend`, which no signal can interrupt, or signals wait; all counts are
derived from that list. And an epoch ends with a single assignment of a new state.
"""

import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .. import _native
from .._support.native_arguments import RULES, StepOptions
from ..data.checks import checked_labels
from ..data.order import shuffled, split
from ..data.skipped import Skipped, report_skipped, reported, require_classes
from ..distributed.team import Team, alone
from ..errors import NonFiniteError
from ..network import parameters
from ..network.base import BaseModel
from ..preprocessing.preprocessing import Preprocessing
from ..recipes.schedules import Moment, State
from .plan import Plan
from .portion import Portion
from .rates import Rates
from .shared_step import SharedStep
from .source import Batch, ImageSource, Source
from .tower_step import TowerStep
from .whole_step import WholeStep, Work


@dataclass
class RunState:
    """The progress of a run; with weights and velocities, everything that a checkpoint holds.

    `outcomes` has (mean loss, top-1 error in percent) of each step of this epoch, `counts` its number of images and
    `totals` their weight, which is that number in a run without weights; both may be one entry ahead. `schedules` are
    the states of the recipe's schedules, in its order.
    """

    epoch: int
    first_step: int  # steps before this epoch
    schedules: list[State]
    rows: list[dict[str, Any]]
    seconds: float = 0.0  # spent on this epoch before this process took over
    outcomes: list[tuple[float, float]] = field(default_factory=list)
    counts: list[int] = field(default_factory=list)
    totals: list[float] = field(default_factory=list)


class Run:
    """A model, a plan and a state; with a team, that of every rank.

    Attributes
    ----------
    source : Source
        Where batches come from; it can be replaced before the first step of this process.
    """

    def __init__(self, model: BaseModel, plan: Plan, team: Team | None = None):
        self.model, self.plan, self.epochs, self._team = model, plan, plan.recipe.epochs, team or alone()
        self.source: Source = ImageSource(model, plan, self._team)
        self._parts = _step_of(model, plan, self._team)
        self.state = RunState(0, 0, [schedule.initial() for schedule in plan.recipe.schedules], [])
        self._rates = Rates(plan.recipe, model.multipliers())
        self._labels = checked_labels(plan.train, "fit")
        self._started = time.perf_counter()
        self._missing: set[int] = set()  # images of the training set that could not be read

    @property
    def leads(self) -> bool:
        """Whether this process writes and warns for all ranks of the run."""
        return self._team.leads

    def begin(self, preprocessing: Preprocessing) -> None:
        """Start at epoch 0, with velocities of zero."""
        for velocity in parameters.by_name(self.model.network, _native.VELOCITY).values():
            velocity[...] = 0
        self.model.preprocessing = preprocessing
        self._name_classes()

    def resume(self, state: RunState, preprocessing: Preprocessing) -> None:
        """Resume from the state of a checkpoint; the caller restores weights and velocities.

        Raises
        ------
        ValueError
            The preprocessing does not fit the network; nothing has changed.
        """
        self.model.preprocessing = preprocessing
        self.state = state
        self._name_classes()

    @property
    def step(self) -> int:
        """Number of steps since the start."""
        return self.state.first_step + len(self.state.outcomes)

    def moment(self, step: int) -> Moment:
        """Return the moment that schedules receive for a step of this epoch."""
        steps_an_epoch = -(-len(self.plan.train) // self.plan.recipe.batch_size)
        return Moment(self.state.epoch, step, max(1, self.epochs * steps_an_epoch))

    def last_learning_rate(self) -> float:
        """Return the learning rate of weights in no group, in the last step."""
        return self._rates.scheduled(self.moment(self.step - 1), self.state.schedules)[0]

    def images_done(self) -> int:
        """Return the number of images seen so far in all epochs, including skipped ones."""
        in_epoch = min(len(self.state.outcomes) * self.plan.recipe.batch_size, len(self.plan.train))
        return self.state.epoch * len(self.plan.train) + in_epoch

    def shown(self) -> dict[str, str]:
        """Return the values for the progress bar: the epoch and the loss of the last step."""
        loss = self.state.outcomes[-1][0]
        return {"epoch": f"{self.state.epoch + 1}/{self.epochs}", "loss": f"{loss:.3f}"}

    def seconds(self) -> float:
        """Return the time spent on this epoch."""
        return self.state.seconds + time.perf_counter() - self._started

    def steps(self) -> Iterator[int]:
        """Train to the end of the epoch; yield the number of images after every step.

        Raises
        ------
        OSError, ValueError
            An image cannot be read, or no image can.
        NonFiniteError
            A loss, a gradient or an update is not finite; that step changed nothing.
        """
        data, recipe = self.plan.train, self.plan.recipe
        order = shuffled(len(data), self.plan.seed, self.state.epoch)[len(self.state.outcomes) * recipe.batch_size :]
        portions = [self._parts.portion(chosen) for chosen in split(order, recipe.batch_size)]
        self._started = time.perf_counter()
        self._team.doing("reading images")
        with self.source.batches(portions, self.state.epoch, self.step) as batches:
            for batch, portion in zip(batches, portions, strict=True):
                missing = self._take(batch, portion, batches.missing)
                if not self._missing.issuperset(missing):
                    self._missing.update(missing)
                    require_classes(data, self._missing, "fit")
                yield self.state.counts[-1]
        if not sum(self.state.counts):
            raise ValueError(f"fit: none of {len(data)} images could be read")
        if not sum(self.state.totals):
            raise ValueError(f"fit: none of the images of {len(data)} with a weight above 0 could be read")

    def collect(self) -> None:
        """Bring the weights of this step to the model, where towers have had them; all ranks call it."""
        self._parts.collect()

    def finish_epoch(self) -> dict[str, Any]:
        """Validate, add a row to the history, and move to the next epoch.

        Raises
        ------
        ValueError
            All validation images of a class were left out.
        NonFiniteError
            The probabilities of a validation image are not finite; the run stays at the end of the epoch.
        """
        state, seconds = self.state, self._team.agree(self.seconds())[0]
        self.collect()
        report_skipped(self.plan.train, self._missing, "fit", quiet=not self._team.leads)
        counts = np.array(state.counts[: len(state.outcomes)], np.int64)
        shares = np.stack([np.array(state.totals[: len(state.outcomes)]), counts], axis=1)
        loss, error = (np.array(state.outcomes) * shares).sum(axis=0) / shares.sum(axis=0)
        data = self.plan.validation
        try:
            measured = None if data is None else self.source.evaluate(data)
        except NonFiniteError as caught:
            if self._team.received(caught):
                raise
            raise NonFiniteError(f"fit: epoch {state.epoch + 1}, at its end: validation: {caught}") from caught
        validation_error = None if measured is None else measured.top1_error
        row = {
            "epoch": state.epoch,
            "learning_rate": self.last_learning_rate(),
            "train_loss": float(loss),
            "train_top1_error": float(error),
            "validation_loss": measured and measured.loss,
            "validation_top1_error": validation_error,
            "validation_top5_error": measured and measured.top5_error,
            "images_per_second": float(counts.sum()) / seconds,
            "seconds": seconds,
        }
        pairs = zip(self.plan.recipe.schedules, state.schedules, strict=True)
        schedules = [schedule.after_epoch(each, validation_error) for schedule, each in pairs]
        self.state = RunState(state.epoch + 1, self.step, schedules, [*state.rows, row])
        return row

    def skipped(self) -> dict[str, Skipped]:
        """Return how many files were left out of "train" and "validation", by class and reason."""
        parts = {"train": self.plan.train, "validation": self.plan.validation}
        found = {name: reported(data) for name, data in parts.items() if data is not None}
        return {name: skipped for name, skipped in found.items() if skipped}

    def _take(self, batch: Batch, portion: Portion, missing: Collection[int]) -> Collection[int]:
        """Train on one batch, whose labels are the indices of its images; return those that have turned out missing."""
        state, recipe, indices = self.state, self.plan.recipe, batch.labels
        every, there = self.plan.weights.values, indices >= 0
        weights = None if every is None else np.where(there, every[indices], np.float32(0))
        counted = self._parts.count(batch, portion, weights, missing)
        state.counts.append(counted.images)
        state.totals.append(counted.weight)
        if not counted.images:
            state.outcomes.append((0.0, 0.0))
            return counted.missing
        rates = self._rates.for_step(self.moment(self.step), state.schedules)
        draw, (precision, _, fast_math) = (self.plan.seed, self.step), self.plan.arithmetic
        rule = RULES.index(recipe.rule)
        lars = recipe.trust_coefficient, not recipe.lars_biases
        numbers = 0.0, recipe.momentum, 0.0
        options = StepOptions(*numbers, rule, *draw, *rates, precision, weights, *lars, bool(fast_math))
        labels = np.where(there, self._labels[indices], np.int32(-1))
        work = Work(self.source, batch, labels, state.epoch, options, portion, counted)
        try:
            self._parts.train(work, state.outcomes)
        except NonFiniteError as error:
            if self._team.received(error):
                raise
            raise NonFiniteError(f"fit: epoch {state.epoch + 1}, step {self.step + 1}: {error}") from error
        self.model.note_training()
        return counted.missing

    def _name_classes(self) -> None:
        if self.plan.train.classes is not None:
            self.model.classes = tuple(self.plan.train.classes)


def _step_of(model: BaseModel, plan: Plan, team: Team) -> WholeStep | SharedStep:
    if plan.towers:
        return TowerStep(model, team)
    return WholeStep() if plan.shards is None else SharedStep(model, plan.train, team, plan.shards)
