"""A run of `fit`: its initial state, concurrent use of the model, and how it stops."""

import subprocess
import sys
import threading

import numpy as np
import pytest
from support import TESTS, dataset, fingerprint, fit, labelled_images, quick_recipe, tiny_model

import swiftalexnet as sa
from swiftalexnet.training import source


def test_velocities_start_at_zero():
    first, second = tiny_model(), tiny_model()
    fit(first)
    state = first.state_dict()
    fit(first)
    second.load_state_dict(state)
    second.preprocessing = first.preprocessing
    fit(second)
    assert fingerprint(first) == fingerprint(second)


def test_zero_epochs_change_no_weight():
    model = tiny_model()
    before = fingerprint(model)
    assert len(fit(model, epochs=0)) == 0
    assert fingerprint(model) == before


def test_a_callback_can_be_called():
    model = tiny_model()
    before = fingerprint(model)
    with pytest.raises(TypeError, match=r"fit: on_epoch_end is \[None\]"):
        fit(model, epochs=1, on_epoch_end=[None])
    assert fingerprint(model) == before


def test_callback_sees_rows_and_its_exception_ends_training():
    rows = []

    def callback(row):
        rows.append(row)
        if len(rows) == 2:
            raise RuntimeError("enough")

    model = tiny_model()
    with pytest.raises(RuntimeError, match="enough"):
        fit(model, epochs=5, on_epoch_end=callback)
    assert [row["epoch"] for row in rows] == [0, 1]
    fit(model, epochs=1)


def test_a_model_fits_once_at_a_time():
    model, inside = tiny_model(), []

    def again(_):
        for call in (lambda: fit(model), lambda: model.load_state_dict(model.state_dict())):
            with pytest.raises(sa.ConcurrentUseError) as caught:
                call()
            inside.append(str(caught.value))

    fit(model, epochs=1, on_epoch_end=again)
    assert len(inside) == 2
    errors = []

    def other():
        try:
            fit(model)
        except sa.ConcurrentUseError as error:
            errors.append(error)

    def start(_):
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()

    fit(model, epochs=1, on_epoch_end=start)
    assert len(errors) == 1


def test_prediction_during_fit():
    model, images = tiny_model(), labelled_images(3)[0]
    tables, stop = [], threading.Event()

    def predict():
        while not stop.is_set():
            tables.append(model.probabilities(images))

    fit(model, epochs=1)
    thread = threading.Thread(target=predict)
    thread.start()
    fit(model, epochs=10)
    stop.set()
    thread.join()
    assert tables and all(np.isfinite(table).all() for table in tables)


def test_not_finite_raises_or_stops():
    model = tiny_model()
    recipe = quick_recipe(learning_rate=1e30)
    with pytest.raises(sa.NonFiniteError, match=r"epoch 1, step [1-4]:"):
        fit(model, recipe=recipe, epochs=10)
    again = tiny_model()
    fit(again, recipe=recipe, epochs=10, non_finite="stop")
    assert fingerprint(again) == fingerprint(model)


def test_a_validation_that_is_not_finite_raises_or_stops(tmp_path, monkeypatch):
    def evaluate(*_, **__):
        raise sa.NonFiniteError("predict: a probability is nan")

    monkeypatch.setattr(source, "evaluate", evaluate)
    with pytest.raises(sa.NonFiniteError, match="fit: epoch 1, at its end: validation: predict: a probability is nan"):
        fit(tiny_model(), validation=dataset(9), checkpoint=tmp_path)
    assert len(fit(tiny_model(), validation=dataset(9), checkpoint=tmp_path, non_finite="stop")) == 0
    monkeypatch.undo()
    assert len(fit(tiny_model(), validation=dataset(9), checkpoint=tmp_path, resume=True)) == 2


@pytest.mark.parametrize("delay", [0.4, 0.61, 0.83, 1.07])
def test_ctrl_c_leaves_the_weights_of_the_last_whole_step(delay, tmp_path):
    command = [sys.executable, str(TESTS / "interrupted_fit.py"), str(delay), str(tmp_path)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert result.returncode == 0, result.stderr
    threads, step, same = result.stdout.split()
    assert threads == "0" and int(step) > 0 and same == "True"
