"""Shared by the tests of bad input: an error has the right type, names the operation, and leaves a network
unchanged."""

import re

import pytest


def case(name, error, message, call):
    """One row of a table of bad input."""
    return pytest.param(error, message, call, id=name)


def refuse(error, message, call):
    """Expect `error` with a message that has `message` and begins with an operation."""
    with pytest.raises(error) as caught:
        call()
    text = str(caught.value)
    assert re.search(message, text), text
    assert re.match(r"[\w ,.()×]+: ", text), f"no operation in: {text}"
