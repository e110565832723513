"""Infinities and NaNs: no step applies them, no image is classified with them, no file contains them."""

import copy
import pickle

import numpy as np
import pytest
from support import dataset, fingerprint, labelled_images, quick_recipe, tiny_model

import swiftalexnet as sa
from swiftalexnet import _native

IMAGES, LABELS = labelled_images(9, side=30)
X = np.random.default_rng(0).standard_normal((6, 3, 20, 20), np.float32)
Y = [0, 1, 2, 3, 0, 1]

DOORS = {
    "predict": lambda model: model.predict(IMAGES),
    "probabilities": lambda model: model.probabilities(IMAGES, crops=10),
    "dense": lambda model: model.probabilities(IMAGES, dense=True, scales=[24]),
    "crops and dense": lambda model: model.probabilities(IMAGES, crops=9, dense=True),
    "score_map": lambda model: model.score_map(IMAGES[0]),
    "features": lambda model: model.features(IMAGES, ["relu1", "fc8"], batch_size=4),
    "evaluate": lambda model: model.evaluate(sa.ArrayDataset(IMAGES, LABELS, model.classes)),
    "ensemble": lambda model: sa.Ensemble([tiny_model(), model]).probabilities(IMAGES),
}
FILES = {
    "save": lambda model, folder: model.save(folder / "m"),
    "pickle": lambda model, _: pickle.dumps(model),
    "deepcopy": lambda model, _: copy.deepcopy(model),
}


def spoiled(name: str = "fc6.weight", value: float = np.nan) -> sa.Model:
    model = tiny_model()
    model.parameters()[name].flat[1] = value
    return model


# Steps


@pytest.mark.parametrize("rule", ["paper", "pytorch", "caffe"])
@pytest.mark.parametrize("precision", ["float32", "auto"])
@pytest.mark.parametrize("steps", [0, 2])
def test_an_update_that_would_overflow_commits_nothing(rule, precision, steps):
    model, options = tiny_model(), {"rule": rule, "precision": precision}
    for step in range(steps):
        model.train_step(X, Y, step=step, **options)
    before = fingerprint(model)
    for _ in range(2):
        words = r"would overflow float32 .*nothing was updated: .* rate than 3e\+38"
        with pytest.raises(sa.NonFiniteError, match=words):
            model.train_step(30 * X, Y, learning_rate=3e38, weight_decay=0.0, step=steps, **options)
    assert fingerprint(model) == before
    assert np.isfinite(model.train_step(X, Y, step=steps, **options))


@pytest.mark.parametrize("rate", [1e10, 1e25, 1e37])
def test_weights_stay_finite_at_any_rate(rate):
    model = tiny_model()
    with pytest.raises(sa.NonFiniteError):
        for step in range(30):
            model.train_step(X, Y, learning_rate=rate, step=step)
    for which in (_native.VALUE, _native.VELOCITY):
        model.network.require_finite(which, "test")
    assert all(np.isfinite(array).all() for array in model.state_dict().values())


def test_fit_stops_before_weights_are_infinite(tmp_path):
    model = tiny_model()
    with pytest.raises(sa.NonFiniteError, match=r"fit: epoch 1, step \d+: train_step: .* lower learning rate"):
        model.fit(dataset(), epochs=2, recipe=quick_recipe(learning_rate=3e38, weight_decay=0.0), progress=False)
    model.save(tmp_path / "m")
    assert fingerprint(sa.load(tmp_path / "m")) == fingerprint(model)


def test_a_step_names_the_weights_that_are_not_finite():
    model = spoiled("conv2.weight", np.inf)
    with pytest.raises(sa.NonFiniteError, match=r"train_step: the loss of image 0 .*: conv2\.weight holds inf"):
        model.train_step(X, Y)


# Images


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize(("name", "value"), [("fc6.weight", np.nan), ("conv1.bias", np.inf), ("fc8.bias", np.inf)])
def test_every_image_method_names_the_parameter(door, name, value):
    with pytest.raises(sa.NonFiniteError, match=rf"{name} holds {value}"):
        DOORS[door](spoiled(name, value))


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("precision", ["float32", "auto"])
def test_every_image_method_names_the_node(door, precision):
    """Weights that are finite and too large."""
    model = tiny_model()
    for array in model.parameters().values():
        array *= np.float32(1e16)
    calls = {
        "predict": lambda: model.predict(IMAGES, precision=precision),
        "features": lambda: model.features(IMAGES, ["fc8"], precision=precision),
        "evaluate": lambda: model.evaluate(sa.ArrayDataset(IMAGES, LABELS, model.classes), precision=precision),
    }
    with pytest.raises(sa.NonFiniteError, match=r"all weights are finite, (fc\d is the first node|and so are)"):
        calls.get(door, lambda: DOORS[door](model))()


def test_features_before_the_fault_are_returned():
    model = spoiled("fc6.weight")
    assert np.isfinite(model.features(IMAGES, ["relu2"])["relu2"]).all()


def test_only_values_that_are_not_finite_are_refused():
    """Probabilities of exactly 0 and 1 are probabilities."""
    model = tiny_model()
    model.parameters()["fc8.bias"][...] = [1e30, -1e30, 0, 0]
    assert np.array_equal(model.probabilities(IMAGES[:2]), [[1, 0, 0, 0]] * 2)


def test_tensors_are_not_checked():
    x = X.copy()
    x[2, 0, 3, 3] = np.nan
    logits = tiny_model().forward(x)
    assert np.isnan(logits[2]).all() and np.isfinite(np.delete(logits, 2, axis=0)).all()
    assert np.isnan(spoiled().forward(X, keep=False)).all()


# Files


@pytest.mark.parametrize("file", FILES)
def test_no_file_contains_them(file, tmp_path):
    (tmp_path / "m").write_bytes(b"old")
    with pytest.raises(sa.NonFiniteError, match=r"save: conv2\.weight holds inf"):
        FILES[file](spoiled("conv2.weight", np.inf), tmp_path)
    assert (tmp_path / "m").read_bytes() == b"old" and len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("which", [_native.VALUE, _native.VELOCITY])
def test_no_checkpoint_contains_them(which, tmp_path):
    model = tiny_model()

    def poison(_row):
        np.asarray(model.network.parameter(0, which)).flat[0] = np.nan

    with pytest.raises(sa.NonFiniteError, match=r"conv1\.weight (holds nan|, )|velocity of conv1\.weight holds nan"):
        model.fit(dataset(), epochs=1, recipe=quick_recipe(), progress=False, checkpoint=tmp_path, on_epoch_end=poison)
    resumed = tiny_model()
    resumed.fit(dataset(), epochs=1, recipe=quick_recipe(), progress=False, checkpoint=tmp_path, resume=True)
    assert all(np.isfinite(array).all() for array in resumed.state_dict().values())


def test_native_calls_are_checked():
    network = tiny_model().network
    for which, message in ((_native.GRADIENT, "which is 1"), (7, "which is 7")):
        with pytest.raises(ValueError, match=message):
            network.require_finite(which, "test")
    with pytest.raises(ValueError, match="non_finite_cause: x"):
        network.non_finite_cause(X, 0, (0, 0, 0))
    assert network.non_finite_cause(X[:1], 0, (0, 0, 0)).startswith("all weights are finite, and so are")
