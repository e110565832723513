"""Unknown names: the message lists the known ones and suggests the nearest."""

import pytest

from swiftalexnet._support.choices import choose, nearest

RECIPES = ("paper", "caffe", "cuda-convnet2")


def test_known_names_come_back():
    assert choose("train", "recipe", "caffe", RECIPES) == "caffe"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("papr", "train: unknown recipe 'papr', expected one of paper, caffe, cuda-convnet2; did you mean 'paper'?"),
        ("CAFFE", "train: unknown recipe 'CAFFE', expected one of paper, caffe, cuda-convnet2; did you mean 'caffe'?"),
        ("xyz", "train: unknown recipe 'xyz', expected one of paper, caffe, cuda-convnet2"),
        (None, "train: unknown recipe None, expected one of paper, caffe, cuda-convnet2"),
    ],
)
def test_unknown_names(name, message):
    with pytest.raises(ValueError) as caught:
        choose("train", "recipe", name, RECIPES)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("name", "known", "expected"),
    [
        ("d", ("A", "A-LRN", "D"), "D"),
        ("a-lrn", ("A", "A-LRN", "D"), "A-LRN"),
        ("VGG16", ("A", "B", "C", "D", "E"), "D"),
        ("vgg-16", ("vgg-A", "vgg-D"), "vgg-D"),
        ("vgg16", ("vgg", "vgg-384"), "vgg"),
        ("x", ("A", "B"), "A"),
        ("x" * 1_000_000, ("A", "B"), "A"),
    ],
)
def test_even_if_far_there_is_always_a_nearest(name, known, expected):
    assert nearest(name, known, even_if_far=True) == f"; did you mean {expected!r}?"


def test_without_known_names_nothing_is_suggested():
    assert nearest("x", (), even_if_far=True) == ""
    assert nearest(3, ("A",), even_if_far=True) == ""


@pytest.mark.parametrize("name", ["\0", "\ud800", "a\nb", "paper\0"])
def test_names_that_are_no_text_for_the_engine(name):
    assert nearest(name, ("paper", "a\nb")) in ("", "; did you mean 'paper'?", "; did you mean 'a\\nb'?")
    assert nearest("papr", (name, "paper")) != ""
