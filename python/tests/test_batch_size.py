"""`batch_size="auto"`: the recipe's batch where it fits, else the largest that does."""

import numpy as np
import pytest
from support import dataset, pictures, quick_recipe, tiny_model

from swiftalexnet import batch_size


def free_for(monkeypatch, model, batch, training):
    """Let just so much memory be free that `batch` pictures fit, and no more."""
    needed = batch_size._needed(model, batch, training)
    monkeypatch.setattr(batch_size, "available", lambda: int(needed / batch_size._PART) + 1)


def test_the_recipes_batch_if_it_fits():
    assert batch_size.for_training(tiny_model(), "auto", 100) == 100
    assert batch_size.for_training(tiny_model(), "auto", 1000) == 1000


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
    with pytest.warns(UserWarning, match=f"'auto' is {expected}, the recipe's 1000 .* learning rate"):
        assert batch_size.for_training(model, "auto", 1000) == expected


def test_validation_takes_room_too(monkeypatch):
    model = tiny_model()
    free_for(monkeypatch, model, 256, True)
    for validates, expected in ((False, 256), (True, 128)):
        with pytest.warns(UserWarning, match="learning rate"):
            assert batch_size.for_training(model, "auto", 1000, validates=validates) == expected


def test_not_even_one_picture(monkeypatch):
    monkeypatch.setattr(batch_size, "available", lambda: 1000)
    model = tiny_model()
    weights = model.state_dict()
    with pytest.raises(MemoryError, match="fit: one picture needs"):
        model.fit(dataset(), epochs=1, batch_size="auto", recipe=quick_recipe(), progress=False)
    np.testing.assert_equal(model.state_dict(), weights)
    for call in (model.predict, model.probabilities):
        with pytest.raises(MemoryError, match="predict: one picture needs"):
            call(pictures(3)[0], batch_size="auto")
    with pytest.raises(MemoryError, match="evaluate: one picture needs"):
        model.evaluate(dataset(), batch_size="auto")
    with pytest.raises(MemoryError, match="features: one picture needs"):
        model.features(pictures(3)[0], ["conv2"], batch_size="auto")


def test_inference_takes_256_or_what_fits(monkeypatch):
    model = tiny_model()
    assert batch_size.for_inference(model, "auto", "predict") == 256
    assert batch_size.for_inference(model, 7, "predict") == 7
    free_for(monkeypatch, model, 9, False)
    assert batch_size.for_inference(model, "auto", "predict") == 8


def test_results_are_those_of_any_batch():
    model, (images, _) = tiny_model(), pictures(20)
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


def test_a_system_that_does_not_say_what_is_free(monkeypatch):
    monkeypatch.setattr(batch_size, "available", lambda: None)
    assert batch_size.for_training(tiny_model(), "auto", 128) == 128


@pytest.mark.parametrize("wrong", ["large", "", 0, 1.5])
def test_other_words_and_numbers_are_refused(wrong):
    model = tiny_model()
    with pytest.raises((TypeError, ValueError), match="batch_size"):
        model.predict(pictures(2)[0], batch_size=wrong)
    with pytest.raises((TypeError, ValueError), match="batch_size"):
        model.fit(dataset(), epochs=1, batch_size=wrong, recipe=quick_recipe(), progress=False)
