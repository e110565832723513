"""Weights packed or quantised once for many predictions are discarded when the weights change."""

import gc
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
import pytest
from support import TINY, dataset, labelled_images, quick_recipe, tiny_model

import swiftalexnet as sa

IMAGES, LABELS = labelled_images(4, side=20)


@pytest.fixture(params=["float", "int8"])
def weights(request):
    return request.param


@pytest.fixture
def model():
    return tiny_model()


def fresh(model: sa.Model) -> sa.Model:
    """Return a model that has never computed before, with the same weights."""
    other = sa.Model.from_spec(model.spec, seed=99)
    other.load_state_dict(model.state_dict())
    other.preprocessing = model.preprocessing
    return other


def assert_up_to_date(model: sa.Model, weights: str) -> np.ndarray:
    expected = fresh(model).probabilities(IMAGES, weights=weights)
    for _ in range(2):
        actual = model.probabilities(IMAGES, weights=weights)
        assert np.array_equal(actual, expected)
    return actual


def test_after_initialisation(model, weights):
    seen = assert_up_to_date(model, weights)
    assert np.array_equal(seen, tiny_model().probabilities(IMAGES, weights=weights))
    assert not np.array_equal(seen, assert_up_to_date(tiny_model(seed=1), weights))


def test_after_training_steps(model, weights):
    x = np.random.default_rng(0).standard_normal((4, 3, 20, 20), np.float32)
    seen = [assert_up_to_date(model, weights)]
    for step in range(3):
        model.train_step(x, LABELS, step=step)
        seen.append(assert_up_to_date(model, weights))
    assert not any(np.array_equal(a, b) for a, b in pairwise(seen))


def test_after_fit(model, weights):
    before = assert_up_to_date(model, weights)
    model.fit(dataset(), epochs=1, recipe=quick_recipe(), progress=False)
    assert not np.array_equal(assert_up_to_date(model, weights), before)


def test_after_load_state_dict(model, weights):
    before = assert_up_to_date(model, weights)
    model.load_state_dict(tiny_model(seed=5).state_dict())
    after = assert_up_to_date(model, weights)
    assert not np.array_equal(after, before)
    assert np.array_equal(after, tiny_model(seed=5).probabilities(IMAGES, weights=weights))


@pytest.mark.parametrize("name", ["conv1.weight", "conv2.weight", "conv2.bias", "fc6.weight", "fc8.weight"])
def test_writes_to_parameters_while_arrays_are_alive_and_after(model, weights, name):
    seen = [assert_up_to_date(model, weights)]
    arrays = model.parameters()
    part = arrays[name][1:]  # a slice of an array keeps the memory borrowed
    del arrays
    for _ in range(2):
        part += 0.25
        seen.append(assert_up_to_date(model, weights))
    part *= -1
    del part
    gc.collect()
    seen.append(assert_up_to_date(model, weights))
    assert not any(np.array_equal(a, b) for a, b in pairwise(seen))


def test_two_arrays_of_one_parameter(model, weights):
    first, second = model.parameters()["fc6.weight"], model.parameters()["fc6.weight"]
    first += 0.5
    del first
    gc.collect()
    before = assert_up_to_date(model, weights)
    second += 0.5
    assert not np.array_equal(assert_up_to_date(model, weights), before)


def test_threads_share_a_model_between_steps(model, weights):
    x = np.random.default_rng(0).standard_normal((4, 3, 20, 20), np.float32)
    for step in range(3):
        expected = fresh(model).probabilities(IMAGES, weights=weights)
        with ThreadPoolExecutor(4) as threads:
            results = list(threads.map(lambda _: model.probabilities(IMAGES, weights=weights), range(8)))
        assert all(np.array_equal(result, expected) for result in results)
        model.train_step(x, LABELS, step=step)


def test_gradients_and_copies_leave_predictions_as_they_are(model, weights):
    before = assert_up_to_date(model, weights)
    model.gradients()["conv1.weight"][...] = 1
    model.state_dict()["conv1.weight"][...] = 1
    assert np.array_equal(assert_up_to_date(model, weights), before)
    assert TINY.format(channels=3, classes=4) == model.spec
