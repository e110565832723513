"""Scale jitter: sizes and places are uniform, reproducible, and depend only on seed, epoch and index."""

import numpy as np
import pytest
from PIL import Image
from support import photo_folder, tiny_model

import swiftalexnet as sa
from swiftalexnet.data.loader import Loader
from swiftalexnet.data.order import in_order, shuffled, split
from swiftalexnet.images.decoding import image_to_array
from swiftalexnet.images.geometry import Geometry
from swiftalexnet.preprocessing.defaults import default_preprocessing
from swiftalexnet.preprocessing.scale_jitter import ScaleJitter, as_scale

PREPROCESSING = default_preprocessing("paper", 20, 3)


def ramps(width: int = 90, height: int = 60) -> np.ndarray:
    """Return an image whose red encodes the column and whose green encodes the row, from 0 to 240."""
    x, y = np.meshgrid(np.linspace(0, 240, width), np.linspace(0, 240, height))
    return np.stack([x, y, np.zeros_like(x)], axis=-1).astype(np.uint8)


def test_draws_are_fixed_for_ever():
    draws = [ScaleJitter((24, 40), PREPROCESSING, 1, 2)(index) for index in range(3)]
    assert [draw.short for draw in draws] == [35, 24, 27]
    places = [(0.011930819371, 0.775991591508), (0.623820859784, 0.125233469685), (0.855919922250, 0.527659527206)]
    np.testing.assert_allclose([draw.place for draw in draws], places, atol=1e-12)


def test_draws_depend_on_seed_epoch_and_index_only():
    first = ScaleJitter((24, 40), PREPROCESSING, 1, 2)
    backwards = [first(index) for index in reversed(range(20))]
    assert [ScaleJitter((24, 40), PREPROCESSING, 1, 2)(index) for index in range(20)] == backwards[::-1]
    others = [ScaleJitter((24, 40), PREPROCESSING, seed, epoch)(0) for seed, epoch in ((1, 2), (1, 3), (2, 2))]
    assert len({*others, *backwards}) == 22


def test_sizes_and_places_are_even():
    draws = [ScaleJitter((24, 27), PREPROCESSING, 0, 0)(index) for index in range(4000)]
    assert set(np.abs(np.bincount([draw.short for draw in draws], minlength=28)[24:] - 1000) < 120) == {True}
    places = np.array([draw.place for draw in draws])
    assert np.abs(places.mean(axis=0) - 0.5).max() < 0.02 and np.abs(np.corrcoef(places.T)[0, 1]) < 0.05
    counts = np.histogram2d(*places.T, 5)[0]
    assert counts.min() > 110 and counts.max() < 220
    assert all(draw[:3] == (20, 3, "area") and not draw.warp for draw in draws)


def test_crops_reach_every_corner_of_the_whole_image():
    image = Image.fromarray(ramps())
    jitter = ScaleJitter((20, 30), PREPROCESSING, 0, 0)
    crops = [image_to_array(image, jitter(index)) for index in range(300)]
    assert {crop.shape for crop in crops} == {(20, 20, 3)}
    left, right = (np.array([crop[0, column, 0] for crop in crops]) for column in (0, -1))
    top, bottom = (np.array([crop[row, 0, 1] for crop in crops]) for row in (0, -1))
    assert left.min() < 8 and right.max() > 232, "the centre square alone would begin at 40 and end at 200"
    assert top.min() < 8 and bottom.max() > 232
    # At 30 pixels a crop of 20 shows two thirds of the height, at 20 all of it.
    assert (bottom.astype(int) - top).max() > 220 and (bottom.astype(int) - top).min() < 170


def test_without_crop_it_is_the_centre():
    jitter = ScaleJitter((24, 40), PREPROCESSING, 1, 2, crop=False)
    assert {jitter(index).place for index in range(9)} == {(0.5, 0.5)}
    assert {jitter(index).short for index in range(9)} == {
        ScaleJitter((24, 40), PREPROCESSING, 1, 2)(index).short for index in range(9)
    }


def test_warped_images_are_squares():
    jitter = ScaleJitter((20, 20), PREPROCESSING.replace(warp=True), 0, 0)
    crop = image_to_array(Image.fromarray(ramps()), jitter(0))
    assert crop[0, 0, 0] < 10 and crop[0, -1, 0] > 230, "the whole width"


@pytest.mark.parametrize("kind", ["folder", "arrays"])
def test_a_resumed_epoch_sees_the_same_crops(tmp_path, kind):
    data = sa.ImageFolder(photo_folder(tmp_path), cache=True)
    if kind == "arrays":
        images = np.stack([data.image(index, Geometry(31, 3, "area")) for index in range(24)])
        data = sa.ArrayDataset(images, data.labels, data.classes)
    order = shuffled(24, 5, 1)

    def crops(begin: int) -> list[bytes]:
        with Loader(data, split(order[begin:], 4), ScaleJitter((20, 30), PREPROCESSING, 5, 1)) as loader:
            return [image.tobytes() for batch in loader for image in batch.images]

    whole = crops(0)
    assert whole[8:] == crops(8) and len(set(whole)) == 24
    with Loader(data, split(order, 4), ScaleJitter((20, 30), PREPROCESSING, 5, 2)) as loader:
        assert [image.tobytes() for batch in loader for image in batch.images] != whole


def test_the_cache_does_not_grow(tmp_path):
    data = sa.ImageFolder(photo_folder(tmp_path, count=2), cache=True)
    for epoch in range(3):
        with Loader(data, in_order(8, 4), ScaleJitter((20, 30), PREPROCESSING, 0, epoch)) as loader:
            list(loader)
    assert not data._cache
    data.image(0, PREPROCESSING.geometry)
    assert len(data._cache) == 1


def test_jpeg_is_decoded_large_enough(tmp_path):
    x, y = np.meshgrid(np.arange(800), np.arange(640))
    waves = 128 + 60 * np.sin(x / 30) + 60 * np.cos(y / 25)
    Image.fromarray(waves.astype(np.uint8)).convert("RGB").save(tmp_path / "0.jpg", quality=95)
    (tmp_path / "a").mkdir()
    (tmp_path / "0.jpg").rename(tmp_path / "a" / "0.jpg")
    sharp = Geometry(20, 3, "area", short=300, place=(0.9, 0.2))
    with Image.open(tmp_path / "a" / "0.jpg") as image:
        expected = image_to_array(image, sharp)  # no draft: all pixels
    pixels = sa.ImageFolder(tmp_path).image(0, sharp)
    assert np.abs(pixels.astype(int) - expected).max() <= 4


def test_a_mean_image_becomes_the_means_of_its_channels():
    image = np.arange(23 * 23 * 3, dtype=np.float32).reshape(23, 23, 3)
    preprocessing = PREPROCESSING.replace(mean=image, learn_mean=False).with_pixel_mean()
    np.testing.assert_allclose(preprocessing.mean, image.mean(axis=(0, 1), dtype=float))
    assert preprocessing.learn_mean is False
    assert PREPROCESSING.with_pixel_mean().learn_mean == "pixel"
    assert np.array_equal(PREPROCESSING.with_pixel_mean().mean, PREPROCESSING.mean)
    model = tiny_model()
    model.preprocessing = model.preprocessing.with_pixel_mean()
    assert model.preprocessing.mean.shape == (3,)


@pytest.mark.parametrize(
    ("scale", "kind", "message"),
    [
        ((19, 40), ValueError, "low end of scale is 19, expected 20"),
        ((30, 29), ValueError, "high end of scale is 29, expected 30"),
        ((30, 2**16), ValueError, "high end"),
        ((30.5, 40), TypeError, "low end of scale is 30.5"),
        (30, TypeError, "expected \\(low, high\\)"),
        ((30,), TypeError, "expected \\(low, high\\)"),
        ("ab", TypeError, "expected \\(low, high\\)"),
        (None, TypeError, "expected \\(low, high\\)"),
    ],
)
def test_refuses_other_scales(scale, kind, message):
    with pytest.raises(kind, match=f"ScaleJitter: .*{message}"):
        ScaleJitter(scale, PREPROCESSING, 0, 0)
    assert as_scale([20, 20], "test") == (20, 20)
