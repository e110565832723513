"""torchvision's names, and normalisation that is folded into convolutions."""

import numpy as np
import pytest
from safetensors.numpy import save_file
from small_weights import torchvision_alexnet, torchvision_vgg11

import swiftalexnet as sa


def loaded(state, tmp_path, **options):
    save_file(state, tmp_path / "m")
    return sa.load(tmp_path / "m", **options)


def test_folded_normalisation_is_that_of_float64(tmp_path):
    state = torchvision_vgg11(norm=True)
    own = loaded(state, tmp_path).state_dict()
    for place, (name, ours) in enumerate((("features.0", "conv1_1"), ("features.22", "conv5_1"))):
        number = int(name.rpartition(".")[2])
        norm = {
            part: state[f"features.{number + 1}.{part}"].astype(np.float64)
            for part in ("weight", "bias", "running_mean", "running_var")
        }
        factor = norm["weight"] / np.sqrt(norm["running_var"] + 1e-5)
        weight = state[f"{name}.weight"] * factor[:, None, None, None]
        bias = norm["bias"] + factor * (state[f"{name}.bias"] - norm["running_mean"])
        assert np.allclose(own[f"{ours}.weight"], weight, rtol=1e-6, atol=0), place
        assert np.allclose(own[f"{ours}.bias"], bias, rtol=1e-6, atol=1e-7), place


def test_a_negative_variance_is_refused(tmp_path):
    state = torchvision_vgg11(norm=True)
    state["features.1.running_var"][1] = -0.5
    with pytest.raises(ValueError, match=r"features.1.running_var has values below 0"):
        loaded(state, tmp_path)


def test_only_the_convolutions(tmp_path):
    state = {name: array for name, array in torchvision_vgg11().items() if name.startswith("features")}
    model = loaded(state, tmp_path)
    assert model.variant == "vgg-A" and not model.has_classes and model.summary().rows[-1].name == "pool5"
    maps = model.features(np.zeros((1, 256, 256, 3), np.uint8), ["pool5"])["pool5"]
    assert maps.shape[2:] == (7, 7)
    assert model.with_classes(3).num_classes == 3


def test_one_colour_channel(tmp_path):
    model = loaded(torchvision_alexnet(channels=1), tmp_path)
    assert model.input_shape[0] == 1 and model.preprocessing.channels == 1
    assert any("channels" in note for note in model.source.notes)


def test_the_first_layer_that_differs_is_named_with_the_nearest_variant(tmp_path):
    state = torchvision_alexnet()
    state["features.6.weight"] = np.zeros((4, 3, 5, 5), np.float32)
    with pytest.raises(
        ValueError, match=r"nearest network is owt, but features.6.weight|features.6 has shape \(4, 3, 5, 5\)"
    ):
        loaded(state, tmp_path)


def test_modules_elsewhere_than_in_the_variant(tmp_path):
    state = torchvision_vgg11()
    moved = {name.replace("features.18.", "features.19."): array for name, array in state.items()}
    with pytest.raises(ValueError, match=r"features.19 is where vgg-A has features.18, conv5_2"):
        loaded(moved, tmp_path)


def test_a_variant_that_the_caller_names_and_that_does_not_fit(tmp_path):
    with pytest.raises(ValueError, match="nearest network is vgg-D"):
        loaded(torchvision_alexnet(), tmp_path, variant="vgg-D")
    with pytest.raises(ValueError, match="unknown variant 'vgg16'.*did you mean 'vgg-D'"):
        loaded(torchvision_alexnet(), tmp_path, variant="vgg16")


@pytest.mark.parametrize("prefix", ["", "encoder.", "0."])
@pytest.mark.parametrize("norm", [False, True])
def test_the_state_dict_of_the_features_module_alone(prefix, norm, tmp_path):
    whole = torchvision_vgg11(norm=norm)
    state = {name.replace("features.", prefix): array for name, array in whole.items() if name.startswith("features")}
    found = loaded(state, tmp_path).state_dict()
    expected = loaded(whole, tmp_path).state_dict()
    assert len(found) == 16 and all((array == expected[name]).all() for name, array in found.items())


def test_a_classifier_of_its_own_can_be_left_out(tmp_path):
    state = torchvision_alexnet()
    head = [name for name in state if name.startswith("classifier")]
    state = {name: array for name, array in state.items() if name not in head[2:]}
    with pytest.raises(ValueError, match=r"file ends before fc7; load\(…, strict=False\) reads its conv.*of owt"):
        loaded(state, tmp_path)
    model = loaded(state, tmp_path, strict=False)
    assert model.summary().rows[-1].name == "pool5" and "classifier.1.bias" in str(model.source.notes)
    inspection = sa.inspect(tmp_path / "m")
    assert inspection.variant == "owt" and not inspection.loads
    assert any("strict=False" in note for note in inspection.notes)


def test_what_fits_no_network_with_or_without_its_classifier(tmp_path):
    state = torchvision_alexnet()
    state["features.6.weight"] = np.zeros((4, 3, 5, 5), np.float32)
    with pytest.raises(ValueError) as caught:
        loaded(state, tmp_path, strict=False)
    assert "strict" not in str(caught.value)
