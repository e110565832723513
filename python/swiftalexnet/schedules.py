"""How the learning rate falls: pure functions of the epoch and of a small state that checkpoints keep.

`rate_factor(epoch, state)` multiplies the recipe's learning rate during an epoch, counted from 0; `after_epoch`
returns the state of the next epoch. A state is a dict of numbers.
"""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

from ._arrays import as_integer
from ._numbers import make_plain

State = dict[str, float]


@dataclass(frozen=True)
class Schedule:
    """A learning rate that stays as it is, and what the others share."""

    needs_validation: ClassVar[bool] = False

    def initial(self) -> State:
        """Return the state before the first epoch."""
        return {}

    def rate_factor(self, epoch: int, state: State) -> float:
        """Return the factor on the learning rate during `epoch`."""
        return 1.0

    def after_epoch(self, state: State, validation_error: float | None) -> State:
        """Return the state after an epoch with this top-1 error, in percent."""
        return state

    def to_json(self) -> dict[str, Any]:
        """Return name and fields, to recognise the schedule again."""
        return {"name": type(self).__name__, **asdict(self)}


@dataclass(frozen=True)
class ConstantSchedule(Schedule):
    """The learning rate never changes."""

    def __str__(self) -> str:
        return "constant"


@dataclass(frozen=True)
class EpochSchedule(Schedule):
    """Multiply the learning rate by `factor` at the start of given epochs, counted from 0.

    Parameters
    ----------
    boundaries : sequence of int
        Epochs, rising.
    factor : float
        Greater than 0; 0.1 divides by ten.
    """

    boundaries: Sequence[int]
    factor: float = 0.1

    def __post_init__(self) -> None:
        make_plain(self)
        _check_factor(self.factor, "EpochSchedule")
        epochs = tuple(as_integer(epoch, "boundaries", "EpochSchedule", 0) for epoch in self.boundaries)
        if list(epochs) != sorted(set(epochs)):
            raise ValueError(f"EpochSchedule: boundaries are {epochs}, expected rising epochs")
        object.__setattr__(self, "boundaries", epochs)

    def rate_factor(self, epoch: int, state: State) -> float:
        """Return factor ** (boundaries reached)."""
        return self.factor ** sum(epoch >= boundary for boundary in self.boundaries)

    def __str__(self) -> str:
        return f"× {self.factor:g} at epochs {', '.join(map(str, self.boundaries))}"


@dataclass(frozen=True)
class PlateauSchedule(Schedule):
    """Multiply the learning rate when the validation error stops improving (Krizhevsky et al. 2012, section 5).

    The authors watched the error and divided by ten three times in about 90 epochs; "stops improving" is made definite
    here as `patience` epochs in a row without a new best top-1 error.

    Parameters
    ----------
    factor : float
        Greater than 0; 0.1 divides by ten.
    patience : int
        Epochs without improvement that are waited for, at least 1.
    times : int
        How often the rate changes at most.
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
        """Return an error that anything improves upon; 101 % rather than infinity, which JSON cannot write."""
        return {"best": 101.0, "waited": 0, "reductions": 0}

    def rate_factor(self, epoch: int, state: State) -> float:
        """Return factor ** (reductions so far)."""
        return float(self.factor ** state["reductions"])

    def after_epoch(self, state: State, validation_error: float | None) -> State:
        """Count epochs without a new best error, and reduce the rate after `patience` of them."""
        if validation_error is None:
            raise ValueError("PlateauSchedule: no validation error, expected one after every epoch")
        if validation_error < state["best"]:
            return {**state, "best": validation_error, "waited": 0}
        waited = state["waited"] + 1
        if waited < self.patience or state["reductions"] >= self.times:
            return {**state, "waited": waited}
        return {**state, "waited": 0, "reductions": state["reductions"] + 1}

    def __str__(self) -> str:
        return f"× {self.factor:g} after {self.patience} epochs without a better validation error, {self.times} times"


def _check_factor(factor: float, operation: str) -> None:
    if not (isinstance(factor, (int, float)) and math.isfinite(factor) and factor > 0):
        raise ValueError(f"{operation}: factor is {factor!r}, expected a finite number greater than 0")
