"""`fit` with weights of classes and of images."""

import numpy as np
import pytest
from interrupted_fit import CountedNetwork, Enough
from support import CLASSES, dataset, fingerprint, fit, labelled_images, photo_folder, quick_recipe, tiny_model

import swiftalexnet as sa
from swiftalexnet.training.image_weights import image_weights

LABELS = np.array([0, 0, 0, 1, 1, 3])
IMAGES = labelled_images(6)[0]


def weights_of(class_weight=None, sample_weight=None, classes=CLASSES):
    return image_weights(sa.ArrayDataset(IMAGES, LABELS, classes), 4, class_weight, sample_weight).values


def test_no_weights():
    assert weights_of() is None


def test_balanced_is_scikit_learns():
    values = weights_of("balanced")
    np.testing.assert_allclose(values, np.array([6 / 9] * 3 + [1, 1] + [2]), rtol=1e-7)
    utils = pytest.importorskip("sklearn.utils", reason="scikit-learn is missing")
    np.testing.assert_allclose(values, utils.compute_sample_weight("balanced", LABELS), rtol=1e-7)


def test_balanced_counts_an_image_as_often_as_its_weight():
    values = weights_of("balanced", [2, 1, 0, 1, 1, 4])
    assert np.bincount(LABELS, values).tolist() == pytest.approx([3, 3, 0, 3])


def test_classes_by_name_and_index():
    assert weights_of({"dark": 2, 0: 0.5, np.int64(2): 9}).tolist() == [0.5, 0.5, 0.5, 2, 2, 1]
    assert weights_of({1: 2}, [1, 0, 3, 1, 2, 1], classes=None).tolist() == [1, 0, 3, 2, 4, 1]


@pytest.mark.parametrize(
    ("given", "kind", "message"),
    [
        (
            {"class_weight": {"drak": 2}},
            ValueError,
            "unknown class 'drak', expected one of bright, dark, low, top; did",
        ),
        ({"class_weight": {4: 2}}, ValueError, "a class of class_weight is 4, expected 0 to 3"),
        ({"class_weight": {-1: 2}}, ValueError, "is -1, expected 0 to 3"),
        ({"class_weight": {1.0: 2}}, TypeError, "a class of class_weight is 1.0, expected an integer"),
        ({"class_weight": {"dark": 1, 1: 2}}, ValueError, "names class 1 twice"),
        ({"class_weight": {"dark": -1}}, ValueError, r"class_weight\['dark'\] is -1, expected a finite number"),
        ({"class_weight": {"dark": np.nan}}, ValueError, "expected a finite number"),
        ({"class_weight": {"dark": "2"}}, TypeError, "expected a number"),
        ({"class_weight": {"dark": 1e39}}, ValueError, r"class_weight × sample_weight\[\d+\] is 1e\+39"),
        ({"class_weight": "balance"}, ValueError, "expected 'balanced'"),
        ({"class_weight": [1, 2, 3, 4]}, TypeError, "expected 'balanced' or"),
        ({"class_weight": dict.fromkeys(CLASSES, 0)}, ValueError, "weights of all images are zero"),
        ({"sample_weight": np.full(60, 1 + 2j)}, TypeError, "expected numbers"),
        ({"sample_weight": np.zeros(60)}, ValueError, "weights of all images are zero"),
        ({"sample_weight": np.zeros(60), "class_weight": "balanced"}, ValueError, "weights of all images are zero"),
        ({"sample_weight": [1, 2]}, ValueError, r"fit: sample_weight has shape \(2,\), expected \(60,\)"),
        ({"sample_weight": [-1] * 60}, ValueError, r"sample_weight\[0\] is -1"),
        ({"sample_weight": [np.inf] * 60}, ValueError, "not finite"),
        ({"sample_weight": "balanced"}, TypeError, "expected numbers"),
    ],
)
def test_weights_that_do_not_fit_are_refused_before_any_work(given, kind, message):
    model = tiny_model()
    before = fingerprint(model)
    with pytest.raises(kind, match=message):
        fit(model, **given)
    assert fingerprint(model) == before and model.preprocessing.learn_mean


def test_classes_without_names_have_no_names():
    with pytest.raises(ValueError, match="classes have no names: use indices"):
        fit(tiny_model(), sa.ArrayDataset(*labelled_images(20)), class_weight={"dark": 2})


def test_equal_weights_change_no_bit():
    models = [tiny_model() for _ in range(3)]
    options = {}, {"class_weight": dict.fromkeys(CLASSES, 0.3)}, {"sample_weight": [7] * 60}
    histories = [fit(model, **each) for model, each in zip(models, options, strict=True)]
    assert len({fingerprint(model) for model in models}) == 1
    losses = [history.column("train_loss") for history in histories]
    assert losses[1] == pytest.approx(losses[0], rel=1e-12) and losses[2] == pytest.approx(losses[0], rel=1e-12)


def test_a_class_without_weight_is_not_learned():
    model = tiny_model()
    fit(model, dataset(200), epochs=10, recipe=quick_recipe(learning_rate=0.005), class_weight={"dark": 0})
    images, labels = labelled_images(100, seed=3)
    found = model.probabilities(images).argmax(1)
    assert not (found == 1).any() and (found == labels)[labels != 1].mean() > 0.9


def test_rare_classes_are_found_when_balanced():
    images, labels = labelled_images(400)
    kept = np.flatnonzero((labels != 1) | (np.cumsum(labels == 1) <= 4))
    data = sa.ArrayDataset(images[kept], labels[kept], CLASSES)
    test_images, test_labels = labelled_images(100, seed=3)
    share = []
    for class_weight in (None, "balanced"):
        model = tiny_model()
        fit(model, data, epochs=2, recipe=quick_recipe(learning_rate=0.002), class_weight=class_weight)
        share.append(model.probabilities(test_images)[test_labels == 1, 1].mean())
    assert share[1] > share[0]


def test_train_loss_is_the_mean_by_weights():
    weights = np.random.default_rng(1).integers(0, 4, 60).astype(float)
    seen = []

    class Spy(CountedNetwork):
        def train_step_images(self, images, labels, preprocessing, augmentation, options):
            outcome = super().train_step_images(images, labels, preprocessing, augmentation, options)
            seen.append((outcome[0], options.sample_weight.sum(), outcome[1], len(images)))
            return outcome

    model = tiny_model()
    model._network = Spy(model.network, 99)
    row = fit(model, dataset(60), epochs=1, sample_weight=weights)[0]
    losses, totals, errors, counts = np.array(seen).T
    assert totals.sum() == weights.sum() and counts.sum() == 60
    assert row["train_loss"] == pytest.approx((losses * totals).sum() / totals.sum())
    assert row["train_top1_error"] == pytest.approx((errors * counts).sum() / 60)


def test_weights_follow_the_images_when_some_are_left_out(tmp_path):
    folder = photo_folder(tmp_path)
    (folder / "dark" / "0.png").write_bytes(b"no image")
    data = sa.ImageFolder(folder, on_error="skip")
    weights = 1.0 + np.arange(len(data))
    told = []

    class Spy(CountedNetwork):
        def train_step_images(self, images, labels, preprocessing, augmentation, options):
            told.extend(zip(options.sample_weight.tolist(), labels.tolist(), strict=True))
            return super().train_step_images(images, labels, preprocessing, augmentation, options)

    model = tiny_model()
    model._network = Spy(model.network, 99)
    with pytest.warns(UserWarning, match="1 broken"):
        fit(model, data, epochs=1, sample_weight=weights)
    broken = [name.endswith(b"dark/0.png") for name in data.file_names].index(True)
    expected = [(weights[index], data.labels[index]) for index in range(24) if index != broken]
    assert sorted(told) == expected
    only = np.zeros(len(data))
    only[broken] = 1
    with pytest.raises(ValueError, match="none of the images of 24 with a weight above 0 could be read"):
        fit(tiny_model(), data, epochs=1, sample_weight=only)


@pytest.mark.parametrize("step", [1, 2, 5])
def test_resume_gives_the_same_bits(step, tmp_path):
    weights = {"class_weight": {"low": 3}, "sample_weight": np.arange(60) % 5}
    straight, stopped, resumed = tiny_model(), tiny_model(), tiny_model(seed=9)
    rows = fit(straight, **weights).rows
    stopped._network = CountedNetwork(stopped.network, step)
    with pytest.raises(Enough):
        fit(stopped, checkpoint=tmp_path, checkpoint_every=1, **weights)
    history = fit(resumed, checkpoint=tmp_path, resume=True, **weights)
    assert fingerprint(resumed) == fingerprint(straight)
    assert history.column("train_loss") == [row["train_loss"] for row in rows]


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ({}, "with class_weight {'2': 3.0}, this run has None"),
        ({"class_weight": "balanced"}, "class_weight {'2': 3.0}, this run has balanced"),
        ({"class_weight": {2: 4}}, "class_weight {'2': 3.0}, this run has {'2': 4.0}"),
        ({"class_weight": {"low": 3}, "sample_weight": [1] * 60}, "sample_weight .SHA-256. None, this run has"),
    ],
)
def test_a_run_with_other_weights_is_another_run(other, message, tmp_path):
    fit(tiny_model(), checkpoint=tmp_path, epochs=1, class_weight={"low": 3})
    with pytest.raises(ValueError, match=message):
        fit(tiny_model(), checkpoint=tmp_path, epochs=1, resume=True, **other)


def test_the_same_weights_with_features_of_the_frozen_part():
    results = []
    for cache in (False, True):
        model = tiny_model()
        model.freeze("conv")
        recipe = quick_recipe(crop=False, color_noise=0.0)
        weights = {"class_weight": {"low": 3, "top": 0}, "sample_weight": np.arange(60) % 4}
        row = fit(model, recipe=recipe, cache_features=cache, **weights)[-1]
        results.append((fingerprint(model), row["train_loss"], row["train_top1_error"]))
    assert results[0] == results[1]
