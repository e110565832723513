"""Runs the command line, in this process or in one of its own."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

from fresh_process import LIBRARY

from swiftalexnet.cli import main

PROGRAM = [sys.executable, "-m", "swiftalexnet"]


def run(capsys, *arguments: str) -> tuple[int, str, str]:
    """Return a command's status and what it wrote to both outputs."""
    try:
        code = main([str(each) for each in arguments])
    except SystemExit as end:
        code = end.code
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def refused(capsys, *arguments: str) -> str:
    """Return the one line with which a command is refused."""
    code, out, err = run(capsys, *arguments)
    assert code == 2 and not out
    assert err.startswith("swiftalexnet: ") and len(err.splitlines()) == 1, err
    return err


def environment(**changes: str) -> dict[str, str]:
    """Return this process's environment with this package on Python's path."""
    path = os.pathsep.join(filter(None, [str(LIBRARY.parents[1]), os.environ.get("PYTHONPATH")]))
    return {**os.environ, "PYTHONPATH": path, **changes}


def process(*arguments: object, redirection: str = "", folder: Path | None = None, **changes: str):
    """Run a command in its own process through a shell that redirects its output; return it when it has ended."""
    script = f'"$@" {redirection}'
    return subprocess.run(
        ["bash", "-o", "pipefail", "-c", script, "bash", *PROGRAM, *map(str, arguments)],
        env=environment(**changes), cwd=folder, capture_output=True, text=True, errors="replace", timeout=120,
        check=False,
    )  # fmt: skip


def interrupted(*arguments: object, folder: Path, when: str, sent: int = signal.SIGINT) -> subprocess.CompletedProcess:
    """Run a command and send it a signal as soon as its standard error matches `when`; return it when it has ended."""
    command = subprocess.Popen(
        [*PROGRAM, *map(str, arguments)],
        env=environment(PYTHONUNBUFFERED="1"), cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )  # fmt: skip
    seen, deadline = "", time.monotonic() + 120
    while not re.search(when, seen) and time.monotonic() < deadline:
        text = command.stderr.read(1)
        if not text:
            break
        seen += text
    command.send_signal(sent)
    out, err = command.communicate(timeout=120)
    return subprocess.CompletedProcess(arguments, command.returncode, out, seen + err)
