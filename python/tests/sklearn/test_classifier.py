"""`AlexNetClassifier` on images, files and tables, alone and inside scikit-learn's tools."""

import pickle

import numpy as np
import pytest
from PIL import Image
from support import CLASSES, fingerprint, labelled_images, needs, photo_folder, tiny_model

import swiftalexnet as sa

needs("sklearn")

from sklearn.base import clone  # noqa: E402 (after the library was found)
from sklearn.datasets import load_digits  # noqa: E402
from sklearn.model_selection import GridSearchCV, cross_val_score  # noqa: E402
from sklearn.utils.class_weight import compute_class_weight  # noqa: E402

NAMES = np.array(CLASSES)


def classifier(**parameters):
    quick = {"epochs": 8, "random_state": 0, "batch_size": 16, "image_size": 10}
    return sa.sklearn.AlexNetClassifier(**(quick | parameters))


@pytest.fixture(scope="module")
def images():
    pixels, labels = labelled_images(120)
    return pixels, NAMES[labels]


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = photo_folder(tmp_path_factory.mktemp("files"), 12)
    paths = sorted(folder.rglob("*.png"))
    return [str(path) for path in paths], [path.parent.name for path in paths]


def test_images(images):
    pixels, names = images
    fitted = classifier(image_size=None).fit(pixels, names)
    test, labels = labelled_images(60, seed=1)
    assert fitted.score(test, NAMES[labels]) > 0.9
    assert fitted.classes_.tolist() == sorted(CLASSES) and fitted.model_.classes == tuple(sorted(CLASSES))
    assert fitted.predict_proba(test).shape == (60, 4) and fitted.predict_proba(test).dtype == np.float32
    assert fitted.n_iter_ == len(fitted.history_) == 8 and not hasattr(fitted, "n_features_in_")
    assert fitted.model_.input_shape == (3, 23, 23)


def test_digits_as_a_table():
    rows, digits = load_digits(return_X_y=True)
    fitted = classifier(image_size=None, image_shape=(8, 8), value_range=(0, 16), epochs=12, batch_size=32).fit(
        rows[:700], digits[:700]
    )
    assert fitted.score(rows[1300:], digits[1300:]) > 0.85
    assert fitted.image_shape_ == (8, 8, 1) and fitted.n_features_in_ == 64 and fitted.value_range_ == (0, 16)
    pixels = np.rint(rows[1300:] * (255 / 16)).astype(np.uint8).reshape(-1, 8, 8, 1)
    assert (fitted.predict_proba(rows[1300:]) == fitted.model_.probabilities(pixels)).all()


def test_files_and_a_mix(files):
    paths, names = files
    fitted = classifier(image_size=16, epochs=12).fit(paths, names)
    mixed = [Image.open(paths[0]), np.asarray(Image.open(paths[1])), *paths[2:]]
    assert fitted.score(paths, names) > 0.9
    assert (fitted.predict_proba(mixed) == fitted.predict_proba(np.array(paths))).all()
    assert (
        classifier(image_size=16, epochs=12).fit(mixed, names).predict_proba(paths) == fitted.predict_proba(paths)
    ).all()


@pytest.mark.parametrize("axes", ["grey", "NCHW", "floats"])
def test_arrays_of_other_forms(axes, images):
    pixels, names = images
    given, options = {
        "grey": (pixels[..., 0], {}),
        "NCHW": (pixels.transpose(0, 3, 1, 2), {"layout": "NCHW"}),
        "floats": (pixels / 255, {"value_range": (0, 1)}),
    }[axes]
    fitted = classifier(epochs=2, **options).fit(given, names)
    same = classifier(epochs=2).fit(pixels[..., :1] if axes == "grey" else pixels, names)
    assert (fitted.predict_proba(given) == same.predict_proba(pixels[..., :1] if axes == "grey" else pixels)).all()


def test_the_same_random_state_gives_the_same_bits(images):
    pixels, names = images
    one, two, other = (classifier(epochs=2, random_state=seed).fit(pixels, names) for seed in (5, 5, 6))
    assert fingerprint(one.model_) == fingerprint(two.model_) != fingerprint(other.model_)
    generator = np.random.RandomState(5)
    drawn = classifier(epochs=2, random_state=generator).fit(pixels, names)
    assert fingerprint(drawn.model_) == fingerprint(one.model_)


def test_a_weight_of_two_is_the_image_twice():
    rng = np.random.default_rng(0)
    rows, target, weights = rng.random((30, 25)), rng.integers(0, 3, 30), rng.integers(0, 3, 30)
    whole = {"batch_size": 1000, "epochs": 20}
    weighted = classifier(**whole).fit(rows, target, sample_weight=weights)
    # The same range as with the images whose weight is 0.
    repeated = classifier(**whole, value_range=weighted.value_range_).fit(
        rows.repeat(weights, 0), target.repeat(weights)
    )
    np.testing.assert_allclose(weighted.predict_proba(rows), repeated.predict_proba(rows), atol=1e-5)
    plain = classifier(**whole).fit(rows, target)
    assert np.abs(weighted.predict_proba(rows) - plain.predict_proba(rows)).max() > 1e-3
    equal = classifier(**whole).fit(rows, target, sample_weight=np.full(30, 3.7))
    assert (equal.predict_proba(rows) == plain.predict_proba(rows)).all()


def test_class_weight(images):
    pixels, names = images
    balanced = classifier(epochs=2, class_weight="balanced").fit(pixels, names)
    weights = compute_class_weight("balanced", classes=balanced.classes_, y=names)
    told = classifier(epochs=2, class_weight=dict(zip(balanced.classes_.tolist(), weights, strict=True)))
    np.testing.assert_allclose(balanced.predict_proba(pixels), told.fit(pixels, names).predict_proba(pixels), atol=1e-5)
    none = classifier(epochs=8, class_weight={"dark": 0.0}).fit(pixels, names)
    assert "dark" in names and "dark" not in none.predict(pixels)


def test_in_scikit_learns_tools(images, files):
    pixels, names = images
    search = GridSearchCV(classifier(epochs=4), {"learning_rate": [1e-6, 0.01]}, cv=2).fit(pixels, names)
    assert search.best_params_ == {"learning_rate": 0.01} and search.predict(pixels[:3]).shape == (3,)
    paths, kinds = files
    assert cross_val_score(classifier(image_size=16, epochs=2), paths, kinds, cv=2).shape == (2,)
    copied = clone(search.best_estimator_)
    assert copied.get_params() == search.best_estimator_.get_params() and not hasattr(copied, "model_")


def test_pickle(images):
    fitted = classifier(epochs=1).fit(*images)
    again = pickle.loads(pickle.dumps(fitted))
    assert (again.predict_proba(images[0]) == fitted.predict_proba(images[0])).all()


def test_it_starts_from_a_model(images, tmp_path):
    pixels, names = images
    base = tiny_model(seed=3)
    base.preprocessing = base.preprocessing.replace(learn_mean=False)
    before = fingerprint(base)
    fitted = classifier(model=base, image_size=None, freeze="conv", epochs=1, recipe=quick()).fit(pixels, names)
    assert fingerprint(base) == before
    kept, new = base.state_dict(), fitted.model_.state_dict()
    assert (kept["conv1.weight"] == new["conv1.weight"]).all() and (kept["fc6.weight"] != new["fc6.weight"]).any()
    assert set(fitted.model_.multipliers().values()) == {(1.0, 1.0)}
    base.save(tmp_path / "base.safetensors")
    from_file = classifier(
        model=tmp_path / "base.safetensors", image_size=None, freeze=("conv",), epochs=1, recipe=quick()
    )
    assert fingerprint(from_file.fit(pixels, names).model_) == fingerprint(fitted.model_)
    further = classifier(model=fitted.model_, image_size=None, epochs=1, old_rate=0.0, recipe=quick()).fit(
        pixels, names
    )
    assert fingerprint(further.model_) == fingerprint(fitted.model_)  # the same classes: no layer is new


def quick():
    return sa.recipe("paper", schedule=sa.ConstantSchedule(), learning_rate=0.002)


def test_another_network_by_name(images):
    fitted = classifier(variant="80sec", epochs=1)
    with pytest.raises(ValueError, match="unknown network '80sec'"):
        fitted.fit(*images)
    fitted.set_params(variant="cifar-80sec", image_size=16).fit(*images)
    assert fitted.model_.variant == "cifar-80sec" and fitted.model_.input_shape == (3, 16, 16)


def test_a_table_and_images_are_not_confused(images):
    pixels, names = images
    of_images = classifier(epochs=1).fit(pixels, names)
    with pytest.raises(ValueError, match="X is a table, but fit had images"):
        of_images.predict(pixels.reshape(len(pixels), -1))
    of_rows = classifier(epochs=1, image_size=None, image_shape=(23, 23, 3)).fit(pixels.reshape(len(pixels), -1), names)
    assert of_rows.value_range_ == (0, 255) and of_rows.model_.input_shape == (3, 23, 23)
    with pytest.raises(ValueError, match="X is images, but fit had a table"):
        of_rows.predict(pixels)
    refitted = of_rows.fit(pixels, names)
    assert not hasattr(refitted, "n_features_in_") and refitted.predict(pixels).shape == (120,)


@pytest.mark.parametrize(
    ("parameters", "given", "kind", "message"),
    [
        ({"image_shape": (9, 9)}, {}, ValueError, r"image_shape \(9, 9\) has 81 values, X 64 features"),
        ({"image_shape": 8}, {}, TypeError, "image_shape is 8, expected"),
        ({"image_shape": (8.0, 8)}, {}, TypeError, "image_shape is 8.0, expected an integer"),
        ({"value_range": (1, 0)}, {}, ValueError, "black < white"),
        (
            {"model": 3, "image_size": None},
            {},
            TypeError,
            "model is 3, expected a Model, the path of a model file, or a name",
        ),
        ({"model": "missing.safetensors", "image_size": None}, {}, OSError, "missing"),
        ({"model": "x", "variant": "paper"}, {}, ValueError, "variant cannot be used with model"),
        ({"recipe": "papr"}, {}, ValueError, "did you mean 'paper'"),
        ({"recipe": 3}, {}, TypeError, "recipe is 3"),
        ({"recipe": "paper"}, {}, ValueError, "depends on the validation error"),
        ({"epochs": -1}, {}, ValueError, "epochs"),
        ({"learning_rate": float("nan")}, {}, ValueError, "learning_rate"),
        ({"class_weight": "balance"}, {}, ValueError, "class_weight"),
        (
            {"class_weight": {0: 2.0, 3: 2.0}},
            {},
            ValueError,
            r"class_weight names the unknown class 3, expected one of \[0, 1\]",
        ),
        ({"class_weight": {0: -1.0}}, {}, ValueError, r"class_weight\[0\] is -1"),
        ({"class_weight": {0: 0.0, 1: 0.0}}, {}, ValueError, "weights of all images are zero"),
        ({"precision": "half"}, {}, ValueError, "precision"),
        ({"random_state": "x"}, {}, ValueError, "seed"),
        ({}, {"sample_weight": [1, 2]}, ValueError, "sample_weight has shape"),
        ({}, {"sample_weight": [-1] * 6}, ValueError, "sample_weight"),
        ({}, {"y": [0, 1]}, ValueError, "inconsistent numbers of samples"),
        ({}, {"y": [0.5, 1.7, 2.2, 3, 4, 5]}, ValueError, "Unknown label type"),
        ({}, {"X": "a.jpg"}, TypeError, "X is one image, 'a.jpg', expected several"),
        ({}, {"X": ["missing.jpg"] * 6}, OSError, "missing.jpg"),
        ({}, {"X": []}, ValueError, "Found array with 0 sample|Expected 2D array"),
        ({}, {"X": np.zeros((6, 5, 5))}, TypeError, "expected uint8"),
        ({}, {"X": np.zeros((6, 3, 32, 32), np.uint8)}, ValueError, "layout"),
    ],
)
def test_what_does_not_fit_is_refused(parameters, given, kind, message):
    arguments = {"X": np.random.default_rng(0).random((6, 64)), "y": [0, 1, 0, 1, 0, 1]} | given
    with pytest.raises(kind, match=message):
        classifier(**parameters).fit(**arguments)


def test_it_is_quiet(images, capfd):
    classifier(epochs=1).fit(*images)
    assert capfd.readouterr() == ("", "")
    classifier(epochs=1, verbose=True).fit(*images)
    assert "train loss" in "".join(capfd.readouterr())
