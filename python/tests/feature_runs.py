"""What the tests of features in files share: runs that stop, calls that fail."""

import os
from contextlib import closing, contextmanager
from itertools import islice
from pathlib import Path

from swiftalexnet.inference.feature_journal import Journal

LAYERS = ["conv1", "relu1", "fc6"]


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


class Stop(Exception):
    """Ends a run from outside."""


def stopped_after(images, count):
    """Yield some images, and then stop."""
    yield from islice(images, count)
    raise Stop


ENDING = ("fsync", "fdatasync", "replace", "pwrite", "unlink", "rmdir", "ftruncate")


def fail_at(patch, step: int, names: tuple[str, ...] = ENDING) -> list[str]:
    """Let the call number `step` of these functions fail; return the list of the calls made."""
    calls: list[str] = []

    def counted(function, name):
        def call(*given, **options):
            calls.append(name)
            if len(calls) == step + 1:
                raise OSError(5, "Input/output error")
            return function(*given, **options)

        return call

    for name in names:
        patch.setattr(os, name, counted(getattr(os, name), name))
    return calls


@contextmanager
def opened_journal(folder: Path):
    """Open the journal in a folder, and close it at the end."""
    with closing(Journal(folder)) as journal:
        yield journal
