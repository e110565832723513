"""A model for other classes keeps everything but its last layer."""

import numpy as np
import pytest
from support import dataset, fingerprint, fit, tiny_model

import swiftalexnet as sa


@pytest.fixture(scope="module")
def base():
    model = tiny_model()
    fit(model)
    return model


def test_all_layers_but_the_last_are_kept(base):
    before = fingerprint(base)
    model = base.with_classes(7)
    old, new = base.state_dict(), model.state_dict()
    assert model.num_classes == 7 and model.classes is None
    for name, array in old.items():
        assert np.array_equal(array, new[name]) == (not name.startswith("fc8"))
    assert new["fc8.weight"].shape == (7, 24) and new["fc8.weight"].std() > 0
    assert fingerprint(base) == before


def test_the_preprocessing_and_its_mean_are_kept(base):
    model = base.with_classes(7)
    mean = base.preprocessing.mean
    assert model.preprocessing is base.preprocessing and mean.ndim == 3
    other = sa.ArrayDataset(dataset().images // 2, dataset().labels, dataset().classes)
    model = base.with_classes(4)
    fit(model, other)
    assert np.array_equal(model.preprocessing.mean, mean)


def test_as_many_classes_have_a_new_layer_too(base):
    model = base.with_classes(4)
    assert not np.array_equal(model.state_dict()["fc8.weight"], base.state_dict()["fc8.weight"])


def test_the_seed_decides_the_new_layer(base):
    assert fingerprint(base.with_classes(7, seed=1)) == fingerprint(base.with_classes(7, seed=1))
    assert fingerprint(base.with_classes(7, seed=1)) != fingerprint(base.with_classes(7, seed=2))


def test_factors_of_the_other_layers_are_kept():
    base = tiny_model()
    base.freeze("conv1", "fc8")
    factors = base.with_classes(7).multipliers()
    assert factors["conv1.weight"] == (0.0, 1.0) and factors["fc8.weight"] == (1.0, 1.0)


@pytest.mark.parametrize("build", [lambda: sa.cifar_net("18pct", 4), lambda: sa.alexnet("owt", 4, image_size=64)])
def test_a_variant_stays_what_it_is(build):
    base = build()
    model = base.with_classes(3)
    assert model.variant == base.variant
    last = base.spec.splitlines()[-2].replace("outputs=4", "outputs=3")
    assert model.spec.splitlines() == [*base.spec.splitlines()[:-2], last, "softmax prob"]


def test_the_new_layers_initialization_is_by_default_the_variants_own():
    base = sa.cifar_net("18pct", 4)
    own, glorot = base.with_classes(300), base.with_classes(300, initialization="glorot")
    fresh = sa.cifar_net("18pct", 300)
    ratio = own.state_dict()["fc10.weight"].std() / fresh.state_dict()["fc10.weight"].std()
    assert ratio == pytest.approx(1, rel=0.02)
    assert glorot.state_dict()["fc10.weight"].std() != pytest.approx(fresh.state_dict()["fc10.weight"].std(), rel=0.1)


def test_it_learns_its_classes(base):
    model = base.with_classes(2)
    images, labels = dataset(60).images, dataset(60).labels
    data = sa.ArrayDataset(images, labels % 2, ("even", "odd"))
    fit(model, data, epochs=8)
    assert model.classes == ("even", "odd") and model.evaluate(data).top1_error < 40


@pytest.mark.parametrize(
    ("error", "arguments", "message"),
    [
        (ValueError, {"num_classes": 0}, "num_classes"),
        (TypeError, {"num_classes": 2.5}, "num_classes"),
        (TypeError, {"num_classes": "2"}, "num_classes"),
        (ValueError, {"num_classes": 2, "seed": -1}, "seed"),
        (ValueError, {"num_classes": 2, "initialization": "glorrot"}, "glorot"),
    ],
)
def test_what_does_not_fit_is_refused(base, error, arguments, message):
    with pytest.raises(error, match=message):
        base.with_classes(**arguments)


def test_too_many_classes_for_memory_is_a_memory_error(base):
    with pytest.raises((MemoryError, ValueError)):
        base.with_classes(2**31 - 1)


def test_a_network_without_weights_at_its_end_is_refused():
    lines = ["network n", "data channels=3 height=8 width=8"]
    lines += ["convolution conv1 outputs=4 kernel=8 stride=1 pad=0,0,0,0 groups=1", "relu relu1", "softmax prob", ""]
    model = sa.Model.from_spec("\n".join(lines))
    with pytest.raises(sa.UnsupportedError, match="relu1"):
        model.with_classes(2)
