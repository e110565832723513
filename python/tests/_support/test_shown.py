"""How messages show a value: short, and for any object; and an error in one line."""

import numpy as np
import pytest
from support import tiny_model

import swiftalexnet as sa
from swiftalexnet._support.shown import describe, shown


class Unsayable:
    def __repr__(self) -> str:
        raise RuntimeError("no text")


def nested(depth: int) -> list:
    nest: list = []
    for _ in range(depth):
        nest = [nest]
    return nest


@pytest.mark.parametrize("value", [None, 3, 1.5, "conv1", b"x", (1, 2.5, "a"), [[1], [2]], {"a": 1}, {3}, 2**64])
def test_short_values_are_shown_like_repr(value):
    assert shown(value) == repr(value)


@pytest.mark.parametrize(
    "value",
    [nested(10_000), list(range(10**6)), "x" * 10**6, 10**5000, np.zeros((1000, 1000)), Unsayable(), range(2**62)],
    ids=lambda value: type(value).__name__,
)
def test_everything_else_is_short(value):
    assert 0 < len(shown(value)) <= 401


def test_tables_are_shown_in_one_line():
    text = shown(tiny_model().summary())
    assert text.startswith("<network") and "\n" not in text and len(text) <= 401


def test_lists_that_contain_themselves():
    endless: list = []
    endless.append(endless)
    assert len(shown(endless)) < 100


@pytest.mark.parametrize("value", [nested(10_000), Unsayable(), 10**5000], ids=lambda value: type(value).__name__)
@pytest.mark.parametrize(
    ("call", "operation"),
    [
        (lambda value: sa.alexnet(value), "alexnet"),
        (lambda value: sa.alexnet("owt", value), "alexnet"),
        (lambda value: sa.recipe("paper", learning_rate=value), "recipe"),
        (lambda value: sa.recipe("paper", schedule=value), "recipe"),
        (lambda value: sa.recipe("paper", scale=value), "recipe"),
        (lambda value: sa.Views(crops=value), "Views"),
        (lambda value: sa.Views(dense=value), "Views"),
        (lambda value: sa.Augmentation(components=value), "Augmentation"),
        (lambda value: sa.ParameterGroup(value), "ParameterGroup"),
        (lambda value: sa.Preprocessing(9, 9, np.zeros(3), warp=value), "Preprocessing"),
        (lambda value: sa.ops.max_pool2d(np.ones((1, 1, 9, 9), np.float32), value), "max_pool2d"),
        (lambda value: sa.ops.dropout(np.ones(3, np.float32), form=value), "dropout"),
    ],
)
def test_refusals_of_values_without_text(call, operation, value):
    with pytest.raises((TypeError, ValueError), match=f"{operation}: ") as caught:
        call(value)
    assert len(str(caught.value)) < 1000


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (FileNotFoundError(2, "No such file or directory", "a"), "a: No such file or directory"),
        (OSError(28, "No space left on device"), "No space left on device"),
        (ValueError("two\nlines"), "two lines"),
        (MemoryError(), "out of memory"),
        (MemoryError("of 3 GB"), "of 3 GB"),
        (NotImplementedError(), "NotImplementedError"),
    ],
    ids=str,
)
def test_errors_are_one_line(error, line):
    assert describe(error) == line
