from dataclasses import replace

import numpy as np
import pytest
from safetensors.numpy import save_file
from small_owt import small_owt

import swiftalexnet as sa
from swiftalexnet.formats.pretrained.registry import registry


def same(ours, theirs, *layers):
    return all(
        np.array_equal(ours.parameters()[f"{layer}.{part}"], theirs.parameters()[f"{layer}.{part}"])
        for layer in layers
        for part in ("weight", "bias")
    )


BODY = ("conv1", "conv2", "conv3", "conv4", "conv5", "fc6", "fc7")


@pytest.fixture
def model(weights):
    model = sa.load(weights)
    model.preprocessing = model.preprocessing.replace(resize=230)
    model.freeze("conv1")
    return model


def test_by_name(entry):
    model = sa.alexnet("owt", pretrained="small-owt")
    assert model.num_classes == 10 and model.source.publisher == entry.publisher
    assert same(model, sa.pretrained("small-owt"), *BODY, "fc8")


def test_by_path(weights):
    for given in (str(weights), weights):
        assert same(sa.alexnet("owt", pretrained=given), sa.load(weights), *BODY, "fc8")


def test_true_is_the_default_of_the_variant(entry, weights, monkeypatch):
    example = registry()["alexnet-torchvision"]
    monkeypatch.setitem(registry(), example.name, replace(entry, name=example.name, default=True))
    assert sa.alexnet("owt", pretrained=True).num_classes == 10
    assert sa.build("owt", pretrained=True).num_classes == 10
    with pytest.raises(ValueError, match="no weights are published for 'paper'"):
        sa.alexnet(pretrained=True)


@pytest.mark.parametrize("pretrained", [None, False])
def test_none(pretrained):
    assert sa.alexnet("owt", 3, image_size=63, pretrained=pretrained).source is None


def test_another_number_of_classes(model):
    tuned = sa.alexnet("owt", num_classes=5, seed=3, pretrained=model)
    assert tuned.num_classes == 5 and tuned.classes is None
    assert same(tuned, model, *BODY)
    assert tuned.preprocessing.resize == 230 and tuned.multipliers()["conv1.weight"] == (0, 1)
    assert tuned.source == model.source
    again = sa.alexnet("owt", num_classes=5, seed=3, pretrained=model)
    other = sa.alexnet("owt", num_classes=5, seed=4, pretrained=model)
    assert same(tuned, again, "fc8") and not same(tuned, other, "fc8")


def test_the_model_given_is_not_changed(model):
    model.classes = [f"class {number}" for number in range(10)]
    copied = sa.alexnet("owt", pretrained=model)
    assert same(copied, model, *BODY, "fc8") and copied.classes == model.classes
    copied.parameters()["conv1.bias"][...] = 7
    assert not same(copied, model, "conv1")


def test_the_same_number_of_classes_keeps_the_head(model):
    assert same(sa.alexnet("owt", num_classes=10, in_channels=3, image_size=224, pretrained=model), model, "fc8")


# Contradictions


def test_another_variant(entry, model, weights):
    with pytest.raises(ValueError, match=r"are of 'owt', not of 'paper'; sa\.build\('owt', pretrained"):
        sa.alexnet("paper", pretrained="small-owt")
    with pytest.raises(ValueError, match="are of 'owt', not of 'vgg-D'"):
        sa.vgg("D", pretrained=model)
    with pytest.raises(ValueError, match="nearest network is d2l"):
        sa.alexnet("d2l", pretrained=weights)


def test_a_network_without_a_variant():
    other = sa.alexnet("owt", 3, image_size=63)
    with pytest.raises(ValueError, match="that the catalogue does not have"):
        sa.vgg("D", pretrained="vgg-f-matconvnet")
    assert other.variant == "owt"


def test_another_number_of_channels(model):
    with pytest.raises(ValueError, match="in_channels is 1, the weights read 3; leave in_channels out"):
        sa.alexnet("owt", in_channels=1, pretrained=model)


@pytest.mark.parametrize("options", [{"image_size": 63}, {"without": "conv4"}, {"activation": "tanh"}])
def test_changes_that_the_weights_do_not_fit(model, options):
    with pytest.raises(ValueError, match="the network needs conv1.weight of .*leave image_size, without"):
        sa.alexnet("owt", pretrained=model, **options)  # which is narrower than the variant


@pytest.mark.parametrize("pretrained", [3, [], 1.5, object(), b"x", np.zeros(3)])
def test_of_another_type(pretrained):
    with pytest.raises(TypeError, match="expected True, a name, a path or a Model"):
        sa.alexnet("owt", pretrained=pretrained)


def test_names_and_paths():
    with pytest.raises(ValueError, match="did you mean 'alexnet-torchvision'"):
        sa.alexnet("owt", pretrained="alexnet_torchvision")
    for path in ("missing.pth", "folder/missing"):
        with pytest.raises(FileNotFoundError):
            sa.alexnet("owt", pretrained=path)


def test_vgg_takes_one_source_of_weights(model):
    with pytest.raises(ValueError, match="from_model and pretrained"):
        sa.vgg("D", pretrained=True, from_model=model)


# Changes that the weights fit


@pytest.fixture(scope="module")
def vgg():
    return sa.vgg("A", 7, image_size=32, seed=5)


def test_without_what_has_no_weights(vgg):
    changed = sa.vgg("A", image_size=32, pretrained=vgg, without="drop6", activation="tanh")
    assert "drop6" not in changed.spec and "tanh" in changed.spec
    assert same(changed, vgg, "conv1_1", "fc6", "fc8") and changed.num_classes == 7


def test_with_another_head_besides(vgg):
    changed = sa.vgg("A", 5, pretrained=vgg, without="drop6")
    assert same(changed, vgg, "conv1_1", "fc7") and changed.num_classes == 5


def test_another_image_size_does_not_fit_dense_layers(vgg):
    with pytest.raises(ValueError, match="needs fc6.weight of .*leave image_size"):
        sa.vgg("A", image_size=64, pretrained=vgg)


def test_convolutions_alone(vgg, tmp_path):
    numbers = {"conv1_1": 0, "conv2_1": 3, "conv3_1": 6, "conv3_2": 8}
    numbers |= {"conv4_1": 11, "conv4_2": 13, "conv5_1": 16, "conv5_2": 18}
    state = {
        f"features.{number}.{part}": np.ascontiguousarray(vgg.parameters()[f"{layer}.{part}"])
        for layer, number in numbers.items()
        for part in ("weight", "bias")
    }
    save_file(state, tmp_path / "features.safetensors")
    model = sa.vgg("A", 5, image_size=32, seed=1, pretrained=tmp_path / "features.safetensors")
    assert same(model, vgg, *numbers) and model.num_classes == 5
    assert model.source.notes[-1].startswith("fc6, fc7, fc8: random weights")
    assert model.preprocessing.crop == 32 and model.preprocessing.resize == 37
    assert model.preprocessing.scale is not None
    assert not same(model, sa.vgg("A", 5, image_size=32, seed=2, pretrained=tmp_path / "features.safetensors"), "fc6")


def test_narrow_convolutions_alone(tmp_path):
    save_file(small_owt(dense=False), tmp_path / "features.safetensors")
    model = sa.alexnet("owt", 5, pretrained=tmp_path / "features.safetensors")
    assert model.num_classes == 5 and model.parameters()["conv1.weight"].shape[0] == 4
    assert model.source.notes[-1].startswith("fc6, fc7, fc8: random weights")
    assert sa.alexnet("owt", pretrained=tmp_path / "features.safetensors").num_classes == 1000
    with pytest.raises(ValueError, match="needs conv1.weight of"):
        sa.alexnet("owt", 5, image_size=63, pretrained=tmp_path / "features.safetensors")
