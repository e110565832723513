"""A model in eight bits: what is rounded, what images give, and what is refused."""

import warnings

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from support import CLASSES, dataset, fingerprint, labelled_images, photo_folder, quick_recipe, tiny_model

import swiftalexnet as sa
from swiftalexnet.network.rounded_weights import integers_of, rounded_parameters

IMAGES, LABELS = labelled_images(24)


@pytest.fixture(scope="module")
def trained():
    model = tiny_model()
    model.fit(dataset(200), epochs=12, recipe=quick_recipe(), progress=False)
    return model


@pytest.mark.parametrize("method", ["percentile", "mse"])
def test_the_answers_stay(trained, method):
    data = dataset(200, seed=5)
    model = trained.quantize(IMAGES, method)
    before, after = trained.probabilities(data.images), model.probabilities(data.images)
    assert np.mean(before.argmax(1) == np.asarray(data.labels)) > 0.8
    assert np.mean(before.argmax(1) == after.argmax(1)) >= 0.98
    assert np.abs(before - after).max() < 0.1


def test_the_original_does_not_change(trained):
    before, answers = fingerprint(trained), trained.probabilities(IMAGES)
    model = trained.quantize(IMAGES)
    assert trained.quantization is None and fingerprint(trained) == before != fingerprint(model)
    assert_array_equal(trained.probabilities(IMAGES), answers)
    assert model.classes == trained.classes and model.spec == trained.spec and model.variant == trained.variant
    assert model.preprocessing is trained.preprocessing and model.known_answers is None


def test_weights_are_integers_times_scales_and_the_rest_is_as_it_was(trained):
    model = trained.quantize(IMAGES)
    rounded = rounded_parameters(model.network)
    assert list(model.quantization.weights) == rounded
    for name, weight in model.parameters().items():
        if name in rounded:
            scales = model.quantization.weights[name]
            own = trained.parameters()[name]
            assert integers_of(name, weight, scales).any() and not np.array_equal(weight, own)
            assert (np.abs(weight - own) <= 0.5001 * scales.reshape(-1, *[1] * (own.ndim - 1))).all()
        else:
            assert_array_equal(weight, trained.parameters()[name])


def test_ranges_are_of_the_rounded_weights_and_hold_zero(trained):
    model = trained.quantize(IMAGES, "percentile", percentile=100)
    assert list(model.quantization.activations) == [name for name, *_ in model.network.nodes()]
    outputs = model.features(IMAGES, ["data", "norm1", "relu6"], precision="float32")
    for name, values in outputs.items():
        low, high = model.quantization.activations[name].range
        step = model.quantization.activations[name].scale
        assert low == pytest.approx(min(values.min(), 0), abs=step)
        assert high == pytest.approx(values.max(), abs=step)
    assert model.quantization.activations["relu6"].zero_point == 0


def test_it_says_how_it_was_made(trained):
    assert trained.quantize(IMAGES, percentile=99).quantization.method == "percentile 99"
    found = trained.quantize(dataset(30), "mse").quantization
    assert (found.method, found.images) == ("mse", 30)


def test_a_quantised_model_keeps_its_weights_and_gets_new_ranges(trained):
    first = trained.quantize(IMAGES)
    second = first.quantize(IMAGES[:18] // 2)
    assert fingerprint(first) == fingerprint(second)
    for name, scales in first.quantization.weights.items():
        assert_array_equal(second.quantization.weights[name], scales)
    assert first.quantization.activations["relu1"] != second.quantization.activations["relu1"]


def test_images_of_all_kinds(trained, tmp_path):
    folder = photo_folder(tmp_path / "photos")
    paths = sorted(folder.glob("*/*.png"))
    for images in (folder, paths, sa.ImageFolder(folder), list(IMAGES), sa.ArrayDataset(IMAGES, LABELS, CLASSES)):
        assert trained.quantize(images).quantization.images == 24
    floats = IMAGES.transpose(0, 3, 1, 2) / np.float32(255)
    model = trained.quantize(floats, layout="NCHW", value_range=(0, 1))
    assert model.quantization.activations == trained.quantize(IMAGES).quantization.activations


# ---- Bad input ----


@pytest.mark.parametrize("images", [[], np.zeros((0, 23, 23, 3), np.uint8)])
def test_no_images_are_refused(trained, images):
    with pytest.raises(ValueError, match="quantize: "):
        trained.quantize(images)


def test_an_iterator_is_refused(trained):
    with pytest.raises(TypeError, match="quantize: images is .*, expected images that can be read twice"):
        trained.quantize(iter(IMAGES))


def test_few_images_are_enough_with_a_warning(trained):
    with pytest.warns(UserWarning, match="quantize: 1 image, whose ranges say little") as caught:
        model = trained.quantize(IMAGES[0])
    assert model.quantization.images == 1 and caught[0].filename == __file__
    with pytest.warns(UserWarning, match="quantize: 15 images"):
        trained.quantize(IMAGES[:15])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        trained.quantize(IMAGES[:16])


@pytest.mark.parametrize("method", ["percentile", "mse"])
@pytest.mark.parametrize("value", [0, 255])
def test_constant_images_are_enough(trained, method, value):
    model = trained.quantize(np.full((16, 23, 23, 3), value, np.uint8), method)
    assert np.isfinite(model.probabilities(IMAGES)).all()


def test_a_network_of_zeros():
    model = tiny_model()
    for array in model.parameters().values():
        array[...] = 0
    rounded = model.quantize(IMAGES)
    assert_array_equal(rounded.probabilities(IMAGES), model.probabilities(IMAGES))


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_weights_that_are_not_finite_are_refused(bad):
    model = tiny_model()
    model.parameters()["fc6.weight"][1, 2] = bad
    with pytest.raises(sa.NonFiniteError, match=r"quantize: .*fc6\.weight"):
        model.quantize(IMAGES)


@pytest.mark.parametrize("method", ["max", "", 1])
def test_unknown_methods_are_refused(trained, method):
    with pytest.raises(ValueError, match="quantize: unknown method .*, expected one of percentile, mse"):
        trained.quantize(IMAGES, method)


@pytest.mark.parametrize("percentile", [50, 0, -1, 100.1, np.nan, np.inf, "99", True])
def test_percentiles_out_of_range_are_refused(trained, percentile):
    with pytest.raises((TypeError, ValueError), match="quantize: percentile is"):
        trained.quantize(IMAGES, "percentile", percentile=percentile)


def test_a_percentile_without_its_method_is_refused(trained):
    with pytest.raises(ValueError, match="quantize: percentile is 99 with method 'mse', which has none"):
        trained.quantize(IMAGES, "mse", percentile=99)


@pytest.mark.parametrize("words", [{"progress": "yes"}, {"batch_size": 0}, {"batch_size": "many"}])
def test_other_words_are_refused(trained, words):
    with pytest.raises((TypeError, ValueError), match="quantize: "):
        trained.quantize(IMAGES, **words)


def test_an_image_that_cannot_be_read_is_an_error(trained, tmp_path):
    folder = photo_folder(tmp_path / "photos")
    (folder / "dark" / "0.png").write_bytes(b"broken")
    with pytest.raises(ValueError, match=r"0\.png"):
        trained.quantize(folder)
    with pytest.raises(OSError, match="missing"):
        trained.quantize([folder / "missing.png"])


def test_a_layer_that_has_no_integers_stays_in_float32():
    spec = (
        "network n\ndata channels=3 height=20 width=20\nconvolution conv1 outputs=4 kernel=5 stride=2 pad=0,0,0,0 "
        "groups=1\ntanh tanh1\nlocally_connected local2 outputs=3 kernel=3 stride=1 pad=0,0,0,0\nrelu relu2\n"
        "dense fc3 outputs=4\nsoftmax prob\n"
    )
    original = sa.Model.from_spec(spec, "torchvision", 0)
    model = original.quantize(IMAGES)
    assert_array_equal(model.parameters()["local2.weight"], original.parameters()["local2.weight"])
    details = {row.name: row.detail for row in model.summary().rows}
    assert all(details[name].endswith("int8") for name in ("conv1", "fc3"))
    assert all(details[name].endswith("float32") for name in ("tanh1", "local2"))
    near = original.probabilities(IMAGES)
    assert np.abs(model.probabilities(IMAGES) - near).max() < 0.05
