"""Model files are the same from Swift and from Python: what Python says of the files of golden/models.

Tests/ModelFilesTests/SameFilesAsPythonTests.swift asserts that a Swift program predicts the same bits with these files
and writes the same bytes, both for models that it has read and for one that it has made;
golden/make_model_files.py writes them.
"""

import pytest
from fresh_process import run
from golden import make_model_files as files

import swiftalexnet as sa

PATHS = sorted(files.FOLDER.glob("*.safetensors"))
CODE = """
import sys, numpy, swiftalexnet as sa
from golden.make_model_files import SIDE, predictions
pixels = numpy.fromfile(sys.argv[2], numpy.uint8).reshape(SIDE, SIDE, 3)
print(predictions(sa.load(sys.argv[1]), pixels))
"""


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_predictions(path):
    expected = path.with_suffix(".txt").read_text(encoding="utf-8").strip()
    output = run(CODE, str(path), str(files.FOLDER / "image.rgb"), PYTHONIOENCODING="utf-8", **files.PORTABLE)
    assert output == expected


@pytest.mark.parametrize("path", [path for path in PATHS if path.stem != "checkpoint"], ids=lambda path: path.stem)
def test_written_again_as_it_was(path, tmp_path):
    sa.load(path).save(tmp_path / path.name)
    written = (tmp_path / path.name).read_bytes()
    assert len(written) == path.stat().st_size  # the version may differ
    assert written[-20_000:] == path.read_bytes()[-20_000:]


def test_descriptions():
    text = "".join(files.description(*variant) for variant in files.VARIANTS)
    assert text == (files.FOLDER / "descriptions.txt").read_text(encoding="utf-8")


def test_the_image():
    pixels = files.images(5)[4]
    assert (files.FOLDER / "image.rgb").read_bytes() == pixels.tobytes()
