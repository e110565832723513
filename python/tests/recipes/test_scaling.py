"""Rules for the learning rate and the weight decay of larger batches."""

import pytest

import swiftalexnet as sa

PAPER = sa.recipe("paper")


@pytest.mark.parametrize(
    ("rule", "changes"),
    [
        ("krizhevsky", {"learning_rate": 0.08}),
        ("goyal", {"learning_rate": 0.08, "warmup_epochs": 5.0, "warmup_start": 0.125}),
        ("sqrt", {"learning_rate": 0.01 * 8**0.5, "weight_decay": 0.0005 * 8**0.5}),
    ],
)
def test_eight_times_the_batch(rule, changes):
    scaled = PAPER.scaled(1024, rule)
    assert scaled == PAPER.replace(batch_size=1024, source=scaled.source, **changes)
    assert scaled.source == f"{PAPER.source}; {rule} for batches of 1024 in place of 128"


def test_the_square_root_keeps_the_decay_of_an_epoch():
    scaled = PAPER.scaled(2048, "sqrt")
    before = 16 * PAPER.learning_rate * PAPER.weight_decay
    assert scaled.learning_rate * scaled.weight_decay == pytest.approx(before, rel=1e-14)


def test_smaller_batches_need_no_warm_up():
    scaled = PAPER.scaled(32)
    assert (scaled.learning_rate, scaled.warmup_epochs) == (0.0025, 0)
    assert PAPER.scaled(128).replace(source=PAPER.source) == PAPER


def test_biases_and_groups_follow():
    recipe = sa.recipe("chm145").scaled(256, "krizhevsky")
    assert (recipe.bias_learning_rate, recipe.groups) == (2, sa.recipe("chm145").groups)


@pytest.mark.parametrize(
    ("recipe", "batch_size", "rule", "kind", "message"),
    [
        (PAPER, 0, "goyal", ValueError, "batch_size"),
        (PAPER, 2**21, "goyal", ValueError, "batch_size"),
        (PAPER, 25.6, "goyal", TypeError, "batch_size"),
        (PAPER, 256, "goyall", ValueError, "did you mean 'goyal'"),
        (PAPER, 256, None, ValueError, "rule"),
        (PAPER.replace(schedule=sa.StepSchedule((9,))), 256, "sqrt", ValueError, "counts steps"),
        (PAPER.replace(bias_schedule=sa.StepSchedule((9,))), 256, "sqrt", ValueError, "counts steps"),
        (PAPER.replace(learning_rate=1e308), 2**20, "goyal", ValueError, "learning_rate"),
    ],
)
def test_refusals(recipe, batch_size, rule, kind, message):
    with pytest.raises(kind, match=message):
        recipe.scaled(batch_size, rule)
