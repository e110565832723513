"""Parameters as arrays, their names here and elsewhere, copying and freezing."""

import copy
import pickle

import numpy as np
import pytest
from support import fingerprint, tiny_model

import swiftalexnet as sa


def tensors(count: int = 3, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((count, 3, 20, 20), np.float32)


GOOD = tensors()


def test_parameters_are_the_engines_memory():
    model, x = tiny_model(), tensors()
    before = model.forward(x)
    model.parameters()["fc8.bias"][...] += 1
    np.testing.assert_allclose(model.forward(x), before + 1, rtol=1e-5)


def test_arrays_of_parameters_outlive_the_model():
    model = tiny_model()
    copied, array = model.state_dict()["conv1.weight"], model.parameters()["conv1.weight"]
    del model
    assert np.array_equal(array, copied)


def test_state_dict_is_a_copy_in_conventional_order():
    model = tiny_model()
    state = model.state_dict()
    assert {name: array.shape for name, array in state.items()} == {
        "conv1.weight": (8, 3, 5, 5),
        "conv1.bias": (8,),
        "conv2.weight": (12, 4, 3, 3),
        "conv2.bias": (12,),
        "fc6.weight": (24, 192),
        "fc6.bias": (24,),
        "fc8.weight": (4, 24),
        "fc8.bias": (4,),
    }
    assert all(array.flags.c_contiguous and array.dtype == np.float32 for array in state.values())
    other = tiny_model(seed=8)
    other.load_state_dict(state)
    assert fingerprint(other) == fingerprint(model)


def test_load_state_dict_not_strict_returns_the_difference():
    state = tiny_model().state_dict()
    del state["fc8.bias"]
    difference = tiny_model(seed=1).load_state_dict(state | {"more": GOOD}, strict=False)
    assert difference == (["fc8.bias"], ["more"])
    assert difference.loaded == [name for name in state if name != "fc8.bias"]
    assert "loaded=['conv1.weight'" in repr(difference)
    assert copy.copy(difference) == pickle.loads(pickle.dumps(difference)) == difference


@pytest.mark.parametrize("strict", [True, False])
@pytest.mark.parametrize("state", [{}, {"more": GOOD}, {"features.0.weight": GOOD}])
def test_a_state_without_a_matching_name_is_refused(state, strict):
    with pytest.raises(ValueError, match=r"load_state_dict: state .*expected .*conv1.weight"):
        tiny_model().load_state_dict(state, strict)


def by_names_of(framework: dict[str, str], model: sa.Model) -> dict[str, np.ndarray]:
    """Return a model's weights by other names of its layers."""
    return {
        f"{framework[name.rpartition('.')[0]]}.{name.rpartition('.')[2]}": array
        for name, array in model.state_dict().items()
    }


TORCHVISION_OWT = {
    "conv1": "features.0",
    "conv2": "features.3",
    "conv3": "features.6",
    "conv4": "features.8",
    "conv5": "features.10",
    "fc6": "classifier.1",
    "fc7": "classifier.4",
    "fc8": "classifier.6",
}
TORCHVISION_VGG_A = {
    "conv1_1": "features.0",
    "conv2_1": "features.3",
    "conv3_1": "features.6",
    "conv3_2": "features.8",
    "conv4_1": "features.11",
    "conv4_2": "features.13",
    "conv5_1": "features.16",
    "conv5_2": "features.18",
    "fc6": "classifier.0",
    "fc7": "classifier.3",
    "fc8": "classifier.6",
}
KERAS_VGG_D = {
    **{f"conv{block}_{place}": f"block{block}_conv{place}" for block in range(1, 6) for place in range(1, 4)},
    "fc6": "fc1",
    "fc7": "fc2",
    "fc8": "predictions",
}


@pytest.mark.parametrize(
    ("build", "names"),
    [
        (lambda seed: sa.alexnet("owt", 3, image_size=64, seed=seed), TORCHVISION_OWT),
        (lambda seed: sa.vgg("A", 3, image_size=32, seed=seed), TORCHVISION_VGG_A),
        (lambda seed: sa.vgg("D", 3, image_size=32, seed=seed), KERAS_VGG_D),
    ],
    ids=["owt", "vgg-A", "vgg-D"],
)
def test_weights_by_the_names_of_other_frameworks(build, names):
    source, model = build(1), build(2)
    state = by_names_of(names, source)
    some = dict(list(state.items())[:3])
    assert len(model.load_state_dict(some, strict=False).loaded) == 3
    model.load_state_dict(state)
    assert fingerprint(model) == fingerprint(source)


def test_a_parameter_under_two_names_is_refused():
    model = sa.alexnet("owt", 3, image_size=64)
    state = model.state_dict()
    with pytest.raises(ValueError, match=r"conv1.weight twice, once as features.0.weight"):
        model.load_state_dict(state | {"features.0.weight": state["conv1.weight"]})


def test_names_and_memory_of_parameters_stay_as_they_are():
    model = tiny_model()
    for arrays in (model.parameters(), model.gradients()):
        with pytest.raises(TypeError, match=r'parameters\(\)\["conv1.bias"\]\[\.\.\.\] = array'):
            arrays["conv1.bias"] = np.zeros(8, np.float32)
        with pytest.raises(TypeError, match="cannot be deleted"):
            del arrays["conv1.bias"]
        assert list(arrays) == list(model.state_dict()) and len(arrays) == 8 and "conv1.bias" in repr(arrays)
        arrays["conv1.bias"] += 1
    np.testing.assert_array_equal(model.state_dict()["conv1.bias"], tiny_model().state_dict()["conv1.bias"] + 1)


def test_copy_layers_copies_those_layers_only():
    model, source = tiny_model(), tiny_model(seed=8)
    before, theirs = model.state_dict(), source.state_dict()
    model.copy_layers(source, ["conv1", "fc6"])
    copied = {"conv1.weight", "conv1.bias", "fc6.weight", "fc6.bias"}
    for name, array in model.state_dict().items():
        assert np.array_equal(array, theirs[name] if name in copied else before[name]), name


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda m: m.copy_layers({}, ["conv1"]), TypeError, "source is of type dict"),
        (lambda m: m.copy_layers(tiny_model(), ["conv9"]), ValueError, "unknown layer 'conv9'"),
        (lambda m: m.copy_layers(tiny_model(), ["relu1"]), ValueError, "unknown layer 'relu1', expected one of conv1"),
        (lambda m: m.copy_layers(sa.cifar_net("19pct"), ["conv1", "fc10"]), ValueError, "unknown target layer 'fc10'"),
        (
            lambda m: m.copy_layers(tiny_model(classes=7), ["conv1", "fc8"]),
            ValueError,
            r"fc8.weight has shape \(7, 24\), expected \(4, 24\)",
        ),
    ],
)
def test_copy_layers_refuses_what_does_not_fit_and_changes_nothing(call, kind, message):
    model = tiny_model()
    before = fingerprint(model)
    with pytest.raises(kind, match=message):
        call(model)
    assert fingerprint(model) == before


def test_frozen_parameters_stay():
    model = tiny_model()
    model.freeze("conv", "fc6.bias")
    before = model.state_dict()
    model.train_step(tensors(), [0, 1, 2], learning_rate=0.1)
    moved = {name for name, array in model.state_dict().items() if not np.array_equal(array, before[name])}
    assert moved == {"fc6.weight", "fc8.weight", "fc8.bias"}
    model.unfreeze()
    assert set(model.multipliers().values()) == {(1, 1)}
    model.train_step(tensors(), [0, 1, 2], learning_rate=0.1)
    assert not np.array_equal(model.state_dict()["conv1.weight"], before["conv1.weight"])


@pytest.mark.parametrize("names", [(), ("",), ("conv1", "")])
def test_freezing_needs_names(names):
    model = tiny_model()
    with pytest.raises(ValueError, match=r"freeze: got (no|an empty) names?, expected .*conv1\.weight.*fc8\.bias"):
        model.freeze(*names)
    assert set(model.multipliers().values()) == {(1, 1)}
    if names:
        model.freeze("conv1")
        with pytest.raises(ValueError, match=r"unfreeze: got an empty name, expected .*conv1\.weight.*fc8\.bias"):
            model.unfreeze(*names)
        assert model.multipliers()["conv1.weight"] == (0, 1)


@pytest.mark.parametrize(
    ("names", "up_to", "frozen"),
    [
        ((["conv1", "fc8"],), None, {"conv1", "fc8"}),
        (("conv1", ("conv2",)), None, {"conv1", "conv2"}),
        ((), "data2", None),
        ((), "relu1", {"conv1"}),
        ((), "fc6", {"conv1", "conv2", "fc6"}),
        (("fc8",), "pool1", {"conv1", "fc8"}),
    ],
)
def test_lists_and_the_last_layer_to_freeze(names, up_to, frozen):
    model = tiny_model()
    if frozen is None:
        with pytest.raises(ValueError, match="freeze: unknown layer 'data2', expected one of data, conv1"):
            model.freeze(*names, up_to=up_to)
        return
    model.freeze(*names, up_to=up_to)
    assert {name.partition(".")[0] for name, (rate, _) in model.multipliers().items() if not rate} == frozen


def test_layers_of_other_frameworks_can_be_frozen():
    model = sa.alexnet("owt", 4, image_size=63, initialization="zeros")
    for given, frozen in (
        ("features", {"conv1", "conv2", "conv3", "conv4", "conv5"}),
        ("features.3", {"conv2"}),
        ("features.1", set()),
        ("classifier.6", {"fc8"}),
    ):
        if frozen:
            model.freeze(given)
        else:
            with pytest.raises(ValueError, match="freeze: no parameter's name begins with 'features.1'"):
                model.freeze(given)
        assert {name.partition(".")[0] for name, (rate, _) in model.multipliers().items() if not rate} == frozen
        model.unfreeze()


@pytest.mark.parametrize("wrong", [3, None, [[["conv1"]]], {"conv1": 1}, b"conv1"])
def test_what_is_no_name_is_refused(wrong):
    model = tiny_model()
    for call in (model.freeze, model.unfreeze):
        with pytest.raises((TypeError, ValueError)):
            call(wrong)
    with pytest.raises(ValueError, match="up_to is 'data', but the first layer with parameters is conv1"):
        model.freeze(up_to="data")
