"""The end of an extraction: the arrays get their names, and a JSON file says what they are."""

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from .._support.optional import require
from ..files.atomic import replacing, sync_folder
from ..files.paths import naming
from .feature_images import Entry
from .feature_journal import Journal
from .feature_results import read_sidecar
from .feature_target import Target

_BYTES_AT_ONCE = 8 << 20
_NAMES_AT_ONCE = 4096
_HEADER_BYTES = 192  # enough for any number of rows, so that the header can be rewritten in its place


def array_header(shape: tuple[int, ...], dtype: str) -> bytes:
    """Return the header of a .npy file, always of the same length (numpy.lib.format, version 1.0)."""
    kind = np.dtype(dtype).newbyteorder("<").str
    fields = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}".encode("ascii")
    length = _HEADER_BYTES - 10
    return b"\x93NUMPY\x01\x00" + length.to_bytes(2, "little") + fields.ljust(length - 1) + b"\n"


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
    if target.is_hdf5:
        _put_together(target, run, journal)
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
        _describe(file, run, journal)


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


def _put_together(target: Target, run: Mapping[str, Any], journal: Journal) -> None:
    """Write the HDF5 file: a data set in one piece for each layer, the images' names, and what the run is."""
    h5py = require("h5py", "keras", "features")
    assembled = target.work / "assembled"
    with naming(target.path):
        with h5py.File(assembled, "w") as file:
            for name, row in {row["file"]: row for row in run["layers"].values()}.items():
                shape = (journal.rows, *row["shape"])
                stored = file.create_dataset(name, shape, np.dtype(run["dtype"]))
                _copy(target.work / f"{name}.npy", stored)
                stored.attrs["layers"] = [layer for layer, each in run["layers"].items() if each["file"] == name]
            file.attrs["provenance"] = json.dumps(run)
            names = file.create_dataset("image_names", (journal.rows,), h5py.string_dtype())
            kept = (os.fsencode(entry.name) for entry in journal.entries() if entry.error is None)
            for at in range(0, journal.rows, _NAMES_AT_ONCE):
                some = list(islice(kept, _NAMES_AT_ONCE))
                names[at : at + len(some)] = some
        _to_disk(assembled)
        os.replace(assembled, target.path)


def _copy(source: Path, stored: Any) -> None:
    array = np.load(source, mmap_mode="r")
    step = max(1, _BYTES_AT_ONCE // max(1, array[:1].nbytes))
    for at in range(0, len(array), step):
        stored[at : at + step] = array[at : at + step]


def _to_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
