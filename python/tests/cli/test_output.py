"""The output of commands."""

import argparse
import io
import json
import os
import sys
import warnings
from contextlib import nullcontext

import pytest

from swiftalexnet.cli import output
from swiftalexnet.cli.output import NotWritten, Output


def with_options(stream, **options) -> Output:
    return Output(stream, argparse.Namespace(**{"json": False, **options}))


def test_results_are_text_or_json():
    for wanted, shown in ((False, "text\n"), (True, '{\n "a": 1\n}\n')):
        stream = io.StringIO()
        with_options(stream, json=wanted).show({"a": 1}, "text")
        assert stream.getvalue() == shown


@pytest.mark.parametrize("path", [None, "/dev/full"], ids=["closed", "full"])
def test_a_result_that_cannot_be_written_is_reported(path):
    with nullcontext() if path is None else open(path, "w", encoding="utf-8") as stream:
        with pytest.raises(NotWritten) as caught:
            with_options(stream).show({}, "text")
        assert not caught.value.unwanted
        with_options(stream).done({}, "a file is written")  # a courtesy
        with pytest.raises(NotWritten):
            with_options(stream, json=True).done({}, "JSON is asked for")


def test_a_reader_that_has_closed_the_pipe_is_no_error():
    reader, writer = os.pipe()
    os.close(reader)
    with open(writer, "w", encoding="utf-8") as stream, pytest.raises(NotWritten) as caught:
        with_options(stream).show({}, "text")
    assert caught.value.unwanted


def test_notes_are_left_out_if_quiet(capsys):
    with_options(None, quiet=True).note("unheard")
    with_options(None, quiet=False).note("heard")
    assert capsys.readouterr().err == "heard\n"


def test_numbers_that_json_cannot_represent_are_null():
    value = {"a": [1.5, float("nan"), (float("inf"), "x", None, True)]}
    assert json.loads(output.to_json(value)) == {"a": [1.5, None, [None, "x", None, True]]}


def test_warnings_are_one_plain_line(capsys):
    before = warnings.showwarning
    with warnings.catch_warnings(action="error"), output.plain_warnings():
        warnings.warn("mind\nthis", UserWarning, stacklevel=1)
    assert capsys.readouterr().err == "swiftalexnet: warning: mind this\n"
    assert warnings.showwarning is before


def test_names_in_files_cannot_control_a_terminal(capsys):
    printed = output.Output(sys.stdout, argparse.Namespace(json=False, quiet=False))
    printed.line("a\x1b[31m")
    printed.note("b\x1b[31m")
    output.complain("c\x1b[31m")
    assert capsys.readouterr() == ("a\\x1b[31m\n", "b\\x1b[31m\nswiftalexnet: c\\x1b[31m\n")


def test_on_a_terminal_a_bar_gives_way(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    output.complain("a line")
    assert terminal.getvalue() == "\r\x1b[Kswiftalexnet: a line\n"


def test_closed_descriptors_are_held(tmp_path):
    kept = os.dup(0)
    os.close(0)
    try:
        output.hold_descriptors()
        with open(tmp_path / "file", "wb") as file:
            assert file.fileno() > 2
    finally:
        os.dup2(kept, 0)
        os.close(kept)
