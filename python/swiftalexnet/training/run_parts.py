"""Convert the state of a run to JSON and tensors, and back; every value is checked, because files are not trusted.

The history is a tensor of bytes, because it can grow without limit and a file's header cannot.
"""

import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._support.arrays import as_integer
from .._support.json import to_json
from ..recipes.schedules import Moment, Schedule, State
from .history import COLUMNS
from .run import Run, RunState

_OUTCOMES, _COUNTS, _TOTALS, _HISTORY = "epoch.outcomes", "epoch.counts", "epoch.weights", "history"

Tensors = dict[str, NDArray[Any]]


def run_to_parts(run: Run) -> tuple[dict[str, Any], Tensors]:
    """Return (fields, tensors) for `run_from_parts`."""
    state = run.state
    done = len(state.outcomes)
    fields: dict[str, Any] = {
        "epoch": state.epoch,
        "step": run.step,
        "first_step": state.first_step,
        "schedule": state.schedules[0],
        "other_schedules": state.schedules[1:],
        "seconds": run.seconds() if done else 0.0,
    }
    tensors: Tensors = {
        _OUTCOMES: np.array(state.outcomes, np.float64).reshape(done, 2),
        _COUNTS: np.array(state.counts[:done], np.int64),
        _HISTORY: np.frombuffer(to_json(state.rows).encode(), np.uint8),
    }
    if run.plan.weights.values is not None:
        tensors[_TOTALS] = np.array(state.totals[:done], np.float64)
    return fields, tensors


def run_from_parts(run: Run, fields: dict[str, Any], tensors: Mapping[str, NDArray[Any]]) -> RunState:
    """Rebuild the state of a run whose plan is that of `run`.

    Raises
    ------
    LookupError, TypeError, ValueError, ArithmeticError, RecursionError
        The values are not a state of such a run.
    """
    epoch, first_step = (as_integer(fields[name], name, "checkpoint", 0) for name in ("epoch", "first_step"))
    rows = _rows(tensors[_HISTORY], epoch)
    schedules = [fields["schedule"], *fields.get("other_schedules", ())]  # which older versions did not write
    state = RunState(epoch, first_step, _schedules(run, Moment(epoch, first_step, 1), schedules), rows)
    state.seconds = _finite(fields["seconds"], "seconds")
    state.outcomes, state.counts = _steps(run, tensors[_OUTCOMES], tensors[_COUNTS])
    weighted = run.plan.weights.values is not None
    state.totals = _totals(tensors[_TOTALS], len(state.counts)) if weighted else [float(each) for each in state.counts]
    return state


def _rows(encoded: NDArray[Any], epochs: int) -> list[dict[str, Any]]:
    _require(encoded.dtype == np.uint8 and encoded.ndim == 1, "the history is not text")
    rows = checked_rows(json.loads(encoded.tobytes()))
    _require(len(rows) == epochs, f"the history has not {epochs} rows")
    return rows


def checked_rows(rows: Any) -> list[dict[str, Any]]:
    """Return the rows of a history that was read from a file.

    Raises
    ------
    TypeError, ValueError
        They are not rows of a history.
    """
    _require(isinstance(rows, list), "the history is not a list of rows")
    for row in rows:
        _require(isinstance(row, dict) and tuple(row) == COLUMNS, "the history has other columns")
        as_integer(row["epoch"], "epoch", "history", 0)
        for name, value in row.items():
            if not (value is None and name.startswith("validation_")):
                _finite(value, name)
    return list(rows)


def _schedules(run: Run, moment: Moment, states: list[Any]) -> list[State]:
    schedules = run.plan.recipe.schedules
    _require(len(states) == len(schedules), f"{len(states)} states of schedules, expected {len(schedules)}")
    return [_schedule(schedule, moment, state) for schedule, state in zip(schedules, states, strict=True)]


def _schedule(schedule: Schedule, moment: Moment, state: Any) -> State:
    _require(
        isinstance(state, dict) and schedule.initial().keys() <= state.keys(), "the schedule's state lacks entries"
    )
    for name, value in state.items():
        _finite(value, name)
    _finite(schedule.rate_factor(moment, state), "the rate's factor")
    return dict(state)


def _steps(run: Run, outcomes: NDArray[Any], counts: NDArray[Any]) -> tuple[list[tuple[float, float]], list[int]]:
    batch_size, images = run.plan.recipe.batch_size, len(run.plan.train)
    done = len(counts)
    _require(counts.dtype == np.int64 and counts.ndim == 1 and done <= -(-images // batch_size), "too many steps")
    _require(not done or (counts.min() >= 0 and counts.max() <= batch_size), "a step of an impossible size")
    _require(outcomes.dtype == np.float64 and outcomes.shape == (done, 2), "there are not as many outcomes as steps")
    _require(bool(np.isfinite(outcomes).all()), "outcomes that are not finite")
    return [(float(loss), float(error)) for loss, error in outcomes], [int(count) for count in counts]


def _totals(totals: NDArray[Any], steps: int) -> list[float]:
    _require(totals.dtype == np.float64 and totals.shape == (steps,), "there are not as many weights as steps")
    _require(bool(np.isfinite(totals).all()) and not (totals < 0).any(), "steps of an impossible weight")
    return [float(total) for total in totals]


def _finite(value: Any, name: str) -> float:
    number = not isinstance(value, bool) and isinstance(value, (int, float)) and math.isfinite(value)
    _require(number, f"{name} is not a finite number")
    return float(value)


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise ValueError(message)
