"""Test-time views: which crops, scales and whole images are classified, and their averages."""

import numpy as np
import pytest
from PIL import Image
from support import UNPADDED, dataset, labelled_images, photo_folder, tiny_model, unpadded_model

import swiftalexnet as sa
from swiftalexnet._support.arithmetic import Arithmetic
from swiftalexnet.images.decoding import read_image
from swiftalexnet.images.geometry import Geometry, Whole
from swiftalexnet.inference.views import classify_all


def softmax(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits.astype(np.float64))
    return powers / powers.sum(axis=-1, keepdims=True)


def offsets(room: int, side: int) -> list[int]:
    return [int(np.floor(i * room / (side - 1) + 0.5)) for i in range(side)]


def crops_of(model: sa.Model, image: np.ndarray, places: list[tuple[int, int]], mirrored: bool) -> np.ndarray:
    """Return the mean of the crops' softmaxes, computed through the door for tensors."""
    crop, tables = model.preprocessing.crop, []
    for top, left in places:
        window = image[top : top + crop, left : left + crop].astype(np.float32)
        for view in (window, window[:, ::-1]) if mirrored else (window,):
            x = (view - model.preprocessing.mean) * model.preprocessing.scale
            tables.append(softmax(model.forward(x[None], layout="NHWC", keep=False)[0]))
    return np.mean(tables, axis=0)


@pytest.mark.parametrize(("crops", "side", "mirrored"), [(9, 3, False), (50, 5, True)])
@pytest.mark.parametrize("scales", [None, (31,)])
def test_grids_of_squares_and_of_whole_images(crops, side, mirrored, scales):
    model = unpadded_model()
    image = labelled_images(1, side=46)[0][0][:31] if scales else labelled_images(1, side=24)[0][0]
    rows, columns = (offsets(extent - 20, side) for extent in image.shape[:2])
    expected = crops_of(model, image, [(row, column) for row in rows for column in columns], mirrored)
    found = model.probabilities(image, crops, scales=scales)
    np.testing.assert_allclose(found[0], expected, rtol=1e-4, atol=1e-6)


def test_dense_evaluation_averages_the_scores_of_every_position():
    model = unpadded_model()
    image = labelled_images(1, side=45)[0][0][:33]
    size = model.score_map(image, 33).shape
    assert size == (4, 7, 4)
    posteriors = []
    for view in (image, image[:, ::-1]):
        x = (view.astype(np.float32) - model.preprocessing.mean) * model.preprocessing.scale
        windows = np.stack([x[4 * i : 4 * i + 20, 4 * j : 4 * j + 20] for i in range(4) for j in range(7)])
        logits = model.forward(windows, layout="NHWC", keep=False)
        np.testing.assert_allclose(model.score_map(view, 33).reshape(28, 4), logits, rtol=1e-4, atol=1e-4)
        posteriors.append(softmax(logits.mean(axis=0)))
    found = model.probabilities(image, dense=True, scales=[33])
    np.testing.assert_allclose(found[0], np.mean(posteriors, axis=0), rtol=1e-4, atol=1e-6)


def test_crops_and_dense_weigh_the_same_and_so_do_scales():
    model, images = unpadded_model(), list(labelled_images(3, side=40)[0][:, :30])
    parts = [
        model.probabilities(images, crops, dense=dense, scales=[scale])
        for scale in (24, 33)
        for crops, dense in ((10, False), (None, True))
    ]
    found = model.probabilities(images, 10, dense=True, scales=[24, 33])
    np.testing.assert_allclose(found, np.mean(parts, axis=0), rtol=1e-5, atol=1e-7)


def test_without_scales_and_dense_nothing_has_changed():
    """The centre square of side `resize`, bit for bit as the engine has it."""
    model, images = tiny_model(), labelled_images(20, side=23)[0]
    for crops in (1, 10):
        expected = np.empty((20, 4), np.float32)
        model.network.predict_images(images, model.preprocessing.for_engine(), crops, (0, 0, 0), expected)
        assert np.array_equal(model.probabilities(images, crops), expected)
    assert np.array_equal(model.probabilities(images), model.probabilities(images, 1))


def test_default_scale_of_dense_is_the_preprocessings():
    model, image = unpadded_model(), labelled_images(1, side=48)[0][0][:30]
    dense = model.probabilities(image, dense=True)
    assert np.array_equal(dense, model.probabilities(image, dense=True, scales=[24]))
    assert model.score_map(image).shape == (2, 5, 4)  # 24 × 38 pixels


def test_sizes_may_differ_and_every_form_of_input_gives_the_same_result(tmp_path):
    model = unpadded_model()
    images = [image[: 30 + 4 * (number % 3)] for number, image in enumerate(labelled_images(9, side=50)[0])]
    options = {"dense": True, "scales": (24, 30)}
    singles = np.concatenate([model.probabilities(image, **options) for image in images])
    paths = [tmp_path / f"{number}.png" for number in range(9)]
    for path, image in zip(paths, images, strict=True):
        Image.fromarray(image).save(path)
    for way in (images, paths, [Image.fromarray(image) for image in images], [paths[0], *images[1:]]):
        for batch_size in (1, 4, 64):
            found = model.probabilities(way, batch_size=batch_size, **options)
            np.testing.assert_allclose(found, singles, rtol=1e-5, atol=1e-7)


def test_evaluate_is_the_score_of_the_probabilities(tmp_path):
    folder = photo_folder(tmp_path)
    paths = sorted(folder.glob("*/*.png"))
    model, data = unpadded_model(), sa.ImageFolder(folder)
    for options in ({"dense": True}, {"crops": 9, "scales": [20, 27]}, {"crops": 50, "dense": True, "scales": [24]}):
        table = model.probabilities(paths, **options)
        result = model.evaluate(data, **options)
        assert result.top1_error == pytest.approx(100 * (table.argmax(axis=1) != data.labels).mean())
        assert result.loss == pytest.approx(-np.log(table[np.arange(24), data.labels]).mean(), rel=1e-5)


def test_skipped_images_are_left_out_at_every_scale(tmp_path):
    folder = photo_folder(tmp_path)
    whole = unpadded_model().evaluate(sa.ImageFolder(folder), scales=[20, 24])
    (folder / "dark" / "3.png").write_bytes(b"")
    for options in ({"scales": [20, 24]}, {"dense": True}):
        part = unpadded_model().evaluate(sa.ImageFolder(folder, on_error="skip"), **options)
        assert (part.count, part.skipped) == (23, 1)
    assert whole.count == 24
    data = sa.ImageFolder(folder, on_error="skip")
    numbers = np.concatenate([found for found, _ in classify_all(unpadded_model(), data, sa.Views(1), 5)])
    broken = [path.name == "3.png" and path.parent.name == "dark" for path in data.paths].index(True)
    assert numbers.tolist() == [number for number in range(24) if number != broken]


def test_whole_images_keep_their_proportions(tmp_path):
    generator = np.random.default_rng(0)
    for width, height in ((60, 40), (40, 61), (40, 40), (7, 5)):
        pixels = generator.integers(0, 256, (height, width, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / "x.png")
        for short in (5, 20, 40, 55):
            found = read_image(tmp_path / "x.png", Whole(short, 3, "area"))
            factor = short / min(width, height)
            assert found.shape == (int(height * factor + 0.5), int(width * factor + 0.5), 3)
    square = read_image(tmp_path / "x.png", Whole(5, 3, "area"))
    assert np.array_equal(square, pixels)


def test_a_whole_square_image_is_its_own_centre_square(tmp_path):
    image = labelled_images(1, side=61)[0][0]
    Image.fromarray(image).save(tmp_path / "x.png")
    for resample in ("area", "bilinear"):
        square = read_image(tmp_path / "x.png", Geometry(24, 3, resample))
        assert np.array_equal(read_image(tmp_path / "x.png", Whole(24, 3, resample)), square)


def test_a_cache_tells_squares_from_whole_images(tmp_path):
    folder = photo_folder(tmp_path)
    Image.fromarray(labelled_images(1, side=50)[0][0][:31]).save(folder / "dark" / "wide.png")
    data = sa.ImageFolder(folder, cache=True)
    index = [path.name for path in data.paths].index("wide.png")
    for _ in range(2):
        assert data.image(index, Geometry(24, 3, "area")).shape == (24, 24, 3)
        assert data.image(index, Whole(24, 3, "area")).shape == (24, 39, 3)


def test_images_too_long_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 5000)
    Image.new("RGB", (400, 2)).save(tmp_path / "line.png")
    with pytest.raises(ValueError, match=r"line.png .*pixels exceed Pillow's limit"):
        unpadded_model().predict(tmp_path / "line.png", dense=True)


def test_networks_with_other_heads():
    """An adaptive pool stretches small images; local weights, and a dense layer in front, cannot slide."""
    pooled = UNPADDED.replace("dense fc6", "adaptive_average_pool avgpool size=4\ndense fc6")
    model = sa.Model.from_spec(pooled, "torchvision")
    assert model.score_map(labelled_images(1, side=8)[0][0], 8).shape == (1, 1, 4)
    assert model.network.score_map_size(24, 32) == (2, 4)
    local = UNPADDED.replace("dense fc6", "locally_connected local3 outputs=4 kernel=3 stride=1 pad=1,1,1,1\ndense fc6")
    with pytest.raises(sa.UnsupportedError, match="node local3: .* the weights belong to"):
        sa.Model.from_spec(local, "torchvision").predict("missing.png", dense=True, scales=[24])
    flat = sa.Model.from_spec("network flat\ndata channels=3 height=20 width=20\ndense fc1 outputs=4\nsoftmax prob\n")
    with pytest.raises(ValueError, match="predict: dense evaluation: flat begins with a dense layer"):
        flat.predict(labelled_images(1)[0], dense=True)


IMAGE = labelled_images(1, side=30)[0][0]


@pytest.mark.parametrize(
    ("options", "kind", "message"),
    [
        ({"crops": 2}, ValueError, "predict: crops is 2, expected 1, 9, 10, 50 or None"),
        ({"crops": 0}, ValueError, "predict: crops is 0"),
        ({"crops": True}, TypeError, "predict: crops is True, expected an integer"),
        ({"crops": "10"}, TypeError, "predict: crops is '10', expected an integer"),
        ({"dense": 1}, TypeError, "predict: dense is 1, expected True or False"),
        ({"dense": None}, TypeError, "predict: dense is None"),
        ({"scales": 24}, TypeError, "predict: scales is 24, expected a sequence"),
        ({"scales": "24"}, TypeError, "predict: scales is '24'"),
        ({"scales": [24.0]}, TypeError, "predict: a scale is 24.0, expected an integer"),
        ({"scales": []}, ValueError, "predict: scales is"),
        ({"scales": [24, 30, 24]}, ValueError, "each once"),
        ({"scales": [0]}, ValueError, "predict: a scale is 0"),
        ({"scales": [2**16]}, ValueError, "predict: a scale is 65536"),
        ({"scales": [24, 19]}, ValueError, "predict: scale 19 is smaller than the input, expected at least 20 pixels"),
        ({"scales": [19], "dense": True}, ValueError, r"predict: (?!.*predict).*needs 20×20"),
    ],
)
def test_refusals_come_before_any_work(options, kind, message):
    model = unpadded_model()
    with pytest.raises(kind, match=message):
        model.predict("missing.png", **options)
    with pytest.raises(kind, match=message.replace("predict: ", "evaluate: ")):
        model.evaluate(dataset(3), **options)


def test_score_map_takes_one_image():
    model = unpadded_model()
    with pytest.raises(ValueError, match="score_map: got 2 images"):
        model.score_map([IMAGE, IMAGE])
    with pytest.raises(ValueError, match="score_map: a scale is 0"):
        model.score_map(IMAGE, 0)
    with pytest.raises(ValueError, match="^score_map: (?!.*scale).*needs"):
        model.score_map(IMAGE, 12)
    with pytest.raises(TypeError, match="score_map: got NoneType"):
        model.score_map(None)
    assert np.array_equal(model.score_map(IMAGE / 255, value_range=(0, 1)), model.score_map(IMAGE))


def test_views_are_values():
    assert sa.Views(10, scales=[24, 30]) == sa.Views(10, scales=np.array([24, 30])) != sa.Views(10)
    assert hash(sa.Views(dense=True)) == hash(sa.Views(dense=True))
    assert [sa.Views().crop_count, sa.Views(dense=True).crop_count, sa.Views(50, True).crop_count] == [1, 0, 50]
    assert "operation" not in repr(sa.Views(9))


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({}, "centre crop, float32"),
        ({"crops": 10}, "10 crops, float32"),
        ({"dense": True}, "dense, float32"),
        ({"crops": 50, "dense": True, "scales": [256, 384]}, "50 crops and dense at 256, 384 pixels, float32"),
        (
            {"scales": [64], "arithmetic": Arithmetic(1, 1, 1)},
            "centre crop at 64 pixels, bfloat16, int8 weights, fast math",
        ),
    ],
)
def test_text(options, text):
    assert str(sa.Views(**options)) == text
