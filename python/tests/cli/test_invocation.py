"""The command that resumes a run can be pasted into a shell."""

import shlex
import shutil
import sys

import pytest

from swiftalexnet.cli.invocation import as_typed


@pytest.mark.parametrize("word", ["a b", "it's", "$(reboot)", "-x", "ä", "a\nb", "*", ""])
def test_words_are_quoted(word, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["/usr/bin/swiftalexnet"])
    assert shlex.split(as_typed("resume", word))[-2:] == ["resume", word]


def test_it_is_the_program_that_was_started(monkeypatch):
    found = {"swiftalexnet": "/usr/bin/swiftalexnet", "python3": "/usr/bin/python3"}
    monkeypatch.setattr(shutil, "which", found.get)
    for started, program in (
        ("/usr/bin/swiftalexnet", "swiftalexnet"),
        ("/my venv/bin/swiftalexnet", "'/my venv/bin/swiftalexnet'"),
        ("/somebody/elses/program", "swiftalexnet"),
        ("", "swiftalexnet"),
    ):
        monkeypatch.setattr(sys, "argv", [started])
        assert as_typed("info") == f"{program} info"
    monkeypatch.setattr(sys, "argv", ["/lib/swiftalexnet/__main__.py"])
    for executable, program in (("/usr/bin/python3", "python3"), ("/opt/python3", "/opt/python3")):
        monkeypatch.setattr(sys, "executable", executable)
        assert as_typed("info") == f"{program} -m swiftalexnet info"
