"""Runs code in its own process, so that ending it or changing its state does not affect other tests."""

import os
import subprocess
import sys
from pathlib import Path

from swiftalexnet import _native

LIBRARY = Path(_native.__file__)
TESTS = Path(__file__).parent


def run(code, *arguments, timeout=60, prefix=(), **environment):
    """Run Python code in a fresh process that finds the package and the tests' helpers; return its output."""
    path = os.pathsep.join([str(LIBRARY.parents[1]), str(TESTS), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [*prefix, sys.executable, "-X", "faulthandler", "-c", code, *arguments],
        env={**os.environ, "PYTHONPATH": path, **environment},
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip()
