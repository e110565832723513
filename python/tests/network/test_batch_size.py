"""`batch_size="auto"`: the recipe's batch size if it fits into memory, otherwise the largest that does."""

import functools
import warnings

import numpy as np
import pytest
from support import dataset, labelled_images, quick_recipe, tiny_model

from swiftalexnet import _native
from swiftalexnet._support.arithmetic import Arithmetic, choose_precision
from swiftalexnet.network import batch_size


def free_for(monkeypatch, model, batch, training):
    """Report just enough free memory for `batch` images."""
    needed = batch_size._needed(model, batch, training)
    monkeypatch.setattr(batch_size, "available", lambda: int(needed / batch_size._PART) + 1)


def test_the_recipes_batch_if_it_fits():
    assert batch_size.for_training(tiny_model(), 100) == 100
    assert batch_size.for_training(tiny_model(), 1000) == 1000


@pytest.mark.filterwarnings("error")
def test_fit_with_auto_is_the_recipes_fit():
    history = [
        tiny_model().fit(dataset(), epochs=1, batch_size=size, recipe=quick_recipe(), progress=False).rows
        for size in ("auto", None)
    ]
    for rows in history:
        for row in rows:
            row.pop("seconds", None)
            row.pop("images_per_second", None)
    assert history[0] == history[1]


@pytest.mark.parametrize(("fitting", "expected"), [(50, 32), (32, 32), (1, 1), (400, 256)])
def test_otherwise_the_largest_power_of_two_that_fits(monkeypatch, fitting, expected):
    model = tiny_model()
    free_for(monkeypatch, model, fitting, True)
    assert batch_size.for_training(model, 1000) == expected


def test_fit_says_that_it_trains_with_less(monkeypatch):
    model, recipe = tiny_model(), quick_recipe(batch_size=1000)
    free_for(monkeypatch, model, 300, True)
    with pytest.warns(UserWarning, match="'auto' is 256, because the recipe's 1000 .* learning rate") as told:
        model.fit(dataset(), epochs=1, batch_size="auto", recipe=recipe, progress=False)
    assert told[0].filename == __file__


def test_validation_takes_room_too(monkeypatch):
    model = tiny_model()
    free_for(monkeypatch, model, 256, True)
    for validates, expected in ((False, 256), (True, 128)):
        assert batch_size.for_training(model, 1000, validates=validates) == expected


def test_room_for_validation_is_of_the_runs_precision(monkeypatch):
    foretold, seen = batch_size.engine_memory, []

    def note(model, batch, training, arithmetic):
        seen.append((training, arithmetic))
        return foretold(model, batch, training, arithmetic)

    monkeypatch.setattr(batch_size, "engine_memory", note)
    code = choose_precision("test", "auto")
    batch_size.for_training(tiny_model(), 16, Arithmetic(code), validates=True)
    assert seen == [(False, Arithmetic(code)), (True, Arithmetic(code))]


def test_memory_that_the_model_already_uses_is_not_counted_again(monkeypatch):
    model = tiny_model()
    fit = functools.partial(model.fit, dataset(), epochs=1, recipe=quick_recipe(), progress=False)
    needed = batch_size._needed(model, 16, True)
    fit()
    use = model.memory(16, training=True)
    assert batch_size._needed(model, 16, True) == needed - use.gradients - use.velocities
    model.forward(np.ones((200, 3, 20, 20), np.float32), keep=False)
    before, _ = _native.tensor_bytes()
    free = int((needed - use.gradients - use.velocities) / batch_size._PART) + 1
    held = []  # what later calls hold lacks in what is free, until it is given back
    monkeypatch.setattr(batch_size, "available", lambda: held.append(before - _native.tensor_bytes()[0]) or free)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit(batch_size="auto")
    assert held[0] > 0


def test_fewer_addresses_make_a_smaller_batch(monkeypatch):
    foretold = batch_size.engine_memory

    def limited(model, batch, training, arithmetic):
        if batch > limit:
            raise MemoryError("memory: no addresses")
        return foretold(model, batch, training, arithmetic)

    monkeypatch.setattr(batch_size, "engine_memory", limited)
    limit = 9
    assert batch_size.for_inference(tiny_model(), "auto", "predict") == 8
    limit = 0
    with pytest.raises(MemoryError, match="predict: not even one image fits: memory: no addresses"):
        batch_size.for_inference(tiny_model(), "auto", "predict")


def test_not_even_one_image(monkeypatch):
    monkeypatch.setattr(batch_size, "available", lambda: 1000)
    model = tiny_model()
    weights = model.state_dict()
    with pytest.raises(MemoryError, match="fit: one image needs"):
        model.fit(dataset(), epochs=1, batch_size="auto", recipe=quick_recipe(), progress=False)
    np.testing.assert_equal(model.state_dict(), weights)
    for call in (model.predict, model.probabilities):
        with pytest.raises(MemoryError, match="predict: one image needs"):
            call(labelled_images(3)[0], batch_size="auto")
    with pytest.raises(MemoryError, match="evaluate: one image needs"):
        model.evaluate(dataset(), batch_size="auto")
    with pytest.raises(MemoryError, match="features: one image needs"):
        model.features(labelled_images(3)[0], ["conv2"], batch_size="auto")


def test_inference_takes_256_or_what_fits(monkeypatch):
    model = tiny_model()
    assert batch_size.for_inference(model, "auto", "predict") == 256
    assert batch_size.for_inference(model, 7, "predict") == 7
    free_for(monkeypatch, model, 9, False)
    assert batch_size.for_inference(model, "auto", "predict") == 8


def test_results_are_those_of_any_batch():
    model, (images, _) = tiny_model(), labelled_images(20)
    np.testing.assert_allclose(
        model.probabilities(images, batch_size="auto"), model.probabilities(images, batch_size=8), rtol=1e-5
    )
    assert model.evaluate(dataset(), batch_size="auto").count == len(dataset())
    np.testing.assert_allclose(
        model.features(images, ["fc6"], batch_size="auto")["fc6"],
        model.features(images, ["fc6"])["fc6"],
        rtol=1e-4,
        atol=1e-6,
    )


def test_a_system_that_does_not_report_free_memory(monkeypatch):
    monkeypatch.setattr(batch_size, "available", lambda: None)
    assert batch_size.for_training(tiny_model(), 128) == 128


@pytest.mark.parametrize("wrong", ["large", "", 0, 1.5])
def test_other_texts_and_numbers_are_refused(wrong):
    model = tiny_model()
    with pytest.raises((TypeError, ValueError), match="batch_size"):
        model.predict(labelled_images(2)[0], batch_size=wrong)
    with pytest.raises((TypeError, ValueError), match="batch_size"):
        model.fit(dataset(), epochs=1, batch_size=wrong, recipe=quick_recipe(), progress=False)
