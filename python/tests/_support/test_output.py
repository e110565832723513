"""Tests of swiftalexnet._support.output: text is simplified if necessary, and no stream makes it raise."""

import io
import os

import fresh_process
import pytest
from support import terminal

from swiftalexnet._support import output

TEXT = "3 × 4 … – “Zoë” \udcff"


@pytest.mark.parametrize(
    ("encoding", "expected"),
    [
        ("ascii", "3 x 4 ... - \\u201cZo\\xeb\\u201d \\udcff\n"),
        ("latin-1", "3 × 4 ... - \\u201cZoë\\u201d \\udcff\n"),
        ("cp1252", "3 × 4 … – “Zoë” \\udcff\n"),
        ("utf-8", "3 × 4 … – “Zoë” \\udcff\n"),
    ],
)
def test_characters_that_an_encoding_lacks_are_written_in_ascii(encoding, expected):
    stream = io.TextIOWrapper(io.BytesIO(), encoding)
    assert output.print_text(TEXT, stream)
    assert stream.buffer.getvalue().decode(encoding) == expected


def test_a_stream_keeps_its_own_error_handler():
    stream = io.TextIOWrapper(io.BytesIO(), "ascii", "xmlcharrefreplace")
    assert output.print_text("3 × 4", stream)
    assert stream.buffer.getvalue() == b"3 &#215; 4\n"


class Failing(io.TextIOBase):
    def __init__(self, error: Exception):
        self._error = error

    def write(self, text):
        raise self._error


def test_no_stream_makes_it_raise():
    closed = io.StringIO()
    closed.close()
    failing = [Failing(error) for error in (OSError(5, "EIO"), ValueError(), AttributeError(), RuntimeError())]
    for stream in (None, closed, object(), *failing):
        assert not output.print_text(TEXT, stream)


def test_a_stream_that_knows_no_encoding_gets_the_text_as_it_is():
    stream = io.StringIO()
    assert output.print_text(TEXT, stream)
    assert stream.getvalue() == f"{TEXT}\n"


def test_standard_output_is_the_default_and_its_order_is_kept(capfd):
    print("first", end=" ")
    assert output.print_text("second")
    print("third")
    assert capfd.readouterr().out == "first second\nthird\n"


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full")
def test_a_full_disk_leaves_nothing_that_fails_at_the_end_of_the_process():
    """A buffered rest would make Python end with status 120."""
    code = """
import sys
from swiftalexnet._support.output import print_text
sys.stdout = open("/dev/full", "w")
print(print_text("lost"), file=sys.stderr)
sys.stdout.close()
sys.stdout = sys.__stdout__
print(print_text("kept"))
"""
    assert fresh_process.run(code) == "kept\nTrue"


def test_a_pipe_without_a_reader():
    reader, writer = os.pipe()
    os.close(reader)
    with open(writer, "w") as stream:
        assert not output.print_text("lost", stream)


def test_a_full_pipe_does_not_block():
    reader, writer = os.pipe()
    with open(reader, "rb"), open(writer, "w") as stream:
        count = sum(output.write_text("x" * 1000, stream, wait=False) for _ in range(1000))
    assert 1 <= count < 1000


def test_a_terminal_that_is_gone():
    ours, theirs = terminal()
    with open(theirs, "w") as stream:
        os.close(ours)
        assert not output.print_text("lost", stream)


def test_a_nonblocking_descriptor_is_waited_for_if_all_output_is_needed():
    code = """
import os, sys, threading
from swiftalexnet._support.output import print_text
reader, writer = os.pipe()
os.set_blocking(writer, False)
got = []
thread = threading.Thread(target=lambda: got.append(open(reader, "rb").read()))
with open(writer, "w") as stream:
    thread.start()
    assert print_text("x" * 1_000_000, stream)
thread.join()
print(len(got[0]))
"""
    assert fresh_process.run(code) == "1000001"


def test_a_closed_descriptor_is_not_standard_output():
    start = "import sys; from swiftalexnet._support.output import print_text"
    code = f"{start}; print(sys.stderr, print_text('lost', sys.stderr))"
    assert fresh_process.run(code, prefix=("sh", "-c", 'exec "$@" 2>&-', "sh")) == "None False"
