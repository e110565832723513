"""Commands in the form a user would type them."""

import os
import shlex
import shutil
import sys

_NAME = "swiftalexnet"


def as_typed(*words: str | os.PathLike[str]) -> str:
    """Return the command that runs this program with these words, quoted for the shell."""
    return shlex.join([*_program(), *(os.fspath(word) for word in words)])


def _program() -> list[str]:
    """Return how this process was started: the installed command, or Python with this package."""
    started = sys.argv[0] if sys.argv else ""
    if started.endswith(os.path.join(_NAME, "__main__.py")):
        python = sys.executable or "python"
        short = os.path.basename(python)
        return [short if shutil.which(short) == python else python, "-m", _NAME]
    if os.path.basename(started) != _NAME or _is_found(started):
        return [_NAME]
    return [started]


def _is_found(program: str) -> bool:
    """Return whether the shell finds this program by its name alone."""
    found = shutil.which(_NAME)
    return found is not None and os.path.realpath(found) == os.path.realpath(program)
