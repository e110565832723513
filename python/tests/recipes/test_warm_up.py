"""Rates that rise at the beginning of a run."""

import itertools

import pytest

import swiftalexnet as sa
from swiftalexnet.recipes.warm_up import warm_up_factor


@pytest.mark.parametrize(
    ("epochs", "start", "steps_an_epoch", "factors"),
    [
        (2, 0.0, 2, [0, 0.25, 0.5, 0.75, 1, 1]),
        (2, 0.5, 2, [0.5, 0.625, 0.75, 0.875, 1, 1]),
        (0.5, 0.5, 4, [0.5, 0.75, 1, 1, 1, 1]),
        (0.75, 0.0, 2, [0, 1 / 1.5, 1, 1, 1, 1]),
        (0, 0.5, 2, [1, 1, 1, 1, 1, 1]),
    ],
)
def test_rises_by_the_same_amount_in_every_step(epochs, start, steps_an_epoch, factors):
    """Tests/TrainingTests/WarmUpTests.swift has the same numbers."""
    recipe = sa.recipe("small", warmup_epochs=epochs, warmup_start=start)
    total = recipe.epochs * steps_an_epoch
    found = [warm_up_factor(recipe, sa.Moment(step // steps_an_epoch, step, total)) for step in range(6)]
    assert found == factors


def test_goyal_begins_at_the_old_rate():
    recipe = sa.recipe("torchvision").scaled(8192, "goyal")
    steps = 1_281_167 // 8192 + 1
    rates = [
        recipe.learning_rate * warm_up_factor(recipe, sa.Moment(step // steps, step, 90 * steps))
        for step in range(6 * steps)
    ]
    assert rates[0] == 0.01 and rates[5 * steps :] == [0.32] * steps
    rises = [after - before for before, after in itertools.pairwise(rates[: 5 * steps + 1])]
    assert rises == pytest.approx([0.31 / (5 * steps)] * 5 * steps)
