"""Recipes as data: how they print, replacements, refusals."""

import json

import numpy as np
import pytest
from html_tables import read_html
from support import ROOT, TESTS

import swiftalexnet as sa
from swiftalexnet.recipes.table import as_markdown, as_recipe, read_recipe

STEPS_AN_EPOCH = 10


@pytest.mark.parametrize("name", sa.recipe_names())
def test_every_recipe_prints_itself_with_its_source(name):
    recipe = sa.recipe(name)
    text = str(recipe)
    assert text.startswith(f"recipe {name}: ") and len(recipe.source) > 20
    for field in ("batch_size", "momentum", "bias_schedule", "groups", "color_divisor", "chunk", "scale"):
        assert f"\n  {field} " in text
    assert name in (sa.recipe.__doc__ or "")
    json.dumps(recipe.to_json(), allow_nan=False)


def test_groups_are_printed_a_line_each():
    lines = str(sa.recipe("cifar-conv-local-11pct")).splitlines()
    at = next(number for number, line in enumerate(lines) if "groups" in line)
    assert lines[at].endswith("conv?.weight: decay × 0") and lines[at + 1].strip() == "fc10.weight: decay × 2.5"


def test_changed_settings_are_printed():
    text = str(sa.recipe("paper", learning_rate=0.02, scale=(256, 512)))
    assert "0.02" in text and "Krizhevsky" in text and "256, 512" in text


def test_fit_arguments_replace_the_recipes():
    recipe = as_recipe("paper", epochs=3, batch_size=None)
    assert (recipe.epochs, recipe.batch_size) == (3, 128)


def test_names_the_nearest():
    with pytest.raises(ValueError, match="did you mean 'torchvision'"):
        sa.recipe("torchvison")
    with pytest.raises(ValueError, match="did you mean 'caffe'"):
        sa.recipe("CAFFE")
    for name in ("adam", "xyz"):  # however far
        with pytest.raises(ValueError, match=f"unknown recipe '{name}', expected one of paper, .*; did you mean"):
            sa.recipe(name)
    with pytest.raises(ValueError, match="did you mean 'momentum'"):
        sa.recipe("paper", momentun=0.5)


def test_numpy_numbers_become_plain():
    schedule = sa.PlateauSchedule(factor=np.float32(0.5), patience=np.int64(3))
    recipe = sa.recipe("paper", learning_rate=np.float32(0.5), batch_size=np.int16(8), flip=np.bool_(False))
    group = sa.ParameterGroup("fc8.*", np.float32(2))
    plain = schedule.factor, schedule.patience, recipe.learning_rate, recipe.batch_size, recipe.flip
    assert [type(value) for value in (*plain, group.learning_rate)] == [float, int, float, int, bool, float]


def test_older_checkpoints_are_recognised():
    """Exactly what an earlier version wrote for its recipes."""
    assert sa.recipe("paper").to_json() == {
        "batch_size": 128,
        "learning_rate": 0.01,
        "momentum": 0.9,
        "weight_decay": 5e-4,
        "schedule": {"name": "PlateauSchedule", "factor": 0.1, "patience": 5, "times": 3},
        "rule": "paper",
        "bias_learning_rate": 1.0,
        "bias_weight_decay": 1.0,
        "crop": True,
        "flip": True,
        "color_noise": 0.1,
    }


@pytest.mark.parametrize(
    "change",
    [
        {"bias_schedule": sa.ConstantSchedule()},
        {"groups": (sa.ParameterGroup("fc8.*", 10),)},
        {"color_noise_epochs": 3},
        {"color_divisor": 1.1},
        {"chunk": 32},
        {"rotation": 5.0},
        {"shift": 2},
        {"scale": (256, 512)},
        {"trust_coefficient": 0.002},
        {"lars_biases": False},
        {"warmup_epochs": 5.0},
        {"warmup_start": 0.1},
    ],
)
def test_new_settings_make_another_run(change):
    plain, changed = sa.recipe("paper"), sa.recipe("paper", **change)
    assert plain.to_json() != changed.to_json() and str(plain) != str(changed)


def test_the_length_counts_where_a_schedule_is_stretched_over_it():
    for recipe in (sa.recipe("cuda-convnet2"), sa.recipe("paper", bias_schedule=sa.DexpSchedule())):
        assert recipe.to_json() != recipe.replace(epochs=3).to_json()
    assert sa.recipe("chm145").to_json() == sa.recipe("chm145", epochs=3).to_json()


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
        ("schedule", None, TypeError),
        ("bias_schedule", 0.1, TypeError),
        ("groups", sa.ParameterGroup("fc8.*"), TypeError),
        ("groups", ("fc8.*",), TypeError),
        ("color_noise", -0.1, ValueError),
        ("color_noise_epochs", -1, ValueError),
        ("color_noise_epochs", 1.5, TypeError),
        ("trust_coefficient", 0, ValueError),
        ("trust_coefficient", 1e-60, ValueError),
        ("trust_coefficient", float("nan"), ValueError),
        ("warmup_epochs", -1, ValueError),
        ("warmup_epochs", "5", TypeError),
        ("warmup_start", float("inf"), ValueError),
        ("scale", 256, TypeError),
        ("scale", (512, 256), ValueError),
        ("scale", (0, 256), ValueError),
        ("scale", (256.0, 512.0), TypeError),
        ("scale", (1, 2, 3), TypeError),
    ],
)
def test_refuses_bad_settings(name, value, kind):
    with pytest.raises(kind, match=name):
        sa.recipe("paper", **{name: value})


def _line(recipe: sa.Recipe) -> str:
    """Return what decides a recipe, as RecipeTableTests.swift writes it."""

    def schedule(value: sa.Schedule | None) -> str:
        match value:
            case None:
                return "-"
            case sa.EpochSchedule(boundaries, factor):
                return f"epochs({numbers(boundaries)}, {factor:g})"
            case sa.EpochTableSchedule(boundaries, factors):
                return f"table({numbers(boundaries)}, {numbers(factors)})"
            case sa.StepSchedule(boundaries, factor):
                return f"steps({numbers(boundaries)}, {factor:g})"
            case sa.PlateauSchedule(factor, patience, times):
                return f"plateau({factor:g}, {patience}, {times})"
            case sa.DexpSchedule(target, steps):
                return f"dexp({target:g}, {steps})"
            case sa.PolynomialSchedule(power):
                return f"polynomial({power:g})"
        return "constant"

    def numbers(values) -> str:
        return "-" if values is None else " ".join(f"{value:g}" for value in values)

    def group(each: sa.ParameterGroup) -> str:
        return f"{each.pattern}({each.learning_rate:g} {each.weight_decay:g} {schedule(each.schedule)})"

    r, noisy = recipe, "-" if recipe.color_noise_epochs is None else recipe.color_noise_epochs
    fields = {
        "batch": r.batch_size,
        "rate": f"{r.learning_rate:g}",
        "momentum": f"{r.momentum:g}",
        "decay": f"{r.weight_decay:g}",
        "rule": r.rule,
        "epochs": r.epochs,
        "schedule": schedule(r.schedule),
        "biases": f"{r.bias_learning_rate:g} {r.bias_weight_decay:g} {schedule(r.bias_schedule)}",
        "groups": " ".join(map(group, r.groups)),
        "crop": int(r.crop),
        "flip": int(r.flip),
        "color": f"{r.color_noise:g} {noisy} {r.color_divisor:g}",
        "chunk": r.chunk,
        "rotation": f"{r.rotation:g}",
        "shift": r.shift,
        "scale": numbers(r.scale),
        "lars": f"{r.trust_coefficient:g} {int(r.lars_biases)}",
        "warmup": f"{r.warmup_epochs:g} {r.warmup_start:g}",
    }
    return ", ".join([r.name, *(f"{name}={value}" for name, value in fields.items())])


def test_the_documentation_has_the_table():
    page = ROOT / "docs" / "training.md"
    assert as_markdown() in page.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", sa.recipe_names())
def test_text_and_html_have_every_setting(name):
    recipe = sa.recipe(name, source="<i>someone's</i>")
    settings = [field for field in sa.Recipe.__dataclass_fields__ if field not in ("name", "source")]
    captions, (table,) = read_html(recipe)
    assert captions == [f"recipe {name}: <i>someone's</i>"]
    assert [row[0] for row in table[1:]] == settings
    assert dict(table)["schedule"] == str(recipe.schedule)
    assert not [value for _, value in table if "\\n" in value]
    assert all(f"\n  {setting} " in str(recipe) for setting in settings)


def test_swift_has_the_same_recipes():
    """Tests/TrainingTests/RecipeTableTests.swift compares the engine's own table with the same file."""
    expected = (TESTS / "golden" / "recipes.txt").read_text(encoding="utf-8").splitlines()
    assert [_line(sa.recipe(name)) for name in sa.recipe_names()] == expected


@pytest.mark.parametrize(
    ("text", "schedule"),
    [
        ("constant", sa.ConstantSchedule()),
        ("epochs boundaries=20,30 factor=0.5", sa.EpochSchedule((20, 30), 0.5)),
        ("epoch_table boundaries=2,5 factors=0.1,0.0", sa.EpochTableSchedule((2, 5), (0.1, 0.0))),
        ("steps boundaries=7 factor=0.1", sa.StepSchedule((7,))),
        ("plateau factor=0.1 patience=4 times=2", sa.PlateauSchedule(0.1, 4, 2)),
        ("dexp target_factor=250.0 steps=4", sa.DexpSchedule(250, 4)),
        ("polynomial power=2.0", sa.PolynomialSchedule()),
    ],
)
def test_every_schedule_is_read_from_the_engines_text(text, schedule):
    plain = "name n\nbatch_size 1\nlearning_rate 0.5\nmomentum 0.0\nweight_decay 0.0\nepochs 1\nsource\n"
    recipe = read_recipe(f"{plain}schedule {text}\ngroup fc*.bias learning_rate=1.0 weight_decay=2.0 schedule {text}\n")
    assert recipe.schedule == schedule
    assert recipe.groups == (sa.ParameterGroup("fc*.bias", 1.0, 2.0, schedule),)
