"""Recipes as data: the published numbers, replacements, refusals."""

import numpy as np
import pytest

import swiftalexnet as sa
from swiftalexnet.recipes import as_recipe


def test_paper_numbers():
    recipe = sa.recipe("paper")
    numbers = recipe.batch_size, recipe.learning_rate, recipe.momentum, recipe.weight_decay, recipe.epochs
    assert numbers == (128, 0.01, 0.9, 0.0005, 90)
    assert recipe.schedule == sa.PlateauSchedule(factor=0.1, times=3)
    assert recipe.augmentation == sa.Augmentation(crop=True, flip=True, color_noise=0.1)


def test_caffe_gives_biases_twice_the_rate_and_no_decay():
    recipe = sa.recipe("caffe")
    assert (recipe.bias_learning_rate, recipe.bias_weight_decay) == (2, 0)


def test_torchvision_uses_pytorchs_rule():
    recipe = sa.recipe("torchvision")
    assert (recipe.rule, recipe.weight_decay) == ("pytorch", 1e-4)


def test_prints_itself():
    text = str(sa.recipe("paper", learning_rate=0.02))
    assert "0.02" in text and "Krizhevsky" in text and "momentum" in text


def test_fit_arguments_replace_the_recipes():
    recipe = as_recipe("paper", epochs=3, batch_size=None)
    assert (recipe.epochs, recipe.batch_size) == (3, 128)


def test_names_the_nearest():
    with pytest.raises(ValueError, match="did you mean 'torchvision'"):
        sa.recipe("torchvison")
    with pytest.raises(ValueError, match="did you mean 'momentum'"):
        sa.recipe("paper", momentun=0.5)


def test_numpy_numbers_become_plain():
    schedule = sa.PlateauSchedule(factor=np.float32(0.5), patience=np.int64(3))
    recipe = sa.recipe("paper", learning_rate=np.float32(0.5), batch_size=np.int16(8), flip=np.bool_(False))
    plain = schedule.factor, schedule.patience, recipe.learning_rate, recipe.batch_size, recipe.flip
    assert [type(value) for value in plain] == [float, int, float, int, bool]


@pytest.mark.parametrize(
    ("name", "value", "kind"),
    [
        ("learning_rate", float("nan"), ValueError),
        ("learning_rate", -0.1, ValueError),
        ("learning_rate", float("inf"), ValueError),
        ("learning_rate", "fast", TypeError),
        ("momentum", 1.0, ValueError),
        ("weight_decay", -1.0, ValueError),
        ("batch_size", 0, ValueError),
        ("batch_size", 1.5, TypeError),
        ("epochs", -1, ValueError),
        ("rule", "adam", ValueError),
        ("schedule", 0.1, TypeError),
        ("color_noise", -0.1, ValueError),
    ],
)
def test_refuses_bad_settings(name, value, kind):
    with pytest.raises(kind, match=name):
        sa.recipe("paper", **{name: value})
