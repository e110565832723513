"""All Pillow modes, in memory and from files: correct colours, transparency over white, no guessed range."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

import swiftalexnet as sa
from swiftalexnet.images.decoding import image_to_array, read_image
from swiftalexnet.images.geometry import Geometry

RGB = Geometry(16, 3, "area")
GREY = Geometry(16, 1, "area")
COLOR = (200, 100, 50)
LUMA = 124  # of that colour: ITU-R 601-2


def filled(mode: str, color) -> Image.Image:
    return Image.new(mode, (40, 24), color)


def palette(**info) -> Image.Image:
    """Return an image of a palette whose first colour is COLOR and whose second is black; all pixels have the first."""
    image = Image.new("P", (40, 24), 0)
    image.putpalette([*COLOR, 0, 0, 0])
    image.info |= info
    return image


def with_palette_of_four_bands(alpha: int) -> Image.Image:
    image = Image.new("P", (40, 24), 0)
    image.putpalette([*COLOR, alpha], "RGBA")
    return image


def converted(mode: str) -> Image.Image:
    return filled("RGBA", (*COLOR, 128)).convert(mode)


HALF = tuple((each + 255) // 2 for each in COLOR)
MODES = {
    "1": (filled("1", 1), (255, 255, 255)),
    "L": (filled("L", 77), (77, 77, 77)),
    "LA, opaque": (filled("LA", (77, 255)), (77, 77, 77)),
    "LA, transparent": (filled("LA", (10, 0)), (255, 255, 255)),
    "La": (filled("LA", (55, 128)).convert("La"), (155, 155, 155)),
    "P": (palette(), COLOR),
    "P, a number": (palette(transparency=0), (255, 255, 255)),
    "P, another number": (palette(transparency=1), COLOR),
    "P, bytes": (palette(transparency=b"\x80"), HALF),
    "P, four bands": (with_palette_of_four_bands(0), (255, 255, 255)),
    "P, four bands, opaque": (with_palette_of_four_bands(255), COLOR),
    "PA": (palette(transparency=b"\x80").convert("PA"), HALF),
    "RGB": (filled("RGB", COLOR), COLOR),
    "RGBX": (filled("RGBX", (*COLOR, 0)), COLOR),
    "RGBA, opaque": (filled("RGBA", (*COLOR, 255)), COLOR),
    "RGBA, transparent": (filled("RGBA", (*COLOR, 0)), (255, 255, 255)),
    "RGBA, half": (filled("RGBA", (*COLOR, 128)), HALF),
    "RGBa": (filled("RGBA", (*COLOR, 128)).convert("RGBa"), HALF),
    "CMYK": (filled("CMYK", (55, 155, 205, 0)), COLOR),
    "YCbCr": (filled("RGB", COLOR).convert("YCbCr"), COLOR),
    "HSV": (filled("RGB", COLOR).convert("HSV"), COLOR),
    "LAB": (filled("LAB", (128, 128, 128)), (119, 119, 119)),  # L* = 50.2; a and b of 0 are stored as 128
    "I;16": (filled("I;16", 0x8040), (128, 128, 128)),
    "I;16B": (Image.frombytes("I;16B", (40, 24), b"\x80\x40" * 960), (128, 128, 128)),
    "I;16L": (Image.frombytes("I;16L", (40, 24), b"\x40\x80" * 960), (128, 128, 128)),
}


@pytest.mark.parametrize("name", MODES)
def test_every_mode_has_its_colour(name):
    image, expected = MODES[name]
    pixels = image_to_array(image, RGB)
    assert pixels.shape == (16, 16, 3) and pixels.dtype == np.uint8
    assert np.abs(pixels.astype(int) - expected).max() <= 2, pixels[0, 0]
    grey = image_to_array(image, GREY)
    luma = np.dot(expected, (0.299, 0.587, 0.114))
    assert grey.shape == (16, 16, 1) and np.abs(grey - luma).max() <= 2.5


def test_no_mode_is_forgotten():
    tested = {image.mode for image, _ in MODES.values()} | {"I", "F", "I;16N"}
    assert set(Image.MODES) <= tested


@pytest.mark.parametrize("mode", ["I", "F"])
def test_modes_without_a_range_are_refused_or_get_one(mode):
    image = filled(mode, 300)
    for level in (0, 200, 255, 70_000):
        with pytest.raises(ValueError, match=rf"mode {mode} have no known range: value_range="):
            image_to_array(filled(mode, level), RGB)
    assert (image_to_array(image, RGB, value_range=(0.0, 600.0)) == 128).all()
    assert (image_to_array(filled(mode, -300), GREY, value_range=(-300.0, 600.0)) == 0).all()
    with pytest.raises(ValueError, match="outside value_range"):
        image_to_array(image, RGB, value_range=(0.0, 255.0))


@pytest.mark.parametrize("mode", ["I;16", "I;16B", "I;16L"])
def test_a_range_may_be_said_of_sixteen_bits(mode):
    order = ">u2" if mode.endswith("B") else "<u2"
    image = Image.frombytes(mode, (40, 24), np.full(960, 4095, order).tobytes())
    assert (image_to_array(image, GREY) == 15).all()
    assert (image_to_array(image, GREY, value_range=(0.0, 4095.0)) == 255).all()


def png(bits: int, color_type: int, row: bytes, width: int = 2, key: bytes = b"") -> io.BytesIO:
    """Write a PNG file of one row with a transparent colour."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, 1, bits, color_type, 0, 0, 0))
    transparent = chunk(b"tRNS", key) if key else b""
    rest = transparent + chunk(b"IDAT", zlib.compress(b"\0" + row)) + chunk(b"IEND", b"")
    return io.BytesIO(b"\x89PNG\r\n\x1a\n" + header + rest)


KEYS = {  # two pixels, of which the second has the transparent colour
    "1 bit": (png(1, 0, b"\x40", key=b"\0\1"), 0),
    "1 bit, black": (png(1, 0, b"\x80", key=b"\0\0"), 255),
    "2 bits": (png(2, 0, b"\x60", key=b"\0\2"), 85),
    "4 bits": (png(4, 0, b"\x3b", key=b"\0\x0b"), 51),
    "8 bits": (png(8, 0, b"\x40\x90", key=b"\0\x90"), 0x40),
    "16 bits": (png(16, 0, b"\x80\x40\x12\x34", key=b"\x12\x34"), 128),
    "16 bits, as high": (png(16, 0, b"\x12\x35\x12\x34", key=b"\x12\x34"), 0x12),
    "RGB": (png(8, 2, b"\1\2\3\4\5\6", key=b"\0\4\0\5\0\6"), (1, 2, 3)),
    "RGB of 16 bits": (
        png(16, 2, b"\x80\x40\x11\x11\x22\x22\x12\x34\x56\x78\x9a\xbc", key=b"\x12\x34\x56\x78\x9a\xbc"),
        (128, 17, 34),
    ),
}


@pytest.mark.parametrize("name", KEYS)
def test_a_transparent_colour_of_any_depth_is_white(name):
    file, first = KEYS[name]
    pixels = image_to_array(Image.open(file), Geometry(1, 3, "area", 1, (0.0, 0.5)))
    other = image_to_array(Image.open(file), Geometry(1, 3, "area", 1, (1.0, 0.5)))
    assert (pixels == first).all() and (other == 255).all(), (pixels, other)


def test_sixteen_bits_of_a_file_are_those_of_memory(tmp_path):
    values = np.array([[0, 255, 256, 0x8040, 0xFFFF]], np.uint16)
    levels = [0, 0, 1, 128, 255]
    for name in ("x.png", "x.tif"):
        Image.fromarray(values).save(tmp_path / name)
    (tmp_path / "x.pgm").write_bytes(b"P5 5 1 65535\n" + values.astype(">u2").tobytes())
    for name in ("x.png", "x.tif", "x.pgm"):
        whole = read_image(tmp_path / name, Geometry(1, 1, "area", 1, (0.0, 0.0)))
        found = [int(read_image(tmp_path / name, Geometry(1, 1, "area", 1, (x / 4, 0))).item()) for x in range(5)]
        assert whole.shape == (1, 1, 1) and found == levels, name


def test_a_pgm_file_has_the_white_that_it_says(tmp_path):
    (tmp_path / "x.pgm").write_bytes(b"P5 1 1 1000\n" + struct.pack(">H", 500))
    assert read_image(tmp_path / "x.pgm", Geometry(1, 1, "area")).item() in (127, 128)


def tiff(bits: int, photometric: int, data: bytes, sample_format: int = 1, side: int = 4) -> bytes:
    """Write a TIFF file of `side` × `side` grey pixels."""
    tags = {256: side, 257: side, 258: bits, 259: 1, 262: photometric, 273: 200, 277: 1, 278: side, 279: len(data)}
    tags |= {339: sample_format}
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in sorted(tags.items()))
    head = b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + bytes(4)
    return head.ljust(200, b"\0") + data


TWELVE = b"".join(((2048 << 12) | 2048).to_bytes(3) for _ in range(8))


@pytest.mark.parametrize(
    ("content", "level"),
    [
        (tiff(16, 1, struct.pack("<H", 0x8040) * 16), 128),
        (tiff(16, 0, struct.pack("<H", 0x8040) * 16), 127),
        (tiff(8, 0, b"\x40" * 16), 0xBF),
        (tiff(12, 1, TWELVE), 128),
    ],
    ids=["16 bits", "16 bits, white is zero", "8 bits, white is zero", "12 bits"],
)
def test_tiff_files_say_their_range(tmp_path, content, level):
    (tmp_path / "x.tif").write_bytes(content)
    assert (read_image(tmp_path / "x.tif", GREY) == level).all()


@pytest.mark.parametrize(
    "content",
    [
        tiff(16, 1, struct.pack("<h", 100) * 16, 2),
        tiff(32, 1, struct.pack("<I", 100) * 16, 1),
        tiff(32, 1, struct.pack("<i", 100) * 16, 2),
        tiff(32, 1, struct.pack("<f", 100) * 16, 3),
    ],
    ids=["signed 16", "unsigned 32", "signed 32", "float"],
)
def test_tiff_files_without_a_range_are_refused_or_get_one(tmp_path, content):
    (tmp_path / "cat").mkdir()
    path = tmp_path / "cat" / "x.tif"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"x\.tif cannot be decoded: .*no known range: value_range="):
        read_image(path, GREY)
    assert (read_image(path, GREY, value_range=(0.0, 255.0)) == 100).all()
    assert (sa.ImageFolder(tmp_path, value_range=(0, 255)).image(0, GREY) == 100).all()
    assert sa.ImageFolder(tmp_path, on_error="skip").image(0, GREY) is None


@pytest.mark.parametrize("form", ["png", "tiff"])
def test_rgb_of_sixteen_bits_keeps_its_high_byte(tmp_path, form):
    row = struct.pack(">3H", 0x8040, 0x1122, 0x2233)
    if form == "png":
        (tmp_path / "x").write_bytes(png(16, 2, row, 1).getvalue())
    else:
        tags = {256: 1, 257: 1, 259: 1, 262: 2, 273: 200, 277: 3, 278: 1, 279: 6}
        entries = {tag: struct.pack(">HHII", tag, 4, 1, value) for tag, value in tags.items()}
        entries[258] = struct.pack(">HHII", 258, 3, 3, 190)  # three numbers elsewhere
        body = b"MM\0*" + struct.pack(">IH", 8, len(entries)) + b"".join(entries[tag] for tag in sorted(entries))
        (tmp_path / "x").write_bytes(
            (body + bytes(4)).ljust(190, b"\0") + struct.pack(">3H", 16, 16, 16).ljust(10, b"\0") + row
        )
    assert read_image(tmp_path / "x", Geometry(1, 3, "area"))[0, 0].tolist() == [0x80, 0x11, 0x22]


def test_invalid_transparency_is_an_error_of_the_image():
    image = filled("L", 3)
    image.info["transparency"] = "white"
    model = sa.Model.from_spec("network n\ndata channels=3 height=4 width=4\ndense fc outputs=2\nsoftmax prob\n")
    with pytest.raises(ValueError, match="image 0, a Pillow image of mode L, cannot be decoded"):
        model.predict(image)
