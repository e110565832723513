"""A JPEG with thousands of scans is refused before it is decoded; markers that are not scans do not count."""

import io

import numpy as np
import pytest
from PIL import Image

import swiftalexnet as sa
from swiftalexnet.images import jpeg_scans
from swiftalexnet.images.decoding import image_to_array, read_image
from swiftalexnet.images.geometry import Geometry
from swiftalexnet.images.jpeg_scans import MOST_SCANS, check_scans, count_scans

SQUARE = Geometry(16, 3, "area")
NOISE = Image.fromarray(np.random.default_rng(0).integers(0, 255, (40, 60, 3), np.uint8))


def jpeg(**options) -> bytes:
    buffer = io.BytesIO()
    NOISE.save(buffer, "jpeg", **options)
    return buffer.getvalue()


PROGRESSIVE = jpeg(progressive=True)
OWN = count_scans(PROGRESSIVE)


def with_scans(count: int) -> bytes:
    """Repeat the last scan."""
    last = PROGRESSIVE.rindex(b"\xff\xda")
    return PROGRESSIVE[:-2] + PROGRESSIVE[last:-2] * (count - OWN) + PROGRESSIVE[-2:]


def test_scans_are_counted():
    assert count_scans(jpeg()) == 1 and 5 < OWN < 15
    assert count_scans(jpeg(restart_marker_rows=1)) == 1
    assert count_scans(with_scans(300)) == 300
    assert count_scans(b"") == count_scans(b"\xff\xd8") == count_scans(b"\xff\xd8\xff\xd9") == 0


def test_too_many_scans_are_an_error_of_the_file(tmp_path):
    path = tmp_path / "one" / "x.jpg"
    path.parent.mkdir()
    path.write_bytes(with_scans(MOST_SCANS))
    assert read_image(path, SQUARE).shape == (16, 16, 3)
    path.write_bytes(with_scans(MOST_SCANS + 1))
    message = rf"x\.jpg cannot be decoded: {MOST_SCANS + 1} scans, expected at most {MOST_SCANS}"
    with pytest.raises(ValueError, match=message):
        read_image(path, SQUARE)
    with pytest.raises(ValueError, match=message):
        read_image(path, SQUARE, draft=True)
    with Image.open(path) as image, pytest.raises(ValueError, match="scans"):
        image_to_array(image, SQUARE)
    assert sa.ImageFolder(tmp_path, on_error="skip").image(0, SQUARE) is None
    with Image.open(path) as image:
        image.load()
        assert image_to_array(image, SQUARE).shape == (16, 16, 3), "its pixels are there already"


def test_markers_in_metadata_and_after_the_image_do_not_count(tmp_path):
    marks = b"\xff\xda" * 500
    segment = b"\xff\xe5" + (len(marks) + 2).to_bytes(2, "big") + marks
    content = PROGRESSIVE[:2] + segment + PROGRESSIVE[2:] + marks
    assert count_scans(content) == OWN
    (tmp_path / "x.jpg").write_bytes(content)
    assert read_image(tmp_path / "x.jpg", SQUARE).shape == (16, 16, 3)


def test_counting_keeps_the_files_position(monkeypatch):
    monkeypatch.setattr(jpeg_scans, "_BLOCK", 7)  # a mark may lie across two blocks
    for content, count in ((PROGRESSIVE, OWN), (with_scans(500), 500)):
        file = io.BytesIO(content)
        file.seek(11)
        if count > MOST_SCANS:
            with pytest.raises(ValueError, match="500 scans"):
                check_scans(file)
        else:
            check_scans(file)
        assert file.tell() == 11
