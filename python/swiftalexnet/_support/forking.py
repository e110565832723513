"""Before a fork, import everything that is imported lazily.

A thread holds a lock while it imports a module. The child of a fork has only the thread that forked: a lock held by
another thread stays locked, and the first import of that module in the child would wait forever.
"""

import importlib

# Handlers before a fork run in reverse order of registration: logging's lock, which modules take while they are
# imported, must be taken after the imports below.
import logging  # noqa: F401
import os
import sys
from contextlib import suppress
from threading import RLock

# Modules that functions of this package, or of numpy and Pillow on its behalf, import when they are first called.
_LATE = (
    *("csv", "difflib", "encodings.ascii", "encodings.latin_1", "html", "pathlib", "tqdm.auto", "zipfile"),
    *("numpy.linalg", "numpy.ma", "numpy.random", "PIL.ExifTags", "PIL.Image", "PIL.ImageOps"),
)

# Modules that import an optional package themselves: some of these register handlers of forks, which must not happen
# while a fork is under way. They are imported on first use, under the lock below.
_WITH_OPTIONAL = ("sklearn.classifier", "sklearn.estimator", "sklearn.features")

# Held while an optional package is imported: a fork waits for it, but does not import packages that may not be needed.
importing = RLock()


def import_late_modules() -> None:
    """Import everything that is imported lazily; not necessary in a process with a single thread."""
    if len(sys._current_frames()) == 1:
        return
    import pkgutil

    package = __name__.split(".")[0]
    path = sys.modules[package].__path__
    skipped = {f"{package}.{name}" for name in ("__main__", *_WITH_OPTIONAL)}
    own = {module.name for module in pkgutil.walk_packages(path, f"{package}.")} - skipped
    for name in (*sorted(own), *_LATE):
        with suppress(Exception):  # its first use will raise the error
            importlib.import_module(name)
    with suppress(Exception):
        sys.modules["PIL.Image"].init()  # all its formats


def _wait() -> None:
    try:
        import_late_modules()
    finally:
        importing.acquire()


os.register_at_fork(before=_wait, after_in_parent=importing.release, after_in_child=importing.release)
