"""Learning rate schedules: pure functions of the moment in the run and of a small state that checkpoints save.

`rate_factor(moment, state)` multiplies the recipe's learning rate in one step; `after_epoch` returns the state of the
next epoch. A state is a dict of numbers. Sources/Training/Schedule.swift defines the same schedules for Swift.
"""

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Literal, NamedTuple

from .._support.arrays import as_integer
from .._support.kinds import as_items
from .._support.numbers import check_number, make_plain
from .._support.shown import shown

_MOST_BOUNDARIES = 10_000

State = dict[str, float]


class Moment(NamedTuple):
    """A step of a run: its epoch and its number in the run, both from 0, and the steps of the whole run."""

    epoch: int
    step: int
    total_steps: int

    @property
    def progress(self) -> float:
        """The completed fraction of the run, 0 ≤ progress < 1."""
        return self.step / self.total_steps


@dataclass(frozen=True)
class Schedule:
    """Base class of all schedules, with a constant learning rate."""

    needs_validation: ClassVar[bool] = False
    needs_length: ClassVar[bool] = False  # whether the rate depends on how long the run will be

    def initial(self) -> State:
        """Return the state before the first epoch."""
        return {}

    def rate_factor(self, moment: Moment, state: State) -> float:
        """Return the factor of the learning rate in the step at `moment`."""
        return 1.0

    def after_epoch(self, state: State, validation_error: float | None) -> State:
        """Return the state after an epoch with this top-1 error, in percent."""
        return state

    def to_json(self) -> dict[str, Any]:
        """Return the name and fields, which identify the schedule in a checkpoint."""
        return {"name": type(self).__name__, **asdict(self)}


@dataclass(frozen=True)
class ConstantSchedule(Schedule):
    """The learning rate never changes."""

    def __str__(self) -> str:
        return "constant"


@dataclass(frozen=True)
class _BoundarySchedule(Schedule):
    """Multiply the learning rate by `factor` at given epochs or steps; `unit` is the field of `Moment`."""

    boundaries: Sequence[int]
    factor: float = 0.1
    unit: ClassVar[Literal["epoch", "step"]]

    def __post_init__(self) -> None:
        make_plain(self)
        _check_factor(self.factor, type(self).__name__)
        object.__setattr__(self, "boundaries", _rising(self.boundaries, f"{self.unit}s", type(self).__name__))

    def rate_factor(self, moment: Moment, state: State) -> float:
        """Return factor ** (number of boundaries reached)."""
        _check_moment(moment, type(self).__name__)
        return _power(self.factor, bisect_right(self.boundaries, getattr(moment, self.unit)))

    def __str__(self) -> str:
        unit = self.unit if len(self.boundaries) == 1 else f"{self.unit}s"
        return f"× {self.factor:g} after {unit} {', '.join(map(str, self.boundaries))}"


@dataclass(frozen=True)
class EpochSchedule(_BoundarySchedule):
    """Multiply the learning rate by `factor` at the start of given epochs, counted from 0.

    Parameters
    ----------
    boundaries : sequence of int
        Epochs, ascending.
    factor : float
        Greater than 0; 0.1 divides by ten.
    """

    unit = "epoch"


@dataclass(frozen=True)
class StepSchedule(_BoundarySchedule):
    """Multiply the learning rate by `factor` at given steps, counted from 0 (the iterations of Caffe's solvers).

    Parameters
    ----------
    boundaries : sequence of int
        Steps, ascending.
    factor : float
        Greater than 0; 0.1 divides by ten.
    """

    unit = "step"


@dataclass(frozen=True)
class EpochTableSchedule(Schedule):
    """Set the factor of the learning rate for each range of epochs; 0 freezes.

    Parameters
    ----------
    boundaries : sequence of int
        Epochs, counted from 0, ascending. Before the first of them the factor is 1.
    factors : sequence of float
        The factor from each of these epochs on, at least 0.
    """

    boundaries: Sequence[int]
    factors: Sequence[float]

    def __post_init__(self) -> None:
        boundaries = _rising(self.boundaries, "epochs", "EpochTableSchedule")
        factors = tuple(as_items(self.factors, "factors", "EpochTableSchedule", _MOST_BOUNDARIES))
        for factor in factors:
            check_number(factor, "factors", "EpochTableSchedule")
        factors = tuple(map(float, factors))
        if len(factors) != len(boundaries):
            raise ValueError(f"EpochTableSchedule: factors are {factors}, expected one per boundary, {len(boundaries)}")
        object.__setattr__(self, "boundaries", boundaries)
        object.__setattr__(self, "factors", factors)

    def rate_factor(self, moment: Moment, state: State) -> float:
        """Return the factor of the range that contains the epoch."""
        _check_moment(moment, "EpochTableSchedule")
        return (1.0, *self.factors)[bisect_right(self.boundaries, moment.epoch)]

    def __str__(self) -> str:
        return ", ".join(f"× {f:g} after epoch {at}" for at, f in zip(self.boundaries, self.factors, strict=True))


@dataclass(frozen=True)
class DexpSchedule(Schedule):
    """Divide the learning rate by `target_factor` in total, in equal parts of the run and by equal factors.

    cuda-convnet2's `dexp[base; tgtFactor; numSteps]` ("discrete exponential"): the factor is
    target_factor^(−i / (steps − 1)) with i = ⌊progress · steps⌋. For 250 and 4: 1, 0.159, 0.0252 and 0.004, changing
    after 25, 50 and 75 % of the run, even within an epoch.

    Parameters
    ----------
    target_factor : float
        Greater than 0.
    steps : int
        Number of parts, at least 2.
    """

    target_factor: float = 250.0
    steps: int = 4
    needs_length: ClassVar[bool] = True

    def __post_init__(self) -> None:
        make_plain(self)
        _check_factor(self.target_factor, "DexpSchedule", "target_factor")
        as_integer(self.steps, "steps", "DexpSchedule", 2)

    def rate_factor(self, moment: Moment, state: State) -> float:
        """Return the factor of the part that contains the step, found in integers so that boundaries are exact."""
        _check_moment(moment, "DexpSchedule")
        stretch = min(moment.step * self.steps // moment.total_steps, self.steps - 1)
        return _power(self.target_factor, -stretch / (self.steps - 1))

    def __str__(self) -> str:
        return f"÷ {self.target_factor:g} in all, in {self.steps} equal stretches of the run"


@dataclass(frozen=True)
class PolynomialSchedule(Schedule):
    """Let the learning rate fall to 0 at the end of the run: (1 − step / steps of the run)^power, Caffe's `poly`.

    Parameters
    ----------
    power : float
        Greater than 0; You, Gitman & Ginsburg 2017 (arXiv:1708.03888, section 5) take 2 with LARS.
    """

    power: float = 2.0
    needs_length: ClassVar[bool] = True

    def __post_init__(self) -> None:
        make_plain(self)
        _check_factor(self.power, "PolynomialSchedule", "power")

    def rate_factor(self, moment: Moment, state: State) -> float:
        """Return (1 − progress)^power, 0 after the run's last step."""
        _check_moment(moment, "PolynomialSchedule")
        return _power(1 - min(moment.step, moment.total_steps) / moment.total_steps, self.power)

    def __str__(self) -> str:
        return f"× (1 − step / steps of the run)^{self.power:g}"


@dataclass(frozen=True)
class PlateauSchedule(Schedule):
    """Multiply the learning rate when the validation error stops improving (Krizhevsky et al. 2012, section 5).

    The authors watched the error and divided by ten three times in about 90 epochs; here "stops improving" means
    `patience` epochs in a row without a new best top-1 error.

    Parameters
    ----------
    factor : float
        Greater than 0; 0.1 divides by ten.
    patience : int
        Epochs without improvement before the rate changes, at least 1.
    times : int
        Most changes of the rate.
    """

    factor: float = 0.1
    patience: int = 5
    times: int = 3
    needs_validation: ClassVar[bool] = True

    def __post_init__(self) -> None:
        make_plain(self)
        _check_factor(self.factor, "PlateauSchedule")
        as_integer(self.patience, "patience", "PlateauSchedule", 1)
        as_integer(self.times, "times", "PlateauSchedule", 0)

    def initial(self) -> State:
        """Return a state that any error improves on; 101 % instead of infinity, which JSON cannot represent."""
        return {"best": 101.0, "waited": 0, "reductions": 0}

    def rate_factor(self, moment: Moment, state: State) -> float:
        """Return factor ** (reductions so far)."""
        self._check_state(state)
        return _power(self.factor, state["reductions"])

    def after_epoch(self, state: State, validation_error: float | None) -> State:
        """Count epochs without a new best error, and reduce the rate after `patience` of them."""
        if validation_error is None:
            raise ValueError("PlateauSchedule: no validation error, expected one after every epoch")
        check_number(validation_error, "validation_error", "PlateauSchedule")
        self._check_state(state)
        if validation_error < state["best"]:
            return {**state, "best": validation_error, "waited": 0}
        waited = state["waited"] + 1
        if waited < self.patience or state["reductions"] >= self.times:
            return {**state, "waited": waited}
        return {**state, "waited": 0, "reductions": state["reductions"] + 1}

    def _check_state(self, state: State) -> None:
        for name in self.initial():
            if not isinstance(state, dict) or name not in state:
                raise TypeError(f"PlateauSchedule: state is {shown(state)}, expected the result of `initial`")
            check_number(state[name], name, "PlateauSchedule")

    def __str__(self) -> str:
        return f"× {self.factor:g} after {self.patience} epochs without a better validation error, {self.times} times"


def check_schedule(value: Any, name: str, operation: str, optional: bool = False) -> None:
    """Raise TypeError unless it is a schedule, or None if `optional`."""
    if not isinstance(value, Schedule) and not (optional and value is None):
        expected = f"a Schedule such as EpochSchedule((20, 30)){' or None' if optional else ''}"
        raise TypeError(f"{operation}: {name} is {shown(value)}, expected {expected}")


def _check_moment(moment: Any, operation: str) -> None:
    if not isinstance(moment, Moment):
        raise TypeError(f"{operation}: moment is {shown(moment)}, expected a Moment")
    for name, low in (("epoch", 0), ("step", 0), ("total_steps", 1)):
        as_integer(getattr(moment, name), f"the moment's {name}", operation, low)


def _power(factor: float, exponent: float) -> float:
    """Return factor ** exponent; overflow gives infinity, which the engine refuses as a rate."""
    try:
        return float(factor**exponent)
    except OverflowError:
        return math.inf


def _check_factor(factor: float, operation: str, name: str = "factor") -> None:
    check_number(factor, name, operation)
    if not factor:
        raise ValueError(f"{operation}: {name} is {factor!r}, expected a finite number greater than 0")


def _rising(boundaries: Sequence[int], what: str, operation: str) -> tuple[int, ...]:
    items = tuple(as_items(boundaries, "boundaries", operation, _MOST_BOUNDARIES))
    numbers = tuple(as_integer(number, "boundaries", operation, 0) for number in items)
    if list(numbers) != sorted(set(numbers)):
        raise ValueError(f"{operation}: boundaries are {numbers}, expected ascending {what}")
    return numbers
