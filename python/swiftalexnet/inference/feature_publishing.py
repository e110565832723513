"""The end of an extraction: the arrays get their names, and a JSON file says what they are."""

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any, BinaryIO

from ..files.atomic import replacing, sync_folder
from ..files.paths import naming
from .feature_hdf5 import write_hdf5
from .feature_images import Entry
from .feature_journal import Journal
from .feature_results import read_sidecar
from .feature_target import Target


def publish(target: Target, run: Mapping[str, Any], journal: Journal) -> None:
    """Move the arrays of a run that has ended to their places, and describe them.

    Raises
    ------
    OSError
        Calling it again completes it.
    ImportError
        A .h5 file, and h5py is not installed.
    """
    stale: set[str] = set()
    with suppress(OSError, ValueError):
        stale = {row["file"] for row in read_sidecar(target)["layers"].values()}
    with suppress(FileNotFoundError):
        target.sidecar.unlink()
    names = {row["file"] for row in run["layers"].values()}
    more: dict[str, Any] = {}
    if target.is_hdf5:
        assembled = target.work / "assembled"
        more = {"offsets": write_hdf5(assembled, target.work, run, journal)}
        os.replace(assembled, target.path)
    else:
        for name in names:
            with suppress(FileNotFoundError), naming(target.path):  # an earlier attempt has moved it
                os.replace(target.work / name, target.final(name))
            os.stat(target.final(name))
    if target.is_folder:
        for name in stale - names:
            with suppress(FileNotFoundError):
                target.final(name).unlink()
    sync_folder(str(target.sidecar.parent))
    with replacing(target.sidecar) as descriptor, open(descriptor, "wb", closefd=False) as file:
        _describe(file, {**run, **more}, journal)


def _describe(file: BinaryIO, run: Mapping[str, Any], journal: Journal) -> None:
    """Write the JSON, image by image: there may be many."""
    kept = (entry for entry in journal.entries() if entry.error is None)
    file.write(json.dumps(run, indent=1).encode().removesuffix(b"\n}") + b',\n "images": {\n  "names": [')
    _list(file, (entry.name for entry in kept))
    file.write(b'],\n  "stamps": [')
    _list(file, (entry.stamp for entry in journal.entries() if entry.error is None))
    file.write(b'],\n  "skipped": [')
    _list(file, ({"number": number} | entry._asdict() for number, entry in _left_out(journal.entries())))
    file.write(b"]\n }\n}\n")


def _list(file: BinaryIO, values: Iterable[Any]) -> None:
    for number, value in enumerate(values):
        file.write(b",\n   " if number else b"\n   ")
        file.write(json.dumps(value).encode())


def _left_out(entries: Iterable[Entry]) -> Iterator[tuple[int, Entry]]:
    return ((number, entry) for number, entry in enumerate(entries) if entry.error is not None)
