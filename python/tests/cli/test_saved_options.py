"""Options become plain values and come back the same."""

import json
import os

import pytest

from swiftalexnet.cli import train
from swiftalexnet.cli.parser import command_parser
from swiftalexnet.cli.saved_options import StrictParser, to_values, to_words

WITHOUT, PATHS = {"resume", "force"}, {"folder", "output"}


@pytest.mark.parametrize(
    "words",
    [
        ["photos"],
        ["it's here", "--output=--force", "--seed", "18446744073709551615"],
        ["photos", "--learning-rate", "1e-300", "--hold-out", "1/3", "--freeze", "conv1,fc6", "--batch-size", "auto"],
        ["photos", "--no-cache", "--draft", "--no-validation", "--epochs", "7"],
        ["photos", "--cache", "--validation=-x", "--max-errors", "0.25"],
        ["photos", "--class-weight", "balanced"],
        ["photos", "--max-errors", "3", "--resume", "x", "--force", "--value-range", "0,65535"],
    ],
    ids=" ".join,
)
def test_there_and_back(words):
    parser = command_parser(train)
    options = parser.parse_words(words)
    values = json.loads(json.dumps(to_values(options, parser, WITHOUT, PATHS)))
    assert not WITHOUT & values.keys()
    again = command_parser(train, StrictParser).parse_words(to_words(values, parser, WITHOUT))
    for name, value in vars(options).items():
        if name in PATHS:
            value = os.path.abspath(value)
        if name not in WITHOUT:
            assert getattr(again, name) == value, name


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ({"unknown": 1}, ValueError),
        ({"resume": "x"}, ValueError),
        ({"epochs": None}, TypeError),
        ({"epochs": [1]}, TypeError),
        ({"draft": "yes"}, ValueError),
        ({"draft": False}, ValueError),
        ({"folder": "--force"}, ValueError),
    ],
    ids=str,
)
def test_options_that_cannot_be_typed(values, error):
    with pytest.raises(error):
        to_words(values, command_parser(train), WITHOUT)


def test_a_strict_parser_ends_no_process():
    for words in (["--epochs", "0"], ["--unknown"], ["a", "b"]):
        with pytest.raises(ValueError):
            command_parser(train, StrictParser).parse_words(words)
