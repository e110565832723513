"""Integrated gradients: completeness, exact integrals, baselines."""

import numpy as np
import pytest
from support import unpadded_model

import swiftalexnet as sa
from attribution.nets import Reference, images, near, small
from swiftalexnet.attribution.integrated_gradients import RULES, quadrature
from swiftalexnet.inference.inputs import network_input

integrated_gradients = sa.attribution.integrated_gradients

LINEAR = "network linear\ndata channels=2 height=3 width=3\ndense fc1 outputs=4\nsoftmax prob\n"


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("steps", [1, 2, 20])
def test_a_linear_network_needs_one_step(rule, steps):
    model = sa.Model.from_spec(LINEAR, "torchvision", 1)
    x = np.random.default_rng(0).standard_normal((3, 2, 3, 3), np.float32)
    found = integrated_gradients(model, x, [0, 3, 1], steps=steps, rule=rule, baseline=0.5, preprocessed=True)
    weight = model.state_dict()["fc1.weight"][[0, 3, 1]].reshape(x.shape)
    assert near(found.values, weight * (x - 0.5)) and np.abs(found.delta).max() < 1e-6


def test_the_sum_is_the_difference_of_scores():
    model, x = small()
    reference, start = Reference(model, x), Reference(model, np.zeros_like(x))
    found = integrated_gradients(model, x, 2, steps=300, batch_size=64, preprocessed=True)
    difference = reference.values["fc4"][:, 2] - start.values["fc4"][:, 2]
    assert np.abs(found.values.sum(axis=(1, 2, 3)) - difference).max() < 5e-3 * np.abs(difference).max()
    assert np.allclose(found.values.sum(axis=(1, 2, 3)) + found.delta, difference, atol=1e-5)


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_is_what_it_says(rule):
    points, weights = quadrature(rule, 40)
    assert weights.sum() == pytest.approx(1, abs=1e-6) and 0 <= points.min() <= points.max() <= 1
    assert (weights * points**2).sum() == pytest.approx(1 / 3, abs=0.02)
    model, x = small()
    found = integrated_gradients(model, x[:1], 1, steps=9, rule=rule, batch_size=4, preprocessed=True)
    points, weights = quadrature(rule, 9)
    gradients = Reference(model, points[:, None, None, None] * x[:1]).gradient([1] * 9)
    assert near(found.values[0], x[0] * np.tensordot(weights, gradients, 1), 1e-5)


@pytest.mark.parametrize(("name", "level"), [("black", 0), ("white", 255)])
def test_a_colour_is_prepared_like_an_image(name, level):
    model = unpadded_model()
    by_name = integrated_gradients(model, images(2), 1, baseline=name, steps=4)
    tensor = network_input(model, np.full((1, 24, 24, 3), level, np.uint8))[0]
    for given in (tensor, np.ascontiguousarray(tensor[:, :1, :1])):
        assert np.array_equal(integrated_gradients(model, images(2), 1, baseline=given, steps=4).values, by_name.values)
    mean = integrated_gradients(model, images(2), 1, steps=4)
    assert np.array_equal(mean.values, integrated_gradients(model, images(2), 1, baseline=0, steps=4).values)
    assert not np.array_equal(mean.values, by_name.values)


@pytest.mark.parametrize(
    ("options", "kind", "message"),
    [
        ({"baseline": "blue"}, ValueError, "unknown baseline 'blue', expected one of mean, black, white"),
        ({"baseline": np.zeros((3, 5, 5), np.float32)}, ValueError, r"baseline has shape \(3, 5, 5\), the input"),
        ({"baseline": np.zeros((1, 20, 20), np.float32)}, ValueError, "baseline has shape"),
        ({"baseline": np.zeros((3, 20, 20))}, TypeError, "baseline has dtype float64, expected float32"),
        ({"baseline": np.full((3, 1, 1), np.nan, np.float32)}, ValueError, "baseline has values that are not finite"),
        ({"baseline": np.nan}, ValueError, "baseline is nan"),
        ({"baseline": None}, TypeError, "baseline is None"),
        ({"steps": 0}, ValueError, "steps is 0, expected 1 to 1000"),
        ({"rule": "simpson"}, ValueError, "unknown rule 'simpson'"),
    ],
)
def test_wrong_options(options, kind, message):
    with pytest.raises(kind, match=f"integrated_gradients: {message}"):
        integrated_gradients(unpadded_model(), images(), **options)


def test_a_colour_has_the_models_own_size():
    _, x = small()
    convolution = "convolution c outputs=2 kernel=3 stride=1 pad=0,0,0,0 groups=1"
    part = sa.Model.from_spec(f"network n\ndata channels=3 height=9 width=9\n{convolution}\n")
    assert integrated_gradients(part, x, layer="c", steps=2, preprocessed=True).values.shape == x.shape
    with pytest.raises(ValueError, match="expected the same"):
        integrated_gradients(part, x, layer="c", baseline="black", steps=2, preprocessed=True)
