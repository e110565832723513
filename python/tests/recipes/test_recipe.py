"""Recipes as data: the published numbers, replacements, refusals."""

import json

import numpy as np
import pytest
from html_tables import read_html
from support import ROOT, TESTS

import swiftalexnet as sa
from swiftalexnet.recipes.table import as_markdown, as_recipe, read_recipe
from swiftalexnet.training.rates import Rates

STEPS_AN_EPOCH = 10


def rates_at(recipe: sa.Recipe, names: str, epoch: int, step: int = 0) -> dict[str, tuple[float, float]]:
    """Return (rate, decay) of parameters in a step of an epoch."""
    moment = sa.Moment(epoch, epoch * STEPS_AN_EPOCH + step, recipe.epochs * STEPS_AN_EPOCH)
    found = Rates(recipe, dict.fromkeys(names.split(), (1.0, 1.0))).at(moment, [s.initial() for s in recipe.schedules])
    return {name: (rate, recipe.weight_decay * decay) for name, (rate, decay) in found.items()}


def test_paper_numbers():
    recipe = sa.recipe("paper")
    numbers = recipe.batch_size, recipe.learning_rate, recipe.momentum, recipe.weight_decay, recipe.epochs
    assert numbers == (128, 0.01, 0.9, 0.0005, 90)
    assert recipe.schedule == sa.PlateauSchedule(factor=0.1, times=3)
    assert recipe.augmentation == sa.Augmentation(crop=True, flip=True, color_noise=0.1)


@pytest.mark.parametrize(
    ("epoch", "conv1", "others"),
    [
        (0, (0.01, 0.02), 0.01),
        (24, (0.01, 0.02), 0.01),
        (25, (1e-3, 0.02), 1e-3),
        (51, (1e-4, 0.02), 1e-4),
        (66, (1e-4, 0.02), 1e-4),
        (67, (1e-5, 0.02), 1e-4),
        (71, (1e-5, 0.02), 1e-4),
        (72, (0, 0), 1e-4),
        (79, (0, 0), 1e-5),
        (90, (0, 0), 1e-5),
    ],
)
def test_chm145_follows_the_authors_log(epoch, conv1, others):
    recipe = sa.recipe("chm145")
    rates = rates_at(recipe, "conv1.weight conv1.bias fc8.weight fc8.bias", epoch)
    assert [rate for rate, _ in rates.values()] == pytest.approx([*conv1, others, 0.02])
    assert [decay for _, decay in rates.values()] == pytest.approx([5e-4, 0, 5e-4, 0])
    noise = recipe.augmentation_in(epoch).color_noise
    assert noise == (0.1 if epoch < 67 else 0)


def test_lars_has_the_numbers_of_its_paper():
    recipe = sa.recipe("lars")
    assert (recipe.batch_size, recipe.learning_rate, recipe.momentum, recipe.weight_decay) == (8192, 10, 0.9, 5e-4)
    assert (recipe.rule, recipe.trust_coefficient, recipe.lars_biases, recipe.epochs) == ("lars", 0.001, True, 100)
    assert (recipe.schedule, recipe.warmup_epochs) == (sa.PolynomialSchedule(2), 2)
    rates = rates_at(recipe, "conv1.weight conv1.bias", 50)
    assert rates == {"conv1.weight": (2.5, 5e-4), "conv1.bias": (2.5, 0)}
    assert rates_at(recipe, "conv1.weight", 1)["conv1.weight"][0] == pytest.approx(10 * 0.99**2 / 2)


def test_chm145_numbers():
    recipe = sa.recipe("chm145")
    assert (recipe.batch_size, recipe.momentum, recipe.epochs, recipe.rule) == (128, 0.9, 91, "paper")
    assert (recipe.color_divisor, recipe.chunk) == (1.1, 32)


def test_caffe_gives_biases_twice_the_rate_and_no_decay():
    recipe = sa.recipe("caffe")
    assert (recipe.batch_size, recipe.weight_decay, recipe.epochs) == (256, 5e-4, 90)
    assert rates_at(recipe, "conv1.weight conv1.bias", 20) == {
        "conv1.weight": (pytest.approx(0.001), 5e-4),
        "conv1.bias": (pytest.approx(0.002), 0),
    }


def test_torchvision_uses_pytorchs_rule():
    recipe = sa.recipe("torchvision")
    assert (recipe.rule, recipe.weight_decay) == ("pytorch", 1e-4)
    assert recipe.batch_size == 8 * 32, "of the processes together"


@pytest.mark.parametrize(
    ("epoch", "step", "weights", "biases"),
    [
        (0, 0, 0.01, 0.02),
        (22, 4, 0.01, 0.02),
        (22, 5, 0.0015874, 0.02),
        (45, 0, 0.00025198, 0.002),
        (67, 4, 0.00025198, 0.002),
        (67, 5, 0.00004, 0.002),
        (89, 9, 0.00004, 0.002),
    ],
)
def test_cuda_convnet2_falls_at_quarters_of_the_run(epoch, step, weights, biases):
    rates = rates_at(sa.recipe("cuda-convnet2"), "conv1.weight conv1.bias", epoch, step)
    assert [rate for rate, _ in rates.values()] == pytest.approx([weights, biases], rel=2e-5)
    assert sa.recipe("cuda-convnet2").color_divisor == 1.1 and sa.recipe("cuda-convnet2").chunk == 1


@pytest.mark.parametrize(
    ("name", "rate", "scale"),
    [("vgg", 0.01, (256, 256)), ("vgg-384", 0.001, (384, 384)), ("vgg-jitter", 0.001, (256, 512))],
)
def test_vgg_in_three_stages(name, rate, scale):
    recipe = sa.recipe(name)
    numbers = recipe.batch_size, recipe.learning_rate, recipe.momentum, recipe.weight_decay, recipe.scale
    assert numbers == (256, rate, 0.9, 5e-4, scale)
    assert recipe.schedule == sa.PlateauSchedule(0.1, times=3) and recipe.color_noise == 0.1
    assert sa.recipe("vgg").epochs == 74


CIFAR_DECAYS = {
    "80sec": {"conv1": 0.004, "conv2": 0.004, "conv3": 0.004, "fc64": 0.03, "fc10": 0.03},
    "18pct": {"conv1": 0.004, "conv2": 0.004, "conv3": 0.004, "fc10": 1},
    "19pct": {"conv1": 0.004, "conv2": 0.004, "conv3": 0.004, "fc10": 3},
    "conv-local-13pct": {"conv1": 0, "conv2": 0, "local3": 0.004, "local4": 0.004, "fc10": 0.004},
    "conv-local-11pct": {"conv1": 0, "conv2": 0, "local3": 0.004, "local4": 0.004, "fc10": 0.01},
}


@pytest.mark.parametrize("net", CIFAR_DECAYS)
def test_cifar_decays_by_layer_and_reduces_the_weights_rate_alone(net):
    recipe, decays = sa.recipe(f"cifar-{net}"), CIFAR_DECAYS[net]
    names = " ".join(f"{layer}.weight {layer}.bias" for layer in decays)
    for epoch, rate in ((0, 0.001), (recipe.epochs - 1, 0.0001 if net == "80sec" else 0.00001)):
        for name, found in rates_at(recipe, names, epoch).items():
            layer, kind = name.split(".")
            wanted = (0.002, 0) if kind == "bias" else (rate, decays[layer])
            assert found == pytest.approx(wanted), name
    assert (recipe.batch_size, recipe.momentum, recipe.color_noise) == (128, 0.9, 0)
    assert recipe.crop == recipe.flip == ("conv-local" in net)


@pytest.mark.parametrize(
    ("net", "epochs", "boundaries"),
    [
        ("80sec", 10, (8,)),
        ("18pct", 140, (120, 130)),
        ("conv-local-13pct", 160, (140, 150)),
        ("conv-local-11pct", 520, (500, 510)),
    ],
)
def test_cifar_lengths(net, epochs, boundaries):
    recipe = sa.recipe(f"cifar-{net}")
    assert (recipe.epochs, recipe.schedule) == (epochs, sa.EpochSchedule(boundaries))


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


class TestRates:
    recipe = sa.recipe("paper", schedule=sa.EpochSchedule((1,)), learning_rate=0.1, bias_learning_rate=2.0)
    names = "conv1.weight conv1.bias fc8.weight fc8.bias"

    def test_groups_multiply_and_the_last_schedule_wins(self):
        groups = (
            sa.ParameterGroup("fc8.*", 3.0, 5.0, sa.ConstantSchedule()),
            sa.ParameterGroup("*.bias", 7.0, 0.5, sa.EpochSchedule((1,), 0.5)),
        )
        rates = rates_at(self.recipe.replace(groups=groups), self.names, epoch=1)
        assert rates == {
            "conv1.weight": (pytest.approx(0.01), 5e-4),
            "conv1.bias": (pytest.approx(0.1 * 2 * 7 * 0.5), pytest.approx(2.5e-4)),
            "fc8.weight": (pytest.approx(0.1 * 3), pytest.approx(2.5e-3)),
            "fc8.bias": (pytest.approx(0.1 * 2 * 3 * 7 * 0.5), pytest.approx(1.25e-3)),
        }

    def test_frozen_layers_stay_frozen(self):
        own = {"conv1.weight": (0.0, 1.0), "conv1.bias": (0.0, 0.5)}
        recipe = self.recipe.replace(groups=(sa.ParameterGroup("*", 100.0),))
        rates = Rates(recipe, own).at(sa.Moment(0, 0, 1), [{}])
        assert rates == {"conv1.weight": (0, 1), "conv1.bias": (0, 0.5)}

    def test_letters_count_as_they_are_written(self):
        with pytest.raises(ValueError, match=r"'FC8\.\*' of the recipe matches no parameter.*did you mean 'fc8.\*'"):
            rates_at(self.recipe.replace(groups=(sa.ParameterGroup("FC8.*"),)), self.names, 0)


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


@pytest.mark.parametrize("net", CIFAR_DECAYS)
def test_groups_of_the_cifar_recipes_find_their_layers(net):
    recipe, model = sa.recipe(f"cifar-{net}"), sa.cifar_net(net)
    layers = {name.partition(".")[0] for name in model.parameters()}
    assert layers == set(CIFAR_DECAYS[net])
    batch = sa.ArrayDataset(
        np.random.default_rng(0).integers(0, 256, (8, 32, 32, 3), np.uint8), range(8), map(str, range(10))
    )
    assert np.isfinite(model.fit(batch, recipe=recipe, epochs=1, progress=False)[0]["train_loss"])


def test_groups_of_chm145_find_their_layers():
    model = sa.alexnet("chm145", 2, image_size=67, initialization="zeros")
    rates = Rates(sa.recipe("chm145"), model.multipliers()).at(sa.Moment(72, 0, 1), [{}] * 4)
    assert [name for name, (rate, _) in rates.items() if rate == 0] == ["conv1.weight", "conv1.bias"]


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
