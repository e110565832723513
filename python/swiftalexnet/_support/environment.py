"""The environment variable that the engine would ignore in silence where it holds nonsense; others are errors there."""

import os

from .output import warn

_THREADS = "SWIFTALEXNET_NUM_THREADS"


def check_environment() -> None:
    """Give a UserWarning if the number of threads is none; called when the package is imported, so once."""
    wish = os.environ.get(_THREADS, "")
    is_number = wish.isascii() and wish.removeprefix("+").isdecimal() and len(wish) < 20
    if wish and not (is_number and int(wish) >= 1):
        warn(f"{_THREADS} is {wish!r}, expected an integer of at least 1: it is ignored", stacklevel=2)
