"""Activations and gradients between nodes; against double precision they are compared in Swift (LinearizationTests)."""

import numpy as np
import pytest
import small_network as small

import swiftalexnet as sa
from swiftalexnet import UnsupportedError

NODES = ("conv1", "relu1", "norm1", "pool1", "conv2", "relu2", "fc3", "relu3", "drop3", "fc4", "prob")


@pytest.fixture
def model():
    return sa.Model.from_spec(small.SPEC, "torchvision", 3)


@pytest.fixture
def x():
    return small.batch(3)[0]


def cotangents(model, x, *layers, seed=1):
    random = np.random.default_rng(seed)
    acts = model.activations(x, layers)
    return {name: random.standard_normal(values.shape, dtype=np.float32) for name, values in acts.items()}


def test_activations_are_those_of_forward_and_of_the_functions_in_ops(model, x):
    acts = model.activations(x, (*NODES, "data"))
    assert acts["data"].tobytes() == x.tobytes()
    assert acts["data"] is not x
    np.testing.assert_array_equal(acts["fc4"], model.forward(x, keep=False))
    np.testing.assert_array_equal(acts["relu1"], np.maximum(acts["conv1"], 0))
    np.testing.assert_array_equal(acts["prob"], sa.ops.softmax(acts["fc4"]))
    assert (acts["conv1"] < 0).any()
    nhwc = model.activations(x.transpose(0, 2, 3, 1), NODES, layout="NHWC")
    for name in NODES:
        expected = acts[name].transpose(0, 2, 3, 1) if acts[name].ndim == 4 else acts[name]
        np.testing.assert_array_equal(nhwc[name], expected)


def test_activations_from_those_of_a_layer(model, x):
    acts = model.activations(x, NODES)
    for start, later in (("conv1", NODES[1:]), ("pool1", ("relu2", "prob")), ("fc3", ("relu3", "fc4"))):
        found = model.activations(acts[start], later, after=start)
        for name in later:
            np.testing.assert_array_equal(found[name], acts[name])
    nhwc = model.activations(acts["pool1"].transpose(0, 2, 3, 1), ["conv2", "pool1"], layout="NHWC", after="pool1")
    np.testing.assert_array_equal(nhwc["conv2"].transpose(0, 3, 1, 2), acts["conv2"])
    np.testing.assert_array_equal(nhwc["pool1"].transpose(0, 3, 1, 2), acts["pool1"])
    np.testing.assert_array_equal(model.activations(x, ["fc4"], after="data")["fc4"], acts["fc4"])


def test_the_gradient_of_the_logits_is_that_of_backward(model, x):
    slope = cotangents(model, x, "fc4")
    model.forward(x)
    np.testing.assert_array_equal(model.vjp(x, slope)["data"], model.backward(slope["fc4"]))


@pytest.mark.parametrize("precision", ["float32", "auto"])
def test_gradients_at_a_node_continue_from_there(model, x, precision):
    """Two stages give what one gives, and cotangents of several nodes add up."""
    slopes = cotangents(model, x, "fc3", "relu2", "conv2")
    options = {"precision": precision}
    at_once = model.vjp(x, slopes, wrt=("data", "conv2", "norm1"), **options)
    later = model.vjp(x, {name: slopes[name] for name in ("fc3", "relu2")}, wrt=["conv2"], **options)
    close = {"rtol": 1e-5, "atol": 1e-6} if precision == "float32" else {"rtol": 0.1, "atol": 0.1}
    np.testing.assert_allclose(later["conv2"] + slopes["conv2"], at_once["conv2"], **close)
    below = model.vjp(x, {"conv2": at_once["conv2"]}, wrt=("norm1", "data"), **options)
    np.testing.assert_allclose(below["norm1"], at_once["norm1"], **close)
    np.testing.assert_allclose(below["data"], at_once["data"], **close)


def test_a_gradient_is_a_slope(model, x):
    """Central differences of Σ cotangent · activation, over a whole direction."""
    slopes = cotangents(model, x, "relu2", "fc4")
    direction = np.random.default_rng(5).standard_normal(x.shape, dtype=np.float32)

    def objective(moved):
        acts = model.activations(moved.astype(np.float32), list(slopes))
        return sum((acts[name].astype(float) * slopes[name]).sum() for name in slopes)

    step = 1e-3
    slope = (objective(x + step * direction) - objective(x - step * direction)) / (2 * step)
    gradient = model.vjp(x, slopes)["data"]
    assert (gradient.astype(float) * direction).sum() == pytest.approx(slope, rel=2e-2)


def test_rules_of_the_relu(model, x):
    acts = model.activations(x, ["relu2"])["relu2"]
    slope = cotangents(model, x, "relu2")
    expected = {
        "standard": slope["relu2"] * (acts > 0),
        "guided": slope["relu2"].clip(0) * (acts > 0),
        "deconvnet": slope["relu2"].clip(0),
    }
    for relu, gradient in expected.items():
        np.testing.assert_array_equal(model.vjp(x, slope, wrt=["conv2"], relu=relu)["conv2"], gradient)
    with pytest.raises(ValueError, match="vjp: unknown relu 'gided'.*did you mean 'guided'"):
        model.vjp(x, slope, relu="gided")


def test_a_kept_pass_gives_gradients_again_and_again(model, x):
    kept = model.linearize(x, ["relu1", "fc4"], wrt=["data", "conv1"])
    np.testing.assert_array_equal(kept.activations["relu1"], model.activations(x, ["relu1"])["relu1"])
    slope = cotangents(model, x, "fc4", "relu1")
    first = kept.vjp({"fc4": slope["fc4"]}, relu="guided")
    assert set(first) == {"data", "conv1"}
    second = kept.vjp(slope, wrt=["relu1"])
    again = kept.vjp({"fc4": slope["fc4"]}, relu="guided")
    for name, values in first.items():
        np.testing.assert_array_equal(values, again[name])
    expected = model.vjp(x, {"fc4": slope["fc4"]}, wrt=["relu1"])["relu1"] + slope["relu1"]
    np.testing.assert_allclose(second["relu1"], expected, rtol=1e-6, atol=1e-6)
    model.train_step(x, np.zeros(3, np.int32))
    with pytest.raises(ValueError, match="the weights have changed"):
        kept.vjp(slope)


def test_large_batches_are_computed_in_parts_with_the_same_bits(model, x, monkeypatch):
    slope = cotangents(model, x, "relu2")
    whole = model.vjp(x, slope, wrt=["data", "conv1"])
    acts = model.activations(x, ["relu2"])["relu2"]
    monkeypatch.setattr("swiftalexnet.network.derivatives._PIXELS", 2 * 15 * 15)
    parts = model.vjp(x, slope, wrt=["data", "conv1"])
    for name in whole:
        np.testing.assert_array_equal(whole[name], parts[name])
    np.testing.assert_array_equal(acts, model.activations(x, ["relu2"])["relu2"])


def test_images_of_another_size(model):
    x = np.random.default_rng(0).standard_normal((2, 3, 23, 18), dtype=np.float32)
    acts = model.activations(x, ["conv1", "relu2"])
    conv1 = sa.ops.conv2d(x, *(model.state_dict()[f"conv1.{name}"] for name in ("weight", "bias")), 2, (0, 0, 3, 3))
    np.testing.assert_allclose(acts["conv1"], conv1, rtol=1e-5, atol=1e-5)
    gradient = model.vjp(x, {"relu2": acts["relu2"]})["data"]
    assert gradient.shape == x.shape
    for call in (model.activations, model.linearize):
        with pytest.raises(UnsupportedError, match="node fc3: got"):
            call(x, ["relu2", "fc3"])


def test_other_names_of_layers():
    model = sa.alexnet("owt", num_classes=3, image_size=63)
    x = np.random.default_rng(0).standard_normal((1, 3, 63, 63), dtype=np.float32)
    acts = model.activations(x, ["features.0", "conv1", "features.1"])
    np.testing.assert_array_equal(acts["features.0"], acts["conv1"])
    slope = {"features.3": model.activations(x, ["conv2"])["conv2"]}
    np.testing.assert_array_equal(
        model.vjp(x, slope, wrt=["features.1"])["features.1"],
        model.vjp(x, {"conv2": slope["features.3"]}, wrt=["relu1"])["relu1"],
    )
    with pytest.raises(ValueError, match="two cotangents for conv2, expected their sum"):
        model.vjp(x, slope | {"conv2": slope["features.3"]})


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda m, x: m.activations(x, "conv1"), TypeError, "activations: layers is .*expected a"),
        (lambda m, x: m.activations(x, []), TypeError, "activations: layers is .*expected a list of layer names"),
        (lambda m, x: m.activations(x, ["conv9"]), ValueError, "activations: unknown layer 'conv9'.*did you mean"),
        (lambda m, x: m.activations(x[:, :2], ["conv1"]), ValueError, "capture: x has shape"),
        (lambda m, x: m.activations(x[0, 0], ["conv1"]), ValueError, "activations: x has shape"),
        (lambda m, x: m.activations(x, ["conv1"], after="relu1"), ValueError, "capture: relu1 has shape"),
        (lambda m, x: m.activations(x, ["conv1"], after="relu9"), ValueError, "activations: unknown layer 'relu9'"),
        (
            lambda m, x: m.activations(m.activations(x, ["relu2"])["relu2"], ["fc3", "conv1"], after="relu2"),
            ValueError,
            "capture: got conv1, expected nodes after relu2",
        ),
        (
            lambda m, x: m.activations(m.activations(x, ["prob"])["prob"], ["fc3"], after="prob"),
            ValueError,
            "after prob",
        ),
        (lambda m, x: m.vjp(x, {}), TypeError, "vjp: cotangents is .*expected a dict of arrays by layer"),
        (lambda m, x: m.vjp(x, [1]), TypeError, "vjp: cotangents is .*expected a dict of arrays by layer"),
        (lambda m, x: m.vjp(x, {"conv1": x}), ValueError, "vjp: conv1 has shape"),
        (lambda m, x: m.vjp(x, {"conv1": x[:2]}), ValueError, "vjp: cotangent of conv1 .*one for each of 3 images"),
        (lambda m, x: m.vjp(x, {"data": x}), ValueError, "vjp: cotangents names data, the input itself"),
        (lambda m, x: m.linearize(x, ["data"]), ValueError, "linearize: layers names data, the input itself"),
        (lambda m, x: m.vjp(x, {"conv9": x}), ValueError, "vjp: unknown layer 'conv9'.*did you mean"),
        (lambda m, x: m.vjp(x, {"conv1": x}, wrt=["dat"]), ValueError, "vjp: unknown layer 'dat'.*did you mean 'data'"),
        (
            lambda m, x: m.vjp(x, {"fc3": np.zeros((3, 16), np.float32)}, wrt=["fc4"]),
            ValueError,
            "wrt fc4, which lies behind every other node",
        ),
        (
            lambda m, x: m.vjp(x, {"fc3": np.zeros((3, 16, 1), np.float32)}, wrt=["conv1"]),
            ValueError,
            "vjp: fc3 has shape",
        ),
        (lambda m, x: m.vjp(x, {"fc3": np.zeros((3, 16), np.float32)}, wrt="conv1"), TypeError, "vjp: wrt is"),
        (lambda m, x: m.linearize(x, ["fc3"], wrt=[]), TypeError, "linearize: wrt is"),
        (lambda m, x: m.linearize(x, ["fc3"]).vjp({"fc4": 1}), ValueError, "vjp: unknown layer 'fc4'"),
        (
            lambda m, x: m.linearize(x, ["fc3"]).vjp({"fc3": np.zeros((3, 16), np.float32)}, wrt=["conv1"]),
            ValueError,
            "unknown wrt",
        ),
    ],
)
def test_refusals(model, x, call, error, message):
    with pytest.raises(error, match=message):
        call(model, x)
