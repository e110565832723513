"""Prediction: which images are accepted and refused, and that every form of input gives the same result."""

import threading

import numpy as np
import pytest
from PIL import Image
from support import CLASSES, dataset, labelled_images, photo_folder, quick_recipe, tiny_model

import swiftalexnet as sa

IMAGES, LABELS = labelled_images(6, side=23)


@pytest.fixture(scope="module")
def model():
    trained = tiny_model()
    trained.fit(dataset(), epochs=2, recipe=quick_recipe(), progress=False)
    return trained


def test_predictions_are_sorted_and_named(model):
    table = model.probabilities(IMAGES)
    assert table.shape == (6, 4)
    np.testing.assert_allclose(table.sum(axis=1), 1, rtol=1e-5)
    for row, prediction in zip(table, model.predict(IMAGES, top=3), strict=True):
        assert list(prediction.probabilities) == sorted(row, reverse=True)[:3]
        assert prediction.classes == tuple(CLASSES[label] for label in prediction.labels)
        assert "%" in str(prediction)


def test_more_than_there_are_classes(model):
    assert len(model.predict(IMAGES[:1], top=100)[0].labels) == 4


def test_a_model_without_names_uses_numbers():
    assert set(tiny_model().predict(IMAGES[:1])[0].classes) == set("0123")


def test_every_form_of_input_gives_the_same_result(model, tmp_path):
    expected = model.probabilities(IMAGES)
    paths = [tmp_path / f"{number}.png" for number in range(6)]
    for path, image in zip(paths, IMAGES, strict=True):
        Image.fromarray(image).save(path)
    ways = {
        "list of arrays": list(IMAGES),
        "paths": paths,
        "strings": [str(path) for path in paths],
        "Pillow": [Image.fromarray(image) for image in IMAGES],
        "mixed": [paths[0], IMAGES[1], *map(Image.fromarray, IMAGES[2:])],
        "strided": np.repeat(IMAGES, 2, axis=2)[:, :, ::2],
    }
    for name, way in ways.items():
        assert np.array_equal(model.probabilities(way), expected), name
    assert np.array_equal(model.probabilities(IMAGES.transpose(0, 3, 1, 2), layout="NCHW"), expected)
    assert np.array_equal(model.probabilities(IMAGES / 255.0, value_range=(0, 1)), expected)
    assert np.array_equal(model.probabilities(IMAGES, batch_size=1), expected)
    assert np.array_equal(model.probabilities(paths[0])[0], expected[0])
    assert np.array_equal(model.probabilities(IMAGES[0])[0], expected[0])


def test_several_files_are_decoded_on_threads_which_end(model, tmp_path):
    paths = sorted(photo_folder(tmp_path).glob("*/*.png"))
    singles = np.concatenate([model.probabilities(path) for path in paths])
    assert np.array_equal(model.probabilities(paths, batch_size=5), singles)
    paths[7].write_bytes(b"broken")
    with pytest.raises(ValueError, match=paths[7].name):
        model.predict(paths, batch_size=5)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("swiftalexnet-decode")]


def test_grey_images(model):
    grey = IMAGES[..., 0]
    assert np.array_equal(model.probabilities(grey), model.probabilities(np.repeat(grey[..., None], 3, axis=-1)))
    assert np.array_equal(model.probabilities(grey[0])[0], model.probabilities(grey)[0])


def test_different_sizes_in_one_list(model):
    assert len(model.predict([IMAGES[0], labelled_images(1, side=40)[0][0], IMAGES[1][:, :30]])) == 3


def test_ten_crops_average_their_probabilities(model):
    crop, size = model.preprocessing.crop, model.preprocessing.resize
    far, middle = size - crop, (size - crop) // 2
    total = np.zeros((6, 4))
    for top, left in ((0, 0), (0, far), (middle, middle), (far, 0), (far, far)):
        window = IMAGES[:, top : top + crop, left : left + crop]
        for view in (window, window[:, :, ::-1]):
            centred = view.astype(np.float32) - model.preprocessing.mean[middle : middle + crop, middle : middle + crop]
            total += sa.ops.softmax(model.forward(centred, layout="NHWC", keep=False))
    np.testing.assert_allclose(model.probabilities(IMAGES, crops=10), total / 10, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    ("images", "options", "kind", "message"),
    [
        (IMAGES.astype(np.float32), {}, ValueError, "value_range"),
        (IMAGES.astype(np.float32), {"value_range": (0, 1)}, ValueError, "outside"),
        (IMAGES.astype(np.float32), {"value_range": (1, 0)}, ValueError, "black < white"),
        (IMAGES / np.float32("nan"), {"value_range": (0, 1)}, ValueError, "outside"),
        (IMAGES.astype(np.int32), {}, TypeError, "int32"),
        (IMAGES.transpose(0, 3, 1, 2), {}, ValueError, "channels"),
        (IMAGES, {"layout": "NCHW"}, ValueError, "channels"),
        (IMAGES, {"layout": "HWC"}, ValueError, "layout"),
        (IMAGES[None], {}, ValueError, "shape"),
        (IMAGES[:0], {}, ValueError, "shape"),
        (IMAGES[:, :0], {}, ValueError, "shape"),
        (np.ma.masked_array(IMAGES), {}, TypeError, "masked"),
        ([], {}, ValueError, "empty list"),
        ([IMAGES], {}, ValueError, "several"),
        ([3], {}, TypeError, "int"),
        (None, {}, TypeError, "NoneType"),
        (b"image", {}, TypeError, "bytes"),
        ("missing.jpg", {}, OSError, "missing.jpg"),
        ("nul\0.jpg", {}, ValueError, "contains no NUL"),
        (IMAGES, {"crops": 5}, ValueError, "1, 9, 10, 50 or None"),
        (IMAGES, {"crops": "10"}, TypeError, "crops"),
        (IMAGES, {"batch_size": 0}, ValueError, "batch_size"),
    ],
)
def test_refuses_anything_but_images(model, images, options, kind, message):
    with pytest.raises(kind, match=message):
        model.probabilities(images, **options)


@pytest.mark.parametrize(("dtype", "value_range"), [(np.uint8, None), (np.float32, (0, 1))])
def test_broadcast_arrays_are_refused_before_they_are_copied(model, dtype, value_range):
    endless = np.broadcast_to(np.zeros(1, dtype), (10**8, 1000, 1000, 3))
    with pytest.raises(MemoryError, match="predict: .*images"):
        model.probabilities(endless, value_range=value_range)


def test_a_given_range_applies_to_files_and_pillow_images(model, tmp_path):
    grey = np.repeat(IMAGES[0, ..., :1], 3, axis=-1)
    expected = model.probabilities(grey)
    wide = Image.fromarray(grey[..., 0].astype(np.int32) * 7 - 100)
    wide.save(tmp_path / "x.tif")
    fractions = Image.fromarray(grey[..., 0].astype(np.float32) / 255)
    options = {"value_range": (-100, 255 * 7 - 100)}
    for image in (wide, tmp_path / "x.tif", [wide, tmp_path / "x.tif"]):
        with pytest.raises(ValueError, match="value_range"):
            model.predict(image)
        assert np.array_equal(model.probabilities(image, **options)[0], expected[0])
        assert model.predict(image, **options)[0].labels == model.predict(grey)[0].labels
        assert np.array_equal(
            model.features(image, ["fc6"], **options)["fc6"][0], model.features(grey, ["fc6"])["fc6"][0]
        )
    assert np.array_equal(model.probabilities(fractions, value_range=(0, 1)), expected)
    assert np.array_equal(model.probabilities(grey, value_range=(0, 1)), expected), "8 bits have their range"


@pytest.mark.parametrize("dtype", [np.int16, np.uint16, np.int32, np.int64, np.uint64, np.float16, np.float64])
def test_other_numbers_need_a_range(model, dtype):
    expected = model.probabilities(IMAGES)
    with pytest.raises((TypeError, ValueError), match="value_range="):
        model.probabilities(IMAGES.astype(dtype))
    assert np.array_equal(model.probabilities(IMAGES.astype(dtype), value_range=(0, 255)), expected)
    assert np.array_equal(model.probabilities(list(IMAGES.astype(dtype)), value_range=(0, 255)), expected)


def test_refuses_bad_top(model):
    with pytest.raises(ValueError, match="top"):
        model.predict(IMAGES, top=0)


def test_broken_file_is_named(model, tmp_path):
    broken = photo_folder(tmp_path) / "dark" / "0.png"
    broken.write_bytes(broken.read_bytes()[:50])
    with pytest.raises(ValueError, match="0.png"):
        model.predict(broken)


def test_features_have_both_sides_of_the_relu(model):
    found = model.features(IMAGES, ["conv2", "relu2", "fc6", "fc8", "prob"])
    assert found["conv2"].shape == (6, 12, 4, 4) and found["fc6"].shape == (6, 24)
    assert found["conv2"].min() < 0
    assert np.array_equal(found["relu2"], np.maximum(found["conv2"], 0))
    np.testing.assert_allclose(found["prob"], model.probabilities(IMAGES), rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(model.features(IMAGES, ["fc6"], batch_size=4)["fc6"], found["fc6"], rtol=1e-5, atol=1e-5)


def test_every_name_of_the_summary_is_a_feature(model):
    rows = model.summary().rows
    found = model.features(IMAGES, [row.name for row in rows], batch_size=4)
    assert {name: values.shape for name, values in found.items()} == {row.name: (6, *row.output) for row in rows}
    # What the network reads: the tensors' door gives the same logits for it.
    assert np.array_equal(model.forward(found["data"], keep=False), found["fc8"])
    assert np.array_equal(model.features(IMAGES, ["data"])["data"], found["data"])


def test_a_layer_may_be_named_twice(model):
    found = model.features(IMAGES, ["relu2", "fc6", "relu2", "data", "data"])
    assert list(found) == ["relu2", "fc6", "data"]
    model = sa.alexnet("owt", num_classes=2, image_size=63, seed=1)
    found = model.features(IMAGES[:2], ["fc6", "classifier.1", "classifier.0", "drop5", "classifier.3"])
    assert np.array_equal(found["fc6"], found["classifier.1"]) and found["fc6"].shape == (2, 4096)
    assert np.array_equal(found["classifier.0"], found["drop5"]) and found["drop5"].shape == (2, 256, 6, 6)
    assert found["classifier.3"].shape == (2, 4096)


def test_maps_of_one_pixel_are_maps():
    model = sa.vgg("A", num_classes=2, image_size=32, without=("fc6", "fc7"))
    found = model.features(IMAGES[:2], ["conv5_2", "pool5", "fc8"])
    assert {name: values.shape for name, values in found.items()} == {
        "conv5_2": (2, 512, 2, 2),
        "pool5": (2, 512, 1, 1),
        "fc8": (2, 2),
    }
    rows = {row.name: row.output for row in model.summary().rows}
    assert rows["pool5"] == (512, 1, 1) and rows["drop6"] == (512, 1, 1) and rows["prob"] == (2,)
    assert "512 × 1 × 1" in str(model.summary())


@pytest.mark.parametrize(
    ("layers", "kind"), [("fc6", TypeError), ([], TypeError), (["fc66"], ValueError), ([3], ValueError)]
)
def test_features_refuses_bad_layers(model, layers, kind):
    with pytest.raises(kind, match="layer"):
        model.features(IMAGES, layers)
