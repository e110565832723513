"""Features as an HDF5 file, put together from the arrays of a run that has ended.

HDF5's library ends the process if it cannot write what it holds when the process exits. So it is never told that a
write has failed: the file is given up, and the error raised, once the library has let go of it.
"""

import io
import json
import os
from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._support.optional import require
from ..files.paths import naming
from .feature_arrays import map_array
from .feature_journal import Journal

_BYTES_AT_ONCE = 8 << 20
_NAMES_AT_ONCE = 4096


def write_hdf5(path: Path, arrays: Path, run: Mapping[str, Any], journal: Journal) -> dict[str, int | None]:
    """Write the file: a data set in one piece for each layer, the images' names, and what the run is.

    Parameters
    ----------
    path : Path
        A file that is replaced.
    arrays : Path
        The folder of the arrays, NAME.npy for the data set NAME.
    run : dict
        See `feature_run.describe`.
    journal : Journal

    Returns
    -------
    dict of str to int or None
        Where in the file each data set's values begin; None without any.

    Raises
    ------
    OSError
        It cannot be written.
    ImportError
        h5py is not installed.
    """
    h5py = require("h5py", "keras", "features")
    offsets: dict[str, int | None] = {}
    with naming(path), open(path, "w+b", buffering=0) as raw:
        file = _Patient(raw.fileno())
        with h5py.File(file, "w") as opened:
            for name, row in {row["file"]: row for row in run["layers"].values()}.items():
                stored = opened.create_dataset(name, (journal.rows, *row["shape"]), np.dtype(run["dtype"]))
                stored.attrs["layers"] = [layer for layer, each in run["layers"].items() if each["file"] == name]
                _copy(map_array(arrays / f"{name}.npy", stored.shape, run["dtype"]), stored, file)
                offsets[name] = stored.id.get_offset()
            opened.attrs["provenance"] = json.dumps(run)
            names = opened.create_dataset("image_names", (journal.rows,), h5py.string_dtype())
            kept = (os.fsencode(entry.name) for entry in journal.entries() if entry.error is None)
            for at in range(0, journal.rows, _NAMES_AT_ONCE):
                some = list(islice(kept, _NAMES_AT_ONCE))
                names[at : at + len(some)] = some
        if file.error is not None:
            raise file.error
        os.fsync(raw.fileno())
    return offsets


def _copy(array: NDArray[np.generic], stored: Any, file: "_Patient") -> None:
    step = max(1, _BYTES_AT_ONCE // max(1, array[:1].nbytes))
    for at in range(0, len(array), step):
        if file.error is None:
            stored[at : at + step] = array[at : at + step]


class _Patient(io.RawIOBase):
    """A file that takes every write, and keeps the first error.

    Attributes
    ----------
    error : OSError or None
    """

    def __init__(self, descriptor: int):
        super().__init__()
        self._descriptor, self._at = descriptor, 0
        self.error: OSError | None = None

    def seekable(self) -> bool:
        """Return True."""
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move."""
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: os.fstat(self._descriptor).st_size}[whence]
        self._at = start + offset
        return self._at

    def tell(self) -> int:
        """Return the place."""
        return self._at

    def readinto(self, buffer: Any) -> int:
        """Read; what is not there is zero."""
        view = memoryview(buffer).cast("B")
        count = os.preadv(self._descriptor, [view], self._at)
        view[count:] = bytes(len(view) - count)
        self._at += len(view)
        return len(view)

    def write(self, data: Any) -> int:
        """Write, or remember why not."""
        rest = memoryview(data).cast("B")
        end = self._at + len(rest)
        try:
            while rest and self.error is None:
                rest = rest[os.pwrite(self._descriptor, rest, end - len(rest)) :]
        except OSError as error:
            self.error = error
        self._at = end
        return len(memoryview(data).cast("B"))

    def truncate(self, size: int | None = None) -> int:
        """Set the size, or remember why not."""
        wanted = self._at if size is None else size
        try:
            os.ftruncate(self._descriptor, wanted)
        except OSError as error:
            self.error = self.error or error
        return wanted
