"""Networks without classes: a model's first layers as a model."""

import numpy as np
import pytest
from support import tiny_model

import swiftalexnet as sa


@pytest.fixture
def model():
    return sa.alexnet("owt", num_classes=3, image_size=67, seed=1)


def test_features_are_those_of_the_whole(model, tmp_path):
    part = model.up_to("pool5")
    part.save(tmp_path / "m")
    part = sa.load(tmp_path / "m")
    images = np.random.default_rng(0).integers(0, 256, (2, 90, 80, 3), np.uint8)
    for layer in ("pool5", "conv3", "features.6"):
        assert np.array_equal(part.features(images, [layer])[layer], model.features(images, [layer])[layer])
    assert (tmp_path / "m").stat().st_size < 10e6


def test_other_names_of_a_layer_and_unknown_ones(model):
    assert model.up_to("features.12").summary().rows[-1].name == "pool5"
    assert model.up_to("prob").num_classes == 3
    with pytest.raises(ValueError, match="up_to: unknown layer 'pool6', expected one of conv1"):
        model.up_to("pool6")


def test_an_unknown_layer_is_no_damage_of_the_file(tmp_path):
    tiny_model().save(tmp_path / "m")
    with pytest.raises(ValueError, match="load: unknown layer 'pool6', expected one of conv1") as caught:
        sa.load(tmp_path / "m", up_to="pool6")
    assert type(caught.value) is ValueError


def test_what_needs_classes_says_so(model):
    part = model.up_to("pool5")
    image = np.zeros((90, 80, 3), np.uint8)
    data = sa.ArrayDataset(image[None], np.zeros(1, np.int32), ("a",))
    calls = (
        lambda: part.num_classes,
        lambda: part.predict(image),
        lambda: part.evaluate(data),
        lambda: part.fit(data, epochs=1),
        lambda: part.forward(np.zeros((1, 3, 67, 67), np.float32)),
        lambda: model.up_to("relu7").num_classes,
    )
    for call in calls:
        with pytest.raises(sa.UnsupportedError, match=r"the network ends with \w+, .* and has no classes"):
            call()
    assert "256 × 1 × 1 features" in repr(part)


def test_a_head_is_added_again(model):
    part = model.up_to("pool5")
    whole = part.with_classes(4, seed=2)
    assert whole.num_classes == 4 and whole.variant == "owt"
    for name, array in part.state_dict().items():
        assert np.array_equal(whole.state_dict()[name], array)
    assert whole.state_dict()["fc6.weight"].std() > 0
    with pytest.raises(sa.UnsupportedError, match="with_classes: the network has no classes, and no variant"):
        tiny_model().up_to("pool1").with_classes(2)


def test_sixteen_bits(model, tmp_path):
    model.save(tmp_path / "whole")
    model.save(tmp_path / "half", float16=True)
    weights = 4 * model.summary().parameters
    saved = (tmp_path / "whole").stat().st_size - (tmp_path / "half").stat().st_size
    assert saved == pytest.approx(weights / 2, rel=0.01)
    own, rounded = model.state_dict(), sa.load(tmp_path / "half").state_dict()
    assert all(np.array_equal(own[n].astype(np.float16).astype(np.float32), rounded[n]) for n in own)


def test_weights_that_sixteen_bits_cannot_hold(model, tmp_path):
    model.parameters()["fc7.bias"][3] = -1e5
    with pytest.raises(ValueError, match=r"save: fc7.bias has values up to 100000, float16 goes to 65504"):
        model.save(tmp_path / "m", float16=True)
    assert not list(tmp_path.iterdir())
