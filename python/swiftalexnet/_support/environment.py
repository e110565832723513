"""The environment variable that the engine silently ignores if it is invalid; the engine raises errors for others."""

import os

from .output import warn

_THREADS = "SWIFTALEXNET_NUM_THREADS"


def check_environment() -> None:
    """Give a UserWarning if the number of threads is invalid; called once, when the package is imported."""
    wish = os.environ.get(_THREADS, "")
    is_number = wish.isascii() and wish.removeprefix("+").isdecimal() and len(wish) < 20
    if wish and not (is_number and int(wish) >= 1):
        warn(f"{_THREADS} is {wish!r}, expected an integer of at least 1: it is ignored", stacklevel=2)
