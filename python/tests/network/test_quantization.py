"""The quantisation that a model holds: its value, what sets it, what a quantised model does and refuses."""

import copy
import pickle

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from support import dataset, labelled_images, quantized_model, tiny_model

import swiftalexnet as sa
from swiftalexnet.network.quantization import Quantization, Rounding, nearest_rounding

SCALES = {"w": np.ones(2, np.float32)}


@pytest.fixture(scope="module")
def model():
    return quantized_model()


def assert_same(first: Quantization, second: Quantization) -> None:
    assert first.activations == second.activations
    assert (first.method, first.images) == (second.method, second.images)
    assert first.weights.keys() == second.weights.keys()
    for name, scales in first.weights.items():
        assert_array_equal(second.weights[name], scales)


# ---- The rounding of a tensor ----


@pytest.mark.parametrize(
    ("low", "high", "scale", "zero_point"),
    [(0, 255, 1, 0), (0, 510, 2, 0), (-127, 128, 1, 127), (-255, 0, 1, 255), (3, 255, 1, 0), (-255, -9, 1, 255)],
)
def test_a_range_holds_zero_and_a_one_sided_one_all_levels(low, high, scale, zero_point):
    assert nearest_rounding(low, high) == Rounding(scale, zero_point)


@pytest.mark.parametrize("bound", [0.0, 1e-45, 1e-40])
def test_a_range_that_cannot_be_divided_holds_zero(bound):
    assert nearest_rounding(-bound, bound) == Rounding(1.0, 0)


@pytest.mark.parametrize("high", [1e-35, 1.0, 3.4e38])
def test_a_scale_is_a_float32_whose_range_is_what_was_asked_for(high):
    rounding = nearest_rounding(-high / 3, high)
    assert float(np.float32(rounding.scale)) == rounding.scale and 0 < rounding.zero_point < 255
    np.testing.assert_allclose(rounding.range, (-high / 3, high), rtol=0.01)


@pytest.mark.parametrize("scale", [0.0, -1.0, np.inf, np.nan, 1e-40, 1e38, 0.1, 1, "1", None])
def test_scales_that_are_no_float32_above_zero_are_refused(scale):
    with pytest.raises(ValueError, match="the scale of data is"):
        Quantization({"data": Rounding(scale, 0)}, {}, "mse", 1)


@pytest.mark.parametrize("zero_point", [-1, 256, 1.0, True, None, "0"])
def test_zero_points_that_are_no_byte_are_refused(zero_point):
    with pytest.raises(ValueError, match="the zero point of data is"):
        Quantization({"data": Rounding(1.0, zero_point)}, {}, "mse", 1)


@pytest.mark.parametrize("scales", [[1.0], np.ones(1), np.ones((1, 1), np.float32), None])
def test_scales_of_weights_of_another_type_are_refused(scales):
    with pytest.raises(TypeError, match="scales of w"):
        Quantization({}, {"w": scales}, "mse", 1)


@pytest.mark.parametrize("scale", [0, -1, np.inf, np.nan, 1e-40])
def test_scales_of_weights_that_are_not_normal_are_refused(scale):
    with pytest.raises(ValueError, match="scales of w are not all normal"):
        Quantization({}, {"w": np.array([1, scale], np.float32)}, "mse", 1)


def test_json_and_back():
    given = Quantization({"data": Rounding(float(np.float32(0.1)), 7)}, SCALES, "percentile 99.9", 3)
    assert_same(Quantization.from_json(given.to_json(), SCALES), given)


def test_its_text_is_a_table(model):
    text = str(model.quantization)
    assert repr(model.quantization) == text
    assert text.startswith("int8, ranges by percentile 99.99 from 60 images\n")
    for name in ("data", "relu1", "fc8", "conv1.weight"):
        assert f"\n{name} " in text
    assert "<table>" in model.quantization._repr_html_()


# ---- What holds it ----


def test_a_model_is_told_by_its_text(model):
    assert repr(model).endswith("4 classes, int8>") and "int8" not in repr(tiny_model())
    details = {row.name: row.detail for row in model.summary().rows}
    assert details["conv1"].endswith(", int8") and details["norm1"].endswith(", float32")


def test_int8_is_its_own_precision(model):
    assert (model.precision, tiny_model().precision) == ("int8", "float32")
    images, _ = labelled_images(4, seed=3)
    x = model.features(images, ["data"])["data"]
    doors = {
        "probabilities": lambda **how: model.probabilities(images, **how),
        "forward": lambda **how: model.forward(x, **how),
        "ten crops": lambda **how: model.probabilities(images, crops=10, **how),
        "dense": lambda **how: model.probabilities(images, dense=True, scales=[24, 30], **how),
        "score_map": lambda **how: model.score_map(images[0], **how),
        "features": lambda **how: model.features(images, ["fc6"], **how)["fc6"],
        "activations": lambda **how: model.activations(x, ["fc6"], **how)["fc6"],
    }
    for name, door in doors.items():
        assert_array_equal(door(), door(precision="int8"), err_msg=name)
        exact = door(precision="float32")
        assert 0 < np.abs(door() - exact).max() < 0.1 * np.abs(exact).max(), name
    assert model.evaluate(dataset()).views.arithmetic.precision == 2


def test_int8_without_a_quantisation_is_refused():
    with pytest.raises(ValueError, match="has not been quantised"):
        tiny_model().predict(labelled_images(1)[0], precision="int8")


def test_what_is_not_finite_has_no_byte(model):
    x = np.ones((2, 3, 20, 20), np.float32)
    x[1, 2, 3, 4] = np.nan
    for work in (lambda: model.forward(x), lambda: model.activations(x, ["fc6"])):
        with pytest.raises(sa.NonFiniteError, match="int8: .* of the input is nan"):
            work()


def test_the_first_layers_of_a_model_end_without_rounding(model):
    images, _ = labelled_images(3)
    whole, part = (each.features(images, ["relu2"])["relu2"] for each in (model, model.up_to("relu2")))
    level = model.quantization.activations["relu2"].scale
    assert 0 < np.abs(whole - part).max() <= 0.51 * level


@pytest.mark.parametrize("words", [{"fast_math": True}, {"weights": "int8"}])
def test_int8_has_no_other_choices(model, words):
    with pytest.raises(ValueError, match=r"predict: (fast_math=True|weights='int8') with precision 'int8'"):
        model.predict(labelled_images(1)[0], **words)
    model.predict(labelled_images(1)[0], precision="float32", **words)


def test_a_pass_to_be_differentiated_is_float32(model):
    x = np.random.default_rng(0).standard_normal((2, 3, 20, 20), np.float32)
    exact = model.forward(x, precision="float32")
    assert_array_equal(model.forward(x, keep=True), exact)
    assert model.backward(np.ones_like(exact)).shape == x.shape
    model.forward(x, training=True)
    with pytest.raises(ValueError, match="int8"):
        model.forward(x, keep=True, precision="int8")
    with pytest.raises(ValueError, match="vjp: precision is 'int8', which is for inference"):
        model.vjp(x, {"fc8": exact}, precision="int8")
    model.vjp(x, {"fc8": exact})


def test_a_quantised_model_is_not_trained(model):
    x, labels = np.zeros((2, 3, 20, 20), np.float32), [0, 1]
    for name, work in {
        "fit": lambda: model.fit(dataset(), progress=False),
        "train_step": lambda: model.train_step(x, labels),
        "load_state_dict": lambda: model.load_state_dict(tiny_model().state_dict()),
        "copy_layers": lambda: model.copy_layers(tiny_model(), ["conv1"]),
        "set_multipliers": lambda: model.freeze("conv1"),
    }.items():
        with pytest.raises(ValueError, match=f"{name}: the model is quantised, expected one of float32"):
            work()


def test_without_its_quantisation_it_is_an_ordinary_model_of_rounded_weights(model):
    other = copy.deepcopy(model)
    other.quantization = None
    assert other.precision == "float32" and "int8" not in repr(other)
    x = np.ones((1, 3, 20, 20), np.float32)
    assert_array_equal(other.forward(x), model.forward(x, precision="float32"))
    other.train_step(x, [0])


@pytest.mark.parametrize("value", ["int8", {}, 3])
def test_another_value_is_refused(value):
    model = tiny_model()
    with pytest.raises(TypeError, match="expected a Quantization or None"):
        model.quantization = value
    assert model.quantization is None


def test_a_quantisation_of_another_network_is_refused(model):
    own = model.quantization
    less = own.within({name for name in own.activations if name != "relu2"}, own.weights)
    with pytest.raises(ValueError, match="has no rounding of relu2"):
        tiny_model().quantization = less
    more = Quantization({**own.activations, "x": Rounding(1.0, 0)}, own.weights, "mse", 1)
    with pytest.raises(ValueError, match="of another network: it has rounding of x"):
        tiny_model().quantization = more
    short = Quantization(own.activations, {**own.weights, "fc8.weight": np.ones(3, np.float32)}, "mse", 1)
    with pytest.raises(ValueError, match=r"fc8\.weight has 3 scales, expected 4"):
        tiny_model().quantization = short


# ---- Copies ----


@pytest.mark.parametrize("again", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
def test_copies_are_quantised(model, again):
    other = again(model)
    assert_same(other.quantization, model.quantization)
    for name, weight in model.parameters().items():
        assert_array_equal(other.parameters()[name], weight)
    images, _ = labelled_images(3)
    assert_array_equal(other.probabilities(images), model.probabilities(images))


def test_first_layers_are_quantised(model):
    part, (images, _) = model.up_to("relu2"), labelled_images(3)
    assert list(part.quantization.activations) == ["data", "conv1", "relu1", "norm1", "pool1", "conv2", "relu2"]
    assert list(part.quantization.weights) == ["conv1.weight", "conv2.weight"]
    for precision in ("int8", "float32"):
        wanted = model.features(images, ["pool1"], precision=precision)["pool1"]
        assert_array_equal(part.features(images, ["pool1"], precision=precision)["pool1"], wanted)


def test_a_network_for_other_classes_is_to_be_trained(model):
    other = model.with_classes(3)
    assert other.quantization is None and other.precision == "float32"
    assert_array_equal(other.parameters()["conv2.weight"], model.parameters()["conv2.weight"])


def test_models_of_an_ensemble_agree(model):
    images, _ = labelled_images(3)
    both = sa.Ensemble([model, tiny_model()])
    for work in (lambda: both.predict(images), lambda: both.evaluate(dataset())):
        with pytest.raises(ValueError, match="different precisions of their own: int8 and float32"):
            work()
    assert len(both.predict(images, precision="float32")) == 3
    assert sa.Ensemble([model, model]).evaluate(dataset()).views.arithmetic.precision == 2
