"""Learning rates over a run, and the state that checkpoints keep."""

import itertools
import json
import math

import pytest

import swiftalexnet as sa

STEPS_AN_EPOCH = 3


def factors(schedule: sa.Schedule, errors: list[float]) -> list[float]:
    """Return the factor in the first step of every epoch, given the validation error after it."""
    state, seen = schedule.initial(), []
    for epoch, error in enumerate(errors):
        seen.append(schedule.rate_factor(sa.Moment(epoch, epoch * STEPS_AN_EPOCH, len(errors) * STEPS_AN_EPOCH), state))
        state = json.loads(json.dumps(schedule.after_epoch(state, error)))
    return seen


def by_step(schedule: sa.Schedule, total_steps: int) -> list[float]:
    """Return the factor in every step."""
    moments = (sa.Moment(step // STEPS_AN_EPOCH, step, total_steps) for step in range(total_steps))
    return [schedule.rate_factor(moment, schedule.initial()) for moment in moments]


def test_constant():
    assert factors(sa.ConstantSchedule(), [50, 60]) == [1, 1]


def test_epochs():
    assert factors(sa.EpochSchedule([1, 3], 0.5), [0.0] * 4) == [1, 0.5, 0.5, 0.25]


def test_epoch_table_says_every_factor_and_may_freeze():
    assert factors(sa.EpochTableSchedule([1, 3], [0.1, 0]), [0.0] * 5) == [1, 0.1, 0.1, 0, 0]
    assert factors(sa.EpochTableSchedule([0], [0.5]), [0.0] * 2) == [0.5, 0.5]


def test_steps_fall_inside_an_epoch():
    assert by_step(sa.StepSchedule([1, 4], 0.5), 6) == [1, 0.5, 0.5, 0.5, 0.25, 0.25]


def test_dexp_gives_the_published_rates():
    rates = [0.01 * factor for factor in by_step(sa.DexpSchedule(250, 4), 8)]
    published = [0.01, 0.0015874, 0.00025198, 0.00004]
    assert rates == pytest.approx([rate for rate in published for _ in range(2)], rel=2e-5)
    biases = [0.02 * factor for factor in by_step(sa.DexpSchedule(10, 2), 4)]
    assert biases == pytest.approx([0.02, 0.02, 0.002, 0.002])


@pytest.mark.parametrize("steps", [2, 3, 7, 49, 93])
@pytest.mark.parametrize("length", [1, 3, 107])
def test_dexp_meets_every_boundary_exactly(steps, length):
    seen = by_step(sa.DexpSchedule(10, steps), steps * length)
    wanted = [10 ** (-stretch / (steps - 1)) for stretch in range(steps) for _ in range(length)]
    assert seen == pytest.approx(wanted, rel=1e-12)


def test_dexp_of_runs_that_do_not_divide():
    assert by_step(sa.DexpSchedule(100, 2), 5) == pytest.approx([1, 1, 1, 0.01, 0.01])
    assert by_step(sa.DexpSchedule(100, 3), 2) == pytest.approx([1, 0.1])


def test_polynomial_falls_to_zero():
    factors = [sa.PolynomialSchedule(2).rate_factor(sa.Moment(0, step, 4), {}) for step in range(6)]
    assert factors == [1, 0.75**2, 0.5**2, 0.25**2, 0, 0]
    assert sa.PolynomialSchedule(1).rate_factor(sa.Moment(0, 6, 8), {}) == 0.25


def test_progress_is_a_fraction_of_the_run():
    assert sa.Moment(1, 25, 100).progress == 0.25


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
    ("schedule", "text"),
    [
        (sa.EpochSchedule((20, 40)), "× 0.1 after epochs 20, 40"),
        (sa.EpochTableSchedule((25, 72), (0.1, 0)), "× 0.1 after epoch 25, × 0 after epoch 72"),
        (sa.EpochSchedule((8,)), "× 0.1 after epoch 8"),
        (sa.StepSchedule((1000,), 0.5), "× 0.5 after step 1000"),
        (sa.StepSchedule((1000, 2000), 0.5), "× 0.5 after steps 1000, 2000"),
        (sa.DexpSchedule(250, 4), "÷ 250 in all, in 4 equal stretches of the run"),
        (sa.PolynomialSchedule(2), "× (1 − step / steps of the run)^2"),
        (sa.ConstantSchedule(), "constant"),
    ],
)
def test_prints_itself(schedule, text):
    assert str(schedule) == text


def test_is_recognised_by_name_and_fields():
    assert sa.StepSchedule((5,)).to_json() == {"name": "StepSchedule", "boundaries": (5,), "factor": 0.1}
    assert sa.DexpSchedule(10, 2).to_json() == {"name": "DexpSchedule", "target_factor": 10, "steps": 2}


@pytest.mark.parametrize(
    ("make", "kind"),
    [
        (lambda: sa.EpochSchedule([3, 1]), ValueError),
        (lambda: sa.EpochSchedule([1, 1]), ValueError),
        (lambda: sa.EpochSchedule([-1]), ValueError),
        (lambda: sa.EpochSchedule([1], factor=0), ValueError),
        (lambda: sa.EpochSchedule([1], factor=float("nan")), ValueError),
        (lambda: sa.EpochTableSchedule([1, 2], [0.1]), ValueError),
        (lambda: sa.EpochTableSchedule([2, 1], [0.1, 0.1]), ValueError),
        (lambda: sa.EpochTableSchedule([1], [-0.1]), ValueError),
        (lambda: sa.EpochTableSchedule([1], [float("nan")]), ValueError),
        (lambda: sa.EpochTableSchedule([1], ["slow"]), TypeError),
        (lambda: sa.StepSchedule([7, 7]), ValueError),
        (lambda: sa.EpochSchedule(range(2**62)), ValueError),
        (lambda: sa.StepSchedule(itertools.count()), ValueError),
        (lambda: sa.EpochTableSchedule([1], itertools.repeat(0.1)), ValueError),
        (lambda: sa.EpochTableSchedule(range(2**62), [0.1]), ValueError),
        (lambda: sa.EpochSchedule(5), TypeError),
        (lambda: sa.EpochSchedule("12"), TypeError),
        (lambda: sa.EpochTableSchedule([1], 0.1), TypeError),
        (lambda: sa.EpochSchedule([1], factor=10**400), ValueError),
        (lambda: sa.EpochSchedule([1], factor="slow"), TypeError),
        (lambda: sa.recipe(learning_rate=10**400), ValueError),
        (lambda: sa.StepSchedule([1.5]), TypeError),
        (lambda: sa.StepSchedule([7], factor=-1), ValueError),
        (lambda: sa.DexpSchedule(0), ValueError),
        (lambda: sa.DexpSchedule(float("inf")), ValueError),
        (lambda: sa.DexpSchedule(250, 1), ValueError),
        (lambda: sa.DexpSchedule(10**400), ValueError),
        (lambda: sa.DexpSchedule(250, 4.0), TypeError),
        (lambda: sa.PolynomialSchedule(0), ValueError),
        (lambda: sa.PolynomialSchedule(float("nan")), ValueError),
        (lambda: sa.PolynomialSchedule("2"), TypeError),
        (lambda: sa.PlateauSchedule(patience=0), ValueError),
        (lambda: sa.PlateauSchedule(times=-1), ValueError),
    ],
)
def test_refuses_bad_numbers(make, kind):
    with pytest.raises(kind, match="expected"):
        make()


WATCHING = [sa.EpochSchedule((1,)), sa.StepSchedule((1,)), sa.EpochTableSchedule((1,), (0.5,)), sa.DexpSchedule()]
WATCHING += [sa.PolynomialSchedule()]


@pytest.mark.parametrize("schedule", WATCHING, ids=lambda schedule: type(schedule).__name__)
@pytest.mark.parametrize(
    ("moment", "kind"),
    [
        (None, TypeError),
        ((0, 1, 9), TypeError),
        (sa.Moment("0", 1, 9), TypeError),
        (sa.Moment(0, None, 9), TypeError),
        (sa.Moment(-1, 1, 9), ValueError),
        (sa.Moment(0, 1, 0), ValueError),
    ],
)
def test_refuses_what_is_no_moment(schedule, moment, kind):
    with pytest.raises(kind, match=f"{type(schedule).__name__}: .*moment.* expected"):
        schedule.rate_factor(moment, {})


@pytest.mark.parametrize("state", [None, {}, {"best": 1.0}, {"best": 1.0, "waited": 0, "reductions": None}])
def test_refuses_what_is_no_state(state):
    for call in (lambda s: s.rate_factor(sa.Moment(0, 0, 1), state), lambda s: s.after_epoch(state, 50.0)):
        with pytest.raises(TypeError, match="PlateauSchedule: .* expected"):
            call(sa.PlateauSchedule())


def test_rates_beyond_float64_are_infinite():
    moment = sa.Moment(2, 2, 3)
    assert sa.EpochSchedule((1, 2), 1e300).rate_factor(moment, {}) == math.inf
    assert sa.PlateauSchedule(1e300).rate_factor(moment, {"best": 1.0, "waited": 0, "reductions": 2}) == math.inf
