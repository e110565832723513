"""Before a fork, whatever the package imports late is imported.

A thread that imports a module holds a lock meanwhile. The child of a fork has only the thread that forked: a lock that
another thread held stays locked in it, and the first import of that module would wait for ever.
"""

import importlib

# What others do before a fork comes in the opposite order of its registration: logging's lock, which modules take while
# they are imported, must be taken after the imports below.
import logging  # noqa: F401
import os
import sys
from contextlib import suppress
from threading import RLock

# What functions of this package, or of numpy and Pillow on its behalf, import when they are first called.
_LATE = (
    *("csv", "difflib", "encodings.ascii", "encodings.latin_1", "html", "pathlib", "tqdm.auto", "zipfile"),
    *("numpy.linalg", "numpy.ma", "numpy.random", "PIL.ExifTags", "PIL.Image", "PIL.ImageOps"),
)

# Held while an optional package is imported, which a fork only waits for: it may be large, and may not be needed.
importing = RLock()


def import_late_modules() -> None:
    """Import all that is imported late; in a process of one thread nothing can be importing, and nothing is done."""
    if len(sys._current_frames()) == 1:
        return
    import pkgutil

    package = __name__.split(".")[0]
    path = sys.modules[package].__path__
    own = [module.name for module in pkgutil.walk_packages(path, f"{package}.") if not module.name.endswith("__main__")]
    for name in (*own, *_LATE):
        with suppress(Exception):  # its first use will say what is wrong
            importlib.import_module(name)
    with suppress(Exception):
        sys.modules["PIL.Image"].init()  # all its formats
    with suppress(Exception):
        sys.modules[f"{package}._native"].runtime_info()  # the engine's choices


def _wait() -> None:
    try:
        import_late_modules()
    finally:
        importing.acquire()


os.register_at_fork(before=_wait, after_in_parent=importing.release, after_in_child=importing.release)
