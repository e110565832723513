"""Preprocessing as a value: the authors' numbers, sizes, JSON."""

import json

import numpy as np
import pytest
from support import tiny_model

import swiftalexnet as sa
from swiftalexnet import _native
from swiftalexnet.images.geometry import Geometry
from swiftalexnet.preprocessing.defaults import default_preprocessing


@pytest.mark.parametrize(("size", "resize"), [(224, 256), (227, 256), (112, 128), (64, 73)])
def test_resize_keeps_the_authors_proportion(size, resize):
    assert default_preprocessing("paper", size, 3).resize == resize


def test_paper_learns_its_mean_and_starts_from_ilsvrc():
    preprocessing = default_preprocessing("paper", 224, 3)
    assert preprocessing.learn_mean and preprocessing.scale is None
    np.testing.assert_allclose(preprocessing.mean, (127.3049, 119.7154, 104.9126))


def test_owt_is_torchvisions():
    preprocessing = default_preprocessing("owt", 224, 3)
    white = (255 - preprocessing.mean) * preprocessing.scale
    np.testing.assert_allclose(white, (1 - np.array((0.485, 0.456, 0.406))) / (0.229, 0.224, 0.225), rtol=1e-6)
    assert not preprocessing.learn_mean and preprocessing.resample == "bilinear"


def test_grey_mean_is_the_grey_of_the_colour_mean():
    assert default_preprocessing("paper", 224, 1).mean == pytest.approx(120.3, abs=0.05)


def test_json_round_trip():
    preprocessing = default_preprocessing("owt", 64, 3)
    again = sa.Preprocessing.from_json(json.loads(json.dumps(preprocessing.to_json())), preprocessing.mean)
    assert repr(again) == repr(preprocessing)
    assert again.scale.tobytes() == preprocessing.scale.tobytes()


@pytest.mark.parametrize(
    ("variant", "size", "resize", "crop"),
    [
        ("chm145", 224, 256, 224),
        ("vgg-D", 224, 256, 224),
        ("vgg-A", 112, 128, 112),
        ("cifar-80sec", 32, 32, 32),
        ("cifar-conv-local-13pct", 24, 32, 24),
        ("d2l", 224, 224, 224),
    ],
)
def test_images_of_other_variants(variant, size, resize, crop):
    preprocessing = default_preprocessing(variant, size, 3)
    assert (preprocessing.resize, preprocessing.crop) == (resize, crop)
    assert bool(preprocessing.learn_mean) == (variant != "d2l")


def test_vgg_subtracts_the_mean_pixel_and_d2l_nothing():
    pixel = default_preprocessing("vgg-E", 224, 3)
    assert pixel.mean == pytest.approx([123.68, 116.779, 103.939]) and pixel.learn_mean == "pixel"
    plain = default_preprocessing("d2l", 224, 1)
    assert plain.mean == 0 and plain.scale == pytest.approx(1 / 255)


def test_what_an_older_version_wrote_loads():
    fields = {"resize": 256, "crop": 224, "resample": "area", "learn_mean": True, "scale": None}
    old = sa.Preprocessing.from_json(fields, np.ones(3))
    assert old.learn_mean is True and not old.warp and old.whitening is None and old.learn_whitening is None
    assert old.mean_at == "center", "as every older version did"
    assert old.geometry == Geometry(256, 3, "box"), "which that version called area"
    assert sa.Preprocessing.from_json(fields | {"resample": "bilinear"}, np.ones(3)).resample == "bilinear"
    del fields["resample"]
    assert sa.Preprocessing.from_json(fields, np.ones(3)).resample == "box"


@pytest.mark.parametrize("resample", ["area", "bilinear", "opencv_bilinear", "box"])
def test_how_a_model_resizes_is_saved(tmp_path, resample):
    model = tiny_model()
    model.preprocessing = model.preprocessing.replace(resample=resample)
    model.save(tmp_path / "m")
    assert sa.load(tmp_path / "m").preprocessing.resample == resample


def test_networks_resize_as_their_authors_did():
    how = {name: default_preprocessing(name, 64, 3).resample for name in sa.variants()}
    assert {name for name in how if how[name] == "opencv_bilinear"} == {"caffe", "caffenet"}
    assert {name for name in how if how[name] == "bilinear"} == {"owt", "d2l"}
    assert set(how.values()) == {"area", "bilinear", "opencv_bilinear"}


def test_warping_is_part_of_the_geometry():
    warped = default_preprocessing("paper", 224, 3).replace(warp=True)
    assert warped.geometry == Geometry(256, 3, "area", None, (0.5, 0.5), True)
    assert "warped" in repr(warped)


def test_caffes_networks_warp_their_images():
    for variant in ("caffe", "caffenet"):
        assert default_preprocessing(variant, 227, 3).warp
    assert not default_preprocessing("paper", 224, 3).warp


def test_the_mean_is_where_its_authors_had_it():
    places = {name: default_preprocessing(name, 64, 3).mean_at for name in sa.variants()}
    at_crop = {name for name, place in places.items() if place == "crop"}
    assert at_crop == {"paper", "one_tower", "caffe", "caffenet"}
    assert set(places.values()) == {"center", "crop"}
    assert default_preprocessing(None, 64, 3).mean_at == "center"


def test_a_mean_at_the_crop_is_subtracted_from_the_whole_image():
    generator = np.random.default_rng(0)
    images = generator.integers(0, 256, (3, 12, 12, 3), np.uint8)
    mean = generator.uniform(0, 255, (12, 12, 3)).astype(np.float32)
    preprocessing = sa.Preprocessing(12, 9, mean, mean_at="crop")
    crops = np.empty((30, 9, 9, 3), np.float32)
    _native.crop_images(images, preprocessing.for_engine(), 10, crops)
    centred = images.astype(np.float32) - mean
    places = ((0, 0), (0, 3), (1, 1), (3, 0), (3, 3))
    views = [centred[:, top : top + 9, left : left + 9] for top, left in places]
    expected = np.stack([*views, *(view[:, :, ::-1] for view in views)], axis=1)
    assert np.array_equal(crops.reshape(expected.shape), expected)
    _native.crop_images(images, preprocessing.replace(mean_at="center").for_engine(), 10, crops)
    corner = images[0, :9, :9].astype(np.float32) - mean[1:10, 1:10]
    assert np.array_equal(crops[0], corner)
    assert "a mean image at the crop" in repr(preprocessing)


def test_the_place_of_the_mean_is_saved(tmp_path):
    for name in ("paper", "chm145"):
        model = sa.alexnet(name, 3, image_size=67)
        model.save(tmp_path / name)
        assert sa.load(tmp_path / name).preprocessing.mean_at == model.preprocessing.mean_at


def test_is_a_value():
    preprocessing = default_preprocessing("paper", 20, 3)
    with pytest.raises(ValueError, match="read-only"):
        preprocessing.mean[0] = 0
    with pytest.raises(AttributeError):
        preprocessing.crop = 3


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"crop": 300}, "resize"),
        ({"crop": 0}, "crop"),
        ({"mean": np.zeros((5, 5, 3))}, "mean has shape"),
        ({"mean": np.full(3, np.nan)}, "not finite"),
        ({"mean": 3.0}, "mean has shape"),
        ({"scale": np.zeros(3)}, "scale"),
        ({"scale": np.ones(2)}, "scale"),
        ({"resample": "nearest"}, "resample"),
        ({"mean_at": "crops"}, "mean_at 'crops'.*did you mean 'crop'"),
        ({"learn_mean": "pixels"}, "learn_mean 'pixels'.*did you mean 'pixel'"),
        ({"learn_mean": None}, "learn_mean None"),
    ],
)
def test_refuses_what_does_not_fit(changes, message):
    with pytest.raises(ValueError, match=message):
        default_preprocessing("paper", 224, 3).replace(**changes)


@pytest.mark.parametrize("value", [10**400, "dark", object(), [[1], [2, 3]]])
def test_refuses_what_is_no_number(value):
    for name in ("mean", "scale"):
        with pytest.raises(TypeError, match=f"Preprocessing: {name} is .*, expected numbers"):
            sa.Preprocessing(20, 20, **{"mean": np.zeros(3), name: value})


def test_refuses_a_mean_that_no_memory_holds():
    with pytest.raises(MemoryError, match="Preprocessing: mean"):
        sa.Preprocessing(20, 20, np.broadcast_to(np.float32(0), (2**40,)))


def test_refuses_a_warp_that_is_no_truth_value():
    with pytest.raises(TypeError, match="Preprocessing: warp is 'yes'"):
        default_preprocessing("paper", 224, 3).replace(warp="yes")
