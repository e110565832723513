"""`AlexNetFeatures`, alone and inside scikit-learn's tools."""

import pickle

import numpy as np
import pytest
from support import CLASSES, labelled_images, needs, photo_folder, tiny_model

import swiftalexnet as sa

needs("sklearn")

from sklearn.linear_model import LogisticRegression  # noqa: E402 (after the library was found)
from sklearn.model_selection import GridSearchCV  # noqa: E402
from sklearn.pipeline import make_pipeline  # noqa: E402

IMAGES, LABELS = labelled_images(80)


def features(**parameters):
    return sa.sklearn.AlexNetFeatures(tiny_model(), **parameters)


@pytest.mark.parametrize("layer", ["conv1", "relu2", "fc6"])
def test_they_are_the_models(layer):
    expected = tiny_model().features(IMAGES, [layer])[layer]
    found = features(layer=layer, batch_size=32).fit_transform(IMAGES)
    assert found.dtype == np.float32 and (found == expected.reshape(80, -1)).all()
    for pool in ("avg", "max", "gem"):
        pooled = tiny_model().features(IMAGES, [layer], pool=pool)[layer]
        assert (features(layer=layer, pool=pool).fit_transform(IMAGES) == pooled).all()


def test_the_last_hidden_layer_by_default():
    fitted = features().fit(IMAGES)
    assert fitted.layer_ == "relu6" and fitted.transform(IMAGES[:2]).shape == (2, 24)
    assert fitted.get_feature_names_out().tolist() == [f"relu6_{number}" for number in range(24)]
    maps = sa.sklearn.AlexNetFeatures(tiny_model().up_to("pool1")).fit(IMAGES)
    assert maps.layer_ == "pool1"
    alexnet = sa.alexnet("owt", num_classes=2, image_size=64, initialization="zeros")
    assert sa.sklearn.AlexNetFeatures(alexnet).fit(IMAGES).layer_ == "relu7"


def test_in_a_pipeline():
    test, labels = labelled_images(60, seed=1)
    pipeline = make_pipeline(features(), LogisticRegression(max_iter=1000))
    assert pipeline.fit(IMAGES, LABELS).score(test, labels) > 0.9
    search = GridSearchCV(pipeline, {"alexnetfeatures__layer": ["pool1", "relu6"]}, cv=2)
    assert search.fit(IMAGES, LABELS).score(test, labels) > 0.9


def test_files_and_a_saved_model(tmp_path):
    paths = sorted(photo_folder(tmp_path / "photos", 2).rglob("*.png"))
    model = tiny_model()
    model.save(tmp_path / "model.safetensors")
    found = sa.sklearn.AlexNetFeatures(tmp_path / "model.safetensors", "relu6").fit_transform(paths)
    assert (found == model.features(paths, ["relu6"])["relu6"]).all() and len(found) == 2 * len(CLASSES)


def test_a_table():
    rows = IMAGES.reshape(80, -1)
    fitted = features(image_shape=(23, 23, 3)).fit(rows)
    assert (fitted.transform(rows) == features().fit_transform(IMAGES)).all()
    halves = rows / 510.0
    scaled = features(image_shape=(23, 23, 3), value_range=(0, 0.5)).fit(halves)
    assert (scaled.transform(halves) == fitted.transform(rows)).all()
    assert np.isfinite(scaled.transform(5 * halves)).all()  # what is beyond white is white


def test_pandas_and_pickle():
    pandas = needs("pandas")
    fitted = features().set_output(transform="pandas").fit(IMAGES)
    frame = fitted.transform(IMAGES)
    assert isinstance(frame, pandas.DataFrame) and frame.columns[0] == "relu6_0"
    again = pickle.loads(pickle.dumps(fitted))
    assert again.transform(IMAGES).equals(frame)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"layer": "relu66"}, "relu6"),
        ({"pool": "mean"}, "unknown pool 'mean', expected one of avg, max, gem"),
        ({"batch_size": 0}, "batch_size is 0"),
        ({"layer": 3}, "unknown layer|layer"),
    ],
)
def test_what_does_not_fit_is_refused(parameters, message):
    with pytest.raises((TypeError, ValueError), match=message):
        features(**parameters).fit(IMAGES)
