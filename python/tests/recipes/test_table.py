"""The table of recipes: the published numbers, and the rates and decays that come of them."""

import numpy as np
import pytest

import swiftalexnet as sa
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
