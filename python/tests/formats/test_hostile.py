"""The harness of hostile files finds what it should find."""

import faulthandler
import os
import time

import pytest
from formats import hostile
from formats.hostile import Case, assert_survives, damaged, flips, numbers, prefixes

from swiftalexnet.errors import CheckpointCorruptError

ONE = [Case("one", b"abc")]


def test_mutations():
    assert [case.data for case in prefixes(b"abc")] == [b"", b"a", b"ab"]
    assert len({case.data for case in flips(b"abc")}) == 24
    assert b"\x00\xff\xff" in {case.data for case in numbers(b"\x00\x00\x01", [1], 2, "big")}
    assert [case.data for case in damaged(b"abcd", 5, 1)] == [case.data for case in damaged(b"abcd", 5, 1)]


def refuse(path):
    raise CheckpointCorruptError(f"{path} is damaged")


def test_files_that_are_read_or_refused(tmp_path):
    assert assert_survives(lambda path: path.read_bytes(), [*ONE, *ONE], tmp_path) == 2
    assert assert_survives(refuse, ONE, tmp_path) == 0


def unnamed(path):
    raise ValueError("it is damaged")


def die():
    faulthandler.disable()  # the death is wanted
    os.abort()


@pytest.mark.parametrize(
    ("read", "message"),
    [
        (lambda path: {}["a"], "KeyError"),
        (lambda path: path + 1, "TypeError"),
        (unnamed, "does not name"),
        (lambda path: b"a" * (200 << 20), "it used .* bytes of memory"),
        (lambda path: bytes(5 << 30), "too much memory"),
        (lambda path: die(), "died: -6"),
    ],
    ids=["untyped", "type", "unnamed", "memory", "addresses", "death"],
)
def test_faults(read, message, tmp_path):
    with pytest.raises(AssertionError, match=message):
        assert_survives(read, ONE, tmp_path)


def test_hangs(monkeypatch, tmp_path):
    monkeypatch.setattr(hostile, "SECONDS", 0.2)
    with pytest.raises(AssertionError, match="no answer"):
        assert_survives(lambda path: time.sleep(60), ONE, tmp_path)


def test_cases_behind_a_death_are_still_run(tmp_path):
    cases = [Case("first", b"a"), Case("second", b"b"), Case("third", b"a"), Case("fourth", b"b")]
    with pytest.raises(AssertionError, match="second.*\n*fourth"):
        assert_survives(lambda path: path.read_bytes() == b"b" and die(), cases, tmp_path)
