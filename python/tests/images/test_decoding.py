"""Images of every kind, upright and with correct colours, and files that are not images."""

import contextlib
import io
import os
import threading
import tracemalloc
import warnings

import numpy as np
import pytest
from PIL import Image, ImageOps
from support import shared_data

from swiftalexnet.images import decoding
from swiftalexnet.images.decoding import image_to_array, read_image
from swiftalexnet.images.geometry import Geometry, Whole

RGB = Geometry(16, 3, "area")
GREY = Geometry(16, 1, "area")


@pytest.mark.parametrize("form", ["png", "jpeg", "tiff", "webp"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(tmp_path, form, orientation):
    image = Image.fromarray(QUARTERS)
    image.save(tmp_path / "x", form, exif=oriented(orientation), **({} if form == "png" else {"quality": 100}))
    expected = ImageOps.exif_transpose(Image.open(tmp_path / "x"))
    pixels = read_image(tmp_path / "x", Whole(16, 3, "area"))
    assert pixels.shape == (expected.height, expected.width, 3)
    assert np.abs(pixels.astype(int) - np.asarray(expected.convert("RGB"))).max() <= 2


def oriented(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010F], exif[0x0132] = "maker", "2020:01:01 00:00:00"
    return exif


QUARTERS = np.zeros((16, 24, 3), np.uint8)
QUARTERS[:8, :12], QUARTERS[:8, 12:], QUARTERS[8:, :12] = (255, 0, 0), (0, 255, 0), (0, 0, 255)


def test_strange_exif_is_no_reason_to_refuse_an_image(tmp_path):
    """Whatever Pillow decodes is decoded, and turned as its orientation says where that can be read."""
    buffer = io.BytesIO()
    Image.fromarray(QUARTERS).save(buffer, "jpeg", quality=95, exif=oriented(6))
    whole = buffer.getvalue()
    begin = whole.index(b"Exif\0\0") + 6
    end = begin + int.from_bytes(whole[begin - 8 : begin - 6]) - 8
    generator = np.random.default_rng(0)
    path, turned = tmp_path / "x.jpg", 0
    for _ in range(400):
        content = bytearray(whole)
        for at in generator.integers(begin, end, generator.integers(1, 3)):
            content[at] = generator.integers(256)
        path.write_bytes(content)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's, about the damage
            lies = orientation_of(path) in (5, 6, 7, 8)
            pixels = read_image(path, Whole(16, 3, "area"))
            with Image.open(path) as image:
                assert np.array_equal(image_to_array(image, Whole(16, 3, "area")), pixels)
        assert pixels.shape == ((24, 16, 3) if lies else (16, 24, 3))
        turned += lies
    assert 100 < turned < 400


def orientation_of(path) -> object:
    with contextlib.suppress(Exception):
        return Image.open(path).getexif().get(0x0112)
    return None


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
def test_exif_of_any_type_is_no_reason_to_refuse_an_image():
    for value in (b"", b"Exif\0\0", b"Exif\0\0MM\0*" + b"\xff" * 40, "text", 3, None):
        image = Image.fromarray(QUARTERS)
        image.info["exif"] = value
        assert np.array_equal(image_to_array(image, Whole(16, 3, "area")), QUARTERS)


def test_nothing_of_the_callers_image_changes():
    exif = oriented(6).tobytes()
    image = Image.fromarray(QUARTERS)
    image.info["exif"] = exif
    assert image_to_array(image, Whole(16, 3, "area")).shape == (24, 16, 3)
    assert image.info == {"exif": exif} and np.array_equal(np.asarray(image), QUARTERS)


def test_a_short_side_of_the_square_itself_is_the_centre_square():
    image = Image.fromarray(np.random.default_rng(0).integers(0, 255, (40, 64, 3), np.uint8))
    centre = image_to_array(image, Geometry(16, 3, "area"))
    assert np.array_equal(image_to_array(image, Geometry(16, 3, "area", 16)), centre)


@pytest.mark.parametrize("size", [(64, 40), (40, 64), (30, 9), (16, 50)])
def test_warping_squeezes_the_whole_image(size):
    width, height = size
    x, y = np.meshgrid(np.linspace(0, 240, width), np.linspace(0, 240, height))
    image = Image.fromarray(np.stack([x, y, x], axis=-1).astype(np.uint8))
    square = image_to_array(image, Geometry(16, 3, "area", warp=True)).astype(int)
    ramp = np.linspace(0, 240, 16)
    assert np.abs(square[..., 0] - ramp).max() < 12 and np.abs(square[..., 1] - ramp[:, None]).max() < 14
    inner = image_to_array(image, Geometry(8, 3, "area", 16, (1.0, 0.0), True))
    assert np.abs(inner - square[:8, 8:]).max() <= 1


@pytest.mark.parametrize("place", [(0.1, 0.9), (0.5, 0.5)])
def test_transparent_images_are_cut_at_the_same_place(place):
    generator = np.random.default_rng(0)
    layers = generator.integers(0, 255, (50, 60, 4), np.uint8)
    for side in (20, 70):  # shrinking before compositing, and growing after it
        geometry = Geometry(16, 3, "bilinear", side, place)
        flat = Image.alpha_composite(Image.new("RGBA", (60, 50), (255,) * 4), Image.fromarray(layers)).convert("RGB")
        expected = image_to_array(flat, geometry)
        assert np.abs(image_to_array(Image.fromarray(layers), geometry).astype(int) - expected).max() <= 2


@pytest.mark.parametrize("geometry", [RGB, GREY])
def test_shrinking_before_compositing_gives_the_same(geometry):
    x, y = np.meshgrid(np.arange(60), np.arange(50))
    layers = np.stack([4 * x, 5 * y, 2 * (x + y), 255 * (x > y)], axis=-1).astype(np.uint8)
    image = Image.fromarray(layers)
    white = Image.new("RGBA", image.size, (255, 255, 255, 255))
    expected = image_to_array(Image.alpha_composite(white, image).convert("RGB"), geometry)
    assert np.abs(image_to_array(image, geometry).astype(int) - expected).max() <= 2


def test_sixteen_bits_are_not_widened():
    tracemalloc.start()
    try:
        image_to_array(Image.new("I;16", (1000, 1000), 0x8040), GREY)
        assert tracemalloc.get_traced_memory()[1] < 7_500_000  # a few arrays of two bytes a pixel, none of eight
    finally:
        tracemalloc.stop()


def test_extreme_shape_costs_nothing():
    assert image_to_array(Image.new("L", (60000, 1)), Geometry(256, 1, "area")).shape == (256, 256, 1)


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize("limit", [80_000, 30_000])  # Pillow itself warns above its limit, and refuses above its double
def test_bomb_is_refused_with_the_way_out(tmp_path, monkeypatch, limit):
    Image.new("L", (300, 300)).save(tmp_path / "large.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", limit)
    message = r"large.png.*limit of [368]0000.*raise PIL.Image.MAX_IMAGE_PIXELS"
    with pytest.raises(ValueError, match=message):
        read_image(tmp_path / "large.png", RGB)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 90_000)
    assert read_image(tmp_path / "large.png", RGB).shape == (16, 16, 3)


@pytest.mark.parametrize("content", [b"", b"not an image", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n" + bytes(40)])
def test_broken_file_is_named(tmp_path, content):
    path = tmp_path / "broken.jpg"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"broken.jpg cannot be decoded"):
        read_image(path, RGB)


@pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow's, about the damage
@pytest.mark.parametrize("form", ["png", "jpeg", "gif", "bmp", "tiff", "webp"])
def test_every_truncation_is_an_error_or_an_image(tmp_path, form):
    buffer = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (9, 9, 3), np.uint8)).save(buffer, form)
    whole = buffer.getvalue()
    path = tmp_path / f"cut.{form}"
    refused = 0
    for length in range(0, len(whole), 7):
        path.write_bytes(whole[:length])
        try:
            assert read_image(path, RGB).shape == (16, 16, 3)
        except ValueError as error:
            assert "cut." in str(error)
            refused += 1
    assert refused > 3


def test_pipes_devices_and_dangling_links_do_not_hang(tmp_path):
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "nowhere.jpg").symlink_to(tmp_path / "missing")
    (tmp_path / "zeros.jpg").symlink_to("/dev/zero")
    for name in ("pipe.jpg", "nowhere.jpg", "zeros.jpg"):
        reader = threading.Thread(target=lambda name=name: pytest.raises(OSError, read_image, tmp_path / name, RGB))
        reader.start()
        reader.join(5)
        assert not reader.is_alive(), name
        with pytest.raises(OSError, match=name):
            read_image(tmp_path / name, RGB)


def test_drafts_are_asked_for_and_keep_twice_the_pixels(tmp_path, monkeypatch):
    x, y = np.meshgrid(np.linspace(0, 9, 128), np.linspace(0, 7, 96))
    waves = np.stack([np.sin(x), np.cos(y), np.sin(x + y)], axis=-1)
    path = tmp_path / "large.jpg"
    Image.fromarray((128 + 100 * waves).astype(np.uint8)).save(path, quality=95)
    sizes = []
    original = decoding.image_to_array
    monkeypatch.setattr(decoding, "image_to_array", lambda p, *rest: sizes.append(p.size) or original(p, *rest))
    exact, coarse = read_image(path, RGB), read_image(path, RGB, draft=True)
    read_image(path, Geometry(24, 3, "area"), draft=True)
    read_image(path, Geometry(25, 3, "area"), draft=True)
    assert sizes == [(128, 96), (64, 48), (64, 48), (128, 96)]
    assert 0 < np.abs(exact.astype(int) - coarse).mean() < 2


@pytest.mark.parametrize("size", [(533, 400), (401, 533), (715, 403)])
@pytest.mark.parametrize("orientation", [1, 6])
@pytest.mark.parametrize("place", [0.0, 0.5, 1.0])
def test_drafts_lie_where_exact_images_do(tmp_path, size, orientation, place):
    x, y = np.meshgrid(np.linspace(0, 240, size[0]), np.linspace(0, 240, size[1]))
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(np.stack([x, y, x], axis=-1).astype(np.uint8)).save(tmp_path / "p.jpg", quality=98, exif=exif)
    for geometry in (Geometry(80, 3, "bilinear", 100, (place, place)), Whole(100, 3, "bilinear")):
        exact, coarse = (read_image(tmp_path / "p.jpg", geometry, draft).astype(int) for draft in (False, True))
        assert exact.shape == coarse.shape
        assert np.abs(exact - coarse).mean() < 0.5  # a pixel aside would be 2.4 in one direction or 1.3 in the other


def test_photographs():
    folder = shared_data("photos")
    for name in ("astronaut.png", "coffee.png", "chelsea.png", "rocket.jpg", "camera.png"):
        assert read_image(folder / name, Geometry(256, 3, "area")).std() > 20
    with pytest.raises(ValueError, match="truncated.jpg"):
        read_image(folder / "truncated.jpg", Geometry(256, 3, "area"))
