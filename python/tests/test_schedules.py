"""Learning rates over epochs, and the state that checkpoints keep."""

import json

import pytest

import swiftalexnet as sa


def factors(schedule: sa.Schedule, errors: list[float]) -> list[float]:
    """Return the factor of every epoch, given the validation error after it."""
    state, seen = schedule.initial(), []
    for epoch, error in enumerate(errors):
        seen.append(schedule.rate_factor(epoch, state))
        state = json.loads(json.dumps(schedule.after_epoch(state, error)))
    return seen


def test_constant():
    assert factors(sa.ConstantSchedule(), [50, 60]) == [1, 1]


def test_epochs():
    assert factors(sa.EpochSchedule([1, 3], 0.5), [0.0] * 4) == [1, 0.5, 0.5, 0.25]


def test_plateau_divides_after_patience_and_only_so_often():
    schedule = sa.PlateauSchedule(0.1, patience=2, times=1)
    assert factors(schedule, [50, 50, 51, 40, 40, 40, 40]) == [1, 1, 1] + [0.1] * 4


def test_plateau_starts_waiting_anew_after_an_improvement():
    schedule = sa.PlateauSchedule(0.5, patience=2)
    assert factors(schedule, [50, 51, 49, 49, 48, 48, 48, 48]) == [1, 1, 1, 1, 1, 1, 1, 0.5]


def test_plateau_needs_an_error():
    with pytest.raises(ValueError, match="validation error"):
        sa.PlateauSchedule().after_epoch(sa.PlateauSchedule().initial(), None)


@pytest.mark.parametrize(
    "make",
    [
        lambda: sa.EpochSchedule([3, 1]),
        lambda: sa.EpochSchedule([1, 1]),
        lambda: sa.EpochSchedule([-1]),
        lambda: sa.EpochSchedule([1], factor=0),
        lambda: sa.EpochSchedule([1], factor=float("nan")),
        lambda: sa.PlateauSchedule(patience=0),
        lambda: sa.PlateauSchedule(times=-1),
    ],
)
def test_refuses_bad_numbers(make):
    with pytest.raises(ValueError, match="expected"):
        make()
