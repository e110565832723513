"""The training and validation images of `train`."""

import argparse
import shutil
from fractions import Fraction

import pytest
from support import photo_folder

import swiftalexnet as sa
from swiftalexnet.cli import train, training_data
from swiftalexnet.cli.parser import command_parser


def parts(*words: object) -> training_data.Parts:
    return training_data.parts(command_parser(train).parse_words([str(word) for word in words]))


@pytest.fixture
def photos(tmp_path):
    return photo_folder(tmp_path / "photos", count=12)


@pytest.fixture
def divided(photos, tmp_path):
    for name in ("train", "validation"):
        shutil.copytree(photos, tmp_path / "divided" / name)
    (tmp_path / "divided" / "validation" / "low" / "0.png").unlink()
    return tmp_path / "divided"


def test_a_fifth_is_held_out_as_the_demo_does(photos):
    read, expected = parts(photos), sa.ImageFolder(photos).split(5)
    assert (read.train.paths, read.validation.paths) == (expected[0].paths, expected[1].paths)


def test_any_fraction_may_be_held_out(photos):
    counts = [len(parts(photos, "--hold-out", share).validation) for share in ("0.1", "0.3", "1/2", "0.9")]
    assert counts == sorted(counts) and 0 < counts[0] < counts[-1] < 48
    some, more = (set(parts(photos, "--hold-out", share).validation.paths) for share in ("0.1", "0.2"))
    assert len(some) != len(more)


def test_a_divided_folder(divided, photos):
    read = parts(divided)
    assert (read.train.root, read.validation.root) == (divided / "train", divided / "validation")
    assert (len(read.train), len(read.validation)) == (48, 47)
    assert parts(divided, "--no-validation").validation is None
    assert parts(divided, "--validation", photos).validation.root == photos
    assert parts(divided, "--hold-out", "0.2").validation.root == divided / "train"


def test_no_validation(photos):
    read = parts(photos, "--no-validation")
    assert len(read.train) == 48 and read.validation is None


@pytest.mark.parametrize(
    ("text", "share"), [("0.2", Fraction(1, 5)), ("1/3", Fraction(1, 3)), ("0.3", Fraction(3, 10))]
)
def test_fractions(text, share):
    assert training_data.fraction(text) == share


@pytest.mark.parametrize(
    "text", ["0", "1", "-0.2", "2", "nan", "inf", "1/0", "1/2/3", "a", "", "1e-9", "/", "1e999999999"]
)
def test_invalid_fractions(text):
    with pytest.raises(argparse.ArgumentTypeError, match="between 0 and 1"):
        training_data.fraction(text)
