"""Resizing: OpenCV's filters against their definitions, Pillow's against Pillow, and parts against the whole."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from support import shared_data

from swiftalexnet import _native
from swiftalexnet.images import resampling
from swiftalexnet.images.decoding import array_to_square, image_to_array, read_image
from swiftalexnet.images.geometry import Geometry, Whole

SIZES = [(64, 40), (40, 64), (33, 33), (100, 7), (17, 90), (16, 41)]


def noise(width: int, height: int, channels: int = 3) -> np.ndarray:
    return np.random.default_rng(width * height).integers(0, 256, (height, width, channels), np.uint8)


def average_rows(x: np.ndarray, new: int) -> np.ndarray:
    """Average [length, ...] over `new` equal parts of its first axis, pixels at the borders by their share."""
    step = len(x) / new
    rows = []
    for i in range(new):
        begin, end = i * step, (i + 1) * step
        shares = [max(0.0, min(p + 1, end) - max(p, begin)) for p in range(len(x))]
        rows.append(np.tensordot(shares, x.astype(np.float64), 1) / step)
    return np.stack(rows)


def interpolate_rows(x: np.ndarray, new: int, weigh) -> np.ndarray:
    """Interpolate [length, ...] at `new` places, the edge repeated; `weigh` gives a weight by its distance."""
    rows = []
    for i in range(new):
        centre = (i + 0.5) * len(x) / new - 0.5
        near = range(math.floor(centre) - 1, math.floor(centre) + 3)
        rows.append(sum(weigh(abs(centre - p)) * x[min(max(p, 0), len(x) - 1)].astype(np.float64) for p in near))
    return np.stack(rows)


def linear(distance: float) -> float:
    return max(0.0, 1 - distance)


def cubic(distance: float) -> float:
    """Weigh as OpenCV's documentation of its cubic does: a = −0.75."""
    if distance <= 1:
        return 1.25 * distance**3 - 2.25 * distance**2 + 1
    return -0.75 * (distance**3 - 5 * distance**2 + 8 * distance - 4) if distance < 2 else 0.0


def both_axes(x: np.ndarray, height: int, width: int, resize_rows) -> np.ndarray:
    columns = resize_rows(resize_rows(x, height).swapaxes(0, 1), width)
    return np.clip(columns.swapaxes(0, 1), 0, 255)


def whole_size(width: int, height: int, side: int) -> tuple[int, int]:
    return tuple(math.floor(side * length / min(width, height) + 0.5) for length in (height, width))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("side", [5, 6, 7])
def test_area_is_the_average_over_the_area(size, side):
    image = noise(*size)
    expected = both_axes(image, *whole_size(*size, side), average_rows)
    found = array_to_square(image, Whole(side, 3, "area"))
    assert found.shape == expected.shape and np.abs(found - expected).max() <= 0.501


@pytest.mark.parametrize("size", SIZES)
def test_enlarging_by_area_is_cubic(size):
    image = noise(*size)
    side = min(size) + 9
    expected = both_axes(image, *whole_size(*size, side), lambda x, new: interpolate_rows(x, new, cubic))
    assert np.abs(array_to_square(image, Whole(side, 3, "area")) - expected).max() <= 0.51


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("side", [6, 60])
def test_opencv_bilinear_uses_four_pixels_at_any_scale(size, side):
    image = noise(*size)
    expected = both_axes(image, *whole_size(*size, side), lambda x, new: interpolate_rows(x, new, linear))
    assert np.abs(array_to_square(image, Whole(side, 3, "opencv_bilinear")) - expected).max() <= 0.51


@pytest.mark.parametrize("resample", ["bilinear", "box"])
@pytest.mark.parametrize("size", SIZES[:3])
@pytest.mark.parametrize("side", [12, 70])
def test_the_others_are_pillows(resample, size, side):
    image = Image.fromarray(noise(*size))
    shrinks = side < min(size)
    filters = {"bilinear": "BILINEAR", "box": "BOX" if shrinks else "BICUBIC"}
    longer = side * max(size) / min(size)
    longer = int(longer) if resample == "bilinear" else math.floor(longer + 0.5)  # torchvision cuts off
    new = (longer, side) if size[0] > size[1] else (side, longer)
    expected = np.asarray(image.resize(new, Image.Resampling[filters[resample]]))
    assert np.array_equal(image_to_array(image, Whole(side, 3, resample)), expected)
    left, top = ((length - side) // 2 for length in new)
    square = expected[top : top + side, left : left + side]
    assert np.array_equal(image_to_array(image, Geometry(side, 3, resample)), square)
    assert np.array_equal(array_to_square(np.asarray(image), Geometry(side, 3, resample)), square)


@pytest.mark.parametrize("resample", ["area", "opencv_bilinear"])
@pytest.mark.parametrize("side", [9, 50])
@pytest.mark.parametrize("place", [(0.0, 1.0), (0.5, 0.5), (0.31, 0.77)])
def test_a_part_has_the_bits_of_the_whole(resample, side, place):
    for size in SIZES:
        image = noise(*size)
        whole = array_to_square(image, Whole(side, 3, resample))
        part = array_to_square(image, Geometry(8, 3, resample, side, place))
        rooms = (whole.shape[1] - 8, whole.shape[0] - 8)
        left, top = (max(0, math.ceil(at * (room + 1)) - 1) for at, room in zip(place, rooms, strict=True))
        assert np.array_equal(part, whole[top : top + 8, left : left + 8])


@pytest.mark.parametrize("resample", ["area", "bilinear", "opencv_bilinear", "box"])
def test_warping_resizes_each_side_by_itself(resample):
    image = noise(60, 23)
    square = array_to_square(image, Geometry(30, 3, resample, warp=True))
    if resample == "opencv_bilinear":
        expected = both_axes(image, 30, 30, lambda x, new: interpolate_rows(x, new, linear))
        assert np.abs(square - expected).max() <= 0.51
    assert square.shape == (30, 30, 3)
    assert np.abs(square.mean(axis=(0, 1)) - image.mean(axis=(0, 1))).max() < 8
    flat = np.full((23, 60, 3), 77, np.uint8)
    assert (array_to_square(flat, Geometry(30, 3, resample, warp=True)) == 77).all()


@pytest.mark.parametrize("resample", ["area", "bilinear", "opencv_bilinear", "box"])
@given(width=st.integers(1, 40), height=st.integers(1, 40), side=st.integers(1, 40), level=st.integers(0, 255))
@settings(max_examples=60, deadline=None)
def test_a_uniform_image_stays_uniform(resample, width, height, side, level):
    image = np.full((height, width, 1), level, np.uint8)
    for geometry in (Geometry(side, 1, resample), Whole(side, 1, resample), Geometry(1, 1, resample, side, (0.9, 0.1))):
        assert (array_to_square(image, geometry) == level).all()


@pytest.mark.parametrize("channels", [1, 2, 3, 4, 5, 9])
@pytest.mark.parametrize("resample", ["area", "bilinear", "opencv_bilinear", "box"])
def test_channels_do_not_mix(channels, resample):
    image = noise(30, 20, channels)
    whole = array_to_square(image, Geometry(12, channels, resample))
    for channel in range(channels):
        plane = array_to_square(image[..., channel : channel + 1], Geometry(12, 1, resample))
        assert np.array_equal(whole[..., channel : channel + 1], plane)


@pytest.mark.parametrize("resample", ["area", "opencv_bilinear"])
def test_large_images_are_taken_in_strips(resample, monkeypatch):
    image = Image.fromarray(noise(300, 200))
    expected = [image_to_array(image, geometry) for geometry in (Geometry(64, 3, resample), Whole(90, 3, resample))]
    for strip in (1, 3000, 20_000):
        monkeypatch.setattr(resampling, "_AT_ONCE", 0)
        monkeypatch.setattr(resampling, "_STRIP", strip)
        found = [image_to_array(image, geometry) for geometry in (Geometry(64, 3, resample), Whole(90, 3, resample))]
        assert all(map(np.array_equal, found, expected))


def test_a_very_long_image_is_not_resized_as_a_whole(monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 2_000_000)
    for resample in ("area", "bilinear", "opencv_bilinear", "box"):
        line = Image.new("L", (60_000, 3), 50)
        assert (image_to_array(line, Geometry(256, 1, resample)) == 50).all()
        with pytest.raises(ValueError, match=r"MAX_IMAGE_PIXELS"):
            image_to_array(line, Whole(256, 1, resample))


def test_an_image_of_the_right_size_is_only_cropped():
    image = noise(20, 30)
    assert np.shares_memory(array_to_square(image, Geometry(20, 3, "area")), image)
    assert np.array_equal(array_to_square(image, Geometry(20, 3, "bilinear")), image[5:25])


def test_photographs_follow_the_definition():
    path = shared_data("photos") / "astronaut.png"
    image = np.asarray(Image.open(path).convert("RGB"))[:, :400]
    for side in (100, 256):
        found = array_to_square(image, Whole(side, 3, "area"))
        assert np.abs(found - both_axes(image, *found.shape[:2], average_rows)).max() <= 0.501
    assert read_image(path, Geometry(256, 3, "area")).std() > 20


AXIS = np.zeros(2, np.int32), np.full((2, 3), 1 / 3, np.float32)
PIXELS, OUT = np.full((3, 3, 1), 9, np.uint8), np.empty((2, 2, 1), np.uint8)


@pytest.mark.parametrize(
    ("starts", "weights"),
    [
        ([-1, 0], AXIS[1]),
        ([0, 1], AXIS[1]),
        ([0, 2**31 - 1], AXIS[1]),
        ([-(2**31), 0], AXIS[1]),
        ([0, 0], np.ones((2, 4), np.float32)),
        ([0, 0], np.ones((3, 3), np.float32)),
        ([0, 0], np.ones((1, 3), np.float32)),
    ],
)
def test_the_engine_refuses_weights_beyond_the_image(starts, weights):
    wrong = np.array(starts, np.int32), weights
    for rows, columns in ((wrong, AXIS), (AXIS, wrong)):
        with pytest.raises(ValueError, match="^resample: "):
            _native.resample(PIXELS, *rows, *columns, OUT)


def test_the_engine_clips_to_bytes_for_any_weights():
    for weight, level in ((1e30, 255), (np.inf, 255), (-1, 0), (np.nan, 0), (1.0, 27)):
        _native.resample(PIXELS, *AXIS, AXIS[0], np.full((2, 3), weight, np.float32), OUT)
        assert (level == OUT).all()


@pytest.mark.parametrize(
    ("pixels", "out", "message"),
    [
        (PIXELS[..., 0], OUT, "image has shape"),
        (PIXELS.astype(np.float32), OUT, "image has dtype float32"),
        (PIXELS, OUT[..., 0], "out has shape"),
        (PIXELS, np.empty((2, 3, 1), np.uint8), "out has shape"),
        (PIXELS, np.empty((2, 2, 1), np.float32), "out has dtype float32"),
        (PIXELS, PIXELS[:2, :2].copy()[::-1], "out is not C-contiguous"),
        (PIXELS, np.frombuffer(bytes(4), np.uint8).reshape(2, 2, 1), "out is read-only"),
        (PIXELS, PIXELS.reshape(-1)[:4].reshape(2, 2, 1), "out overlaps image"),
    ],
)
def test_the_engine_refuses_other_arrays(pixels, out, message):
    with pytest.raises((TypeError, ValueError), match=f"^resample: {message}"):
        _native.resample(pixels, *AXIS, *AXIS, out)
