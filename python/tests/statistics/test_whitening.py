"""ZCA whitening: uncorrelated crops, in training, prediction and features; with the model in files and checkpoints."""

import json
import pickle

import numpy as np
import pytest
from support import CLASSES, fingerprint, labelled_images, quick_recipe, tiny_model

import swiftalexnet as sa
from swiftalexnet import _native
from swiftalexnet.preprocessing.preprocessing import Preprocessing
from swiftalexnet.statistics.mean_image import learn_mean
from swiftalexnet.statistics.whitening import learn_whitening

SPEC = """\
network small
data channels=3 height=6 width=6
dense fc1 outputs=8
relu relu1
dense fc2 outputs=4
softmax prob
"""
VALUES = 6 * 6 * 3


def model(seed: int = 0, **changes) -> sa.Model:
    """Return a network of crops of 6 × 6 whose `fit` learns mean and whitening."""
    small = sa.Model.from_spec(SPEC, "torchvision", seed)
    small.preprocessing = small.preprocessing.replace(
        **{"resize": 8, "learn_mean": True, "learn_whitening": 1.0, **changes}
    )
    return small


def data(count: int = 600) -> sa.ArrayDataset:
    """Return images of 8 × 8 whose neighbouring pixels and colours are alike."""
    images, labels = labelled_images(count, side=8)
    smooth = (images + np.roll(images, 1, 1).astype(int) + np.roll(images, 1, 2) + images[..., :1]) // 4
    return sa.ArrayDataset(smooth.astype(np.uint8), labels, CLASSES)


def crops(preprocessing: Preprocessing, images: np.ndarray) -> np.ndarray:
    """Return preprocessed centre crops, [count, 6, 6, 3], without whitening."""
    result = np.empty((len(images), 6, 6, 3), np.float32)
    _native.crop_images(images, preprocessing.for_engine(), 1, result)
    return result


@pytest.fixture(scope="module")
def fitted():
    """Return a model with a whitening matrix, trained for a moment."""
    trained = model()
    trained.fit(data(), epochs=1, recipe=quick_recipe(), progress=False)
    return trained


@pytest.mark.parametrize("kind", ["image", "pixel"])
def test_whitened_training_crops_have_identity_covariance(kind):
    preprocessing = learn_mean(model(learn_mean=kind, learn_whitening=1e-4).preprocessing, data(), False)
    white = learn_whitening(preprocessing, data(), False)
    assert white.whitening.shape == (VALUES, VALUES) and white.learn_whitening is None
    network = model().network
    network.set_whitening(white.whitening)
    x = crops(white, data().images)
    out = np.empty_like(x)
    network.whiten(x, out)
    rows = out.reshape(len(out), VALUES)
    np.testing.assert_allclose(np.cov(rows, rowvar=False, bias=True), np.eye(VALUES), atol=1e-2)
    np.testing.assert_allclose(rows, x.reshape(len(x), VALUES) @ white.whitening.T, rtol=1e-3, atol=1e-3)


def test_is_the_symmetric_root_of_the_regularised_inverse():
    preprocessing = learn_mean(model(learn_whitening=50.0).preprocessing, data(), False)
    white = learn_whitening(preprocessing, data(), False).whitening.astype(float)
    x = crops(preprocessing, data().images).reshape(-1, VALUES).astype(float)
    covariance = np.cov(x, rowvar=False, bias=True)
    np.testing.assert_allclose(white, white.T, atol=1e-6)
    np.testing.assert_allclose(white @ (covariance + 50 * np.eye(VALUES)) @ white, np.eye(VALUES), atol=1e-3)


def test_fit_learns_it_and_training_uses_it(fitted):
    assert fitted.preprocessing.learn_whitening is None and fitted.preprocessing.mean.shape == (8, 8, 3)
    plain = model(learn_whitening=None)
    plain.fit(data(), epochs=1, recipe=quick_recipe(), progress=False)
    assert fingerprint(plain) != fingerprint(fitted)
    again = model()
    again.fit(data(), epochs=1, recipe=quick_recipe(), progress=False)
    assert fingerprint(again) == fingerprint(fitted)


def test_prediction_and_features_see_whitened_crops(fitted):
    images = data(12).images
    white = np.empty((12, 6, 6, 3), np.float32)
    fitted.network.whiten(crops(fitted.preprocessing, images), white)
    planar = np.ascontiguousarray(white.transpose(0, 3, 1, 2))
    logits = fitted.forward(planar, keep=False)
    assert np.array_equal(fitted.features(images, ["fc2"])["fc2"], logits)
    np.testing.assert_allclose(fitted.probabilities(images), sa.ops.softmax(logits), rtol=1e-5)
    fitted_ten = fitted.probabilities(images, crops=10)
    assert fitted_ten.shape == (12, 4) and not np.allclose(fitted_ten, sa.ops.softmax(logits))


def test_taking_it_away_changes_the_answers():
    one = model()
    images = data(5).images
    before = one.probabilities(images)
    one.preprocessing = one.preprocessing.replace(whitening=np.diag(np.linspace(0, 1, VALUES)))
    assert not np.allclose(one.probabilities(images), before)
    one.preprocessing = one.preprocessing.replace(whitening=None)
    assert np.array_equal(one.probabilities(images), before)


def test_travels_with_the_model(fitted, tmp_path):
    fitted.save(tmp_path / "white.safetensors")
    images = data(9).images
    for again in (sa.load(tmp_path / "white.safetensors"), pickle.loads(pickle.dumps(fitted))):
        assert again.preprocessing.whitening.tobytes() == fitted.preprocessing.whitening.tobytes()
        assert np.array_equal(again.probabilities(images), fitted.probabilities(images))
        assert "whitened" in repr(again.preprocessing)


def test_resume_goes_on_with_the_same_matrix(tmp_path):
    def train(folder, epochs, resume):
        trained = model()
        trained.fit(
            data(200), epochs=epochs, recipe=quick_recipe(), progress=False, checkpoint=tmp_path / folder, resume=resume
        )
        return trained

    whole = train("whole", 3, False)
    train("parts", 1, False)
    parts = train("parts", 3, True)
    assert fingerprint(parts) == fingerprint(whole)
    assert parts.preprocessing.whitening.tobytes() == whole.preprocessing.whitening.tobytes()
    assert np.array_equal(parts.probabilities(data(9).images), whole.probabilities(data(9).images))


def test_json_round_trip():
    white = np.diag(np.arange(1, VALUES + 1))
    preprocessing = model(whitening=white, warp=True, learn_mean="pixel").preprocessing
    fields = json.loads(json.dumps(preprocessing.to_json()))
    again = Preprocessing.from_json(fields, preprocessing.mean, preprocessing.whitening)
    assert repr(again) == repr(preprocessing) and again.to_json() == preprocessing.to_json()
    assert np.array_equal(again.whitening, white)


@pytest.mark.parametrize(
    ("changes", "kind", "message"),
    [
        ({"whitening": np.eye(VALUES + 3)}, ValueError, r"\(111, 111\), expected \(108, 108\)"),
        ({"whitening": np.ones(VALUES)}, ValueError, r"\(108,\), expected"),
        ({"whitening": np.full((VALUES, VALUES), np.nan)}, ValueError, "whitening holds"),
        ({"crop": 5, "whitening": np.eye(VALUES)}, ValueError, r"expected \(75, 75\)"),
        ({"learn_whitening": 0}, ValueError, "learn_whitening is 0"),
        ({"learn_whitening": -1.0}, ValueError, "learn_whitening is -1"),
        ({"learn_whitening": float("nan")}, ValueError, "learn_whitening is nan"),
        ({"learn_whitening": "a little"}, TypeError, "learn_whitening is 'a little'"),
        ({"resize": 40, "crop": 37}, ValueError, "37 × 37 × 3 = 4107 values, expected at most 4096"),
    ],
)
def test_refuses_what_does_not_fit(changes, kind, message):
    with pytest.raises(kind, match=f"Preprocessing: .*{message}"):
        model().preprocessing.replace(**changes)


def test_a_matrix_for_another_network_is_refused():
    other = tiny_model()
    before = fingerprint(other)
    with pytest.raises(ValueError, match=r"set_whitening: matrix has shape \(108, 108\)"):
        other.network.set_whitening(np.eye(VALUES, dtype=np.float32))
    with pytest.raises(ValueError, match=r"Model.preprocessing: makes 3 × 6 × 6"):
        other.preprocessing = model().preprocessing.replace(whitening=np.eye(VALUES))
    assert fingerprint(other) == before and other.preprocessing.whitening is None


class Untouchable:
    """A data set whose images must not be read."""

    labels, classes, workers, skipped = np.zeros(1, np.int32), None, 1, 0

    def __len__(self):
        return 1

    def image(self, index, geometry):
        raise AssertionError("an image was read")


def test_dense_evaluation_has_no_crops_to_whiten():
    dense = tiny_model()
    images = labelled_images(3, side=30)[0]
    dense.preprocessing = dense.preprocessing.replace(whitening=np.eye(1200))
    refusal = "dense evaluation: the model's whitening matrix is for 20 × 20 pixels only"
    for work, arguments in (
        (dense.predict, ("missing.png",)),
        (dense.evaluate, (Untouchable(),)),
        (dense.score_map, ("missing.png",)),
    ):
        with pytest.raises(sa.UnsupportedError, match=f"^{work.__name__}: {refusal}"):
            work(*arguments, **({} if work.__name__ == "score_map" else {"dense": True}))
    with pytest.raises(ValueError, match="dense evaluation: the network whitens crops of 3×20×20"):
        dense.network.predict_dense(
            images, dense.preprocessing.for_engine(), True, (0, 0, 0), np.empty((3, 4), np.float32)
        )
    dense.preprocessing = dense.preprocessing.replace(whitening=None)
    assert dense.probabilities(images, crops=None, dense=True).shape == (3, 4)


def test_unreadable_images_are_an_error(tmp_path):
    for name in CLASSES:
        (tmp_path / name).mkdir()
        (tmp_path / name / "0.png").write_bytes(b"")
    with pytest.raises(ValueError, match="none of 4 images"):
        learn_whitening(model().preprocessing, sa.ImageFolder(tmp_path, on_error="skip"), False)
