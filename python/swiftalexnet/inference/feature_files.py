"""Features on their way to the disk: appended file by file, committed together, given their names at the end.

| step | what a kill or a full disk leaves |
|---|---|
| rows are appended to the arrays in the folder of the unfinished run | rows that the journal does not count |
| every few seconds the arrays, then a line of the journal are forced to the disk | all images up to that line |
| at the end the headers get the number of rows, the arrays their names | the next call gives the others theirs |
| the JSON file beside the arrays is written | features that are complete |
"""

import errno
import os
import shutil
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._support.json import to_json
from .._support.output import warn
from ..files.atomic import write_all, write_atomically
from ..files.paths import naming
from .feature_arrays import array_header
from .feature_images import Entry
from .feature_journal import JOURNAL, Journal
from .feature_publishing import publish
from .feature_target import Target

SECONDS_BETWEEN_COMMITS = 5.0

RUN = "run.json"


class FeatureFiles:
    """The files of an extraction; a context manager that commits what is complete, however the block ends.

    Parameters
    ----------
    target : Target
    run : dict
        What the run is: see `feature_run.describe`.
    """

    def __init__(self, target: Target, run: Mapping[str, Any]):
        self._target, self._run = target, run
        self._pending: list[Entry] = []
        self._opened = ExitStack()
        self._descriptors: dict[str, int] = {}
        self._committed, self._failed = time.monotonic(), False
        if target.is_folder:
            target.path.mkdir(exist_ok=True)
        target.work.mkdir(exist_ok=True)
        _require_own(target)
        self.journal = Journal(target.work)
        self._opened.callback(self.journal.close)

    def __enter__(self) -> "FeatureFiles":
        return self

    def __exit__(self, *_: object) -> None:
        with self._opened, suppress(OSError):  # what the last commit counts is there
            self.commit()
            if not self.journal.images:  # nothing to go on with
                self.clear()

    def begin(self, anew: bool) -> None:
        """Open the arrays behind the rows that the journal counts.

        Parameters
        ----------
        anew : bool
            Forget what is there.

        Raises
        ------
        OSError
            They cannot be written.
        ValueError
            Rows that the journal counts are not there.
        """
        for row in self._run["layers"].values():
            if (final := self._target.final(row["file"])).is_dir():
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(final))
        if anew:
            self._forget()
        write_atomically(self._target.work / RUN, to_json(self._run).encode())
        if self.journal.ended:
            return
        for row in self._run["layers"].values():
            if row["node"] not in self._descriptors:
                self._open(row["node"], self._target.work / _array_name(row), tuple(row["shape"]))

    def append(self, entries: Sequence[Entry], rows: Mapping[str, NDArray[Any]]) -> None:
        """Write the features of some images, given by node, and commit them if it is time to.

        Raises
        ------
        OSError
            For example for lack of space; what was committed before is not lost.
        """
        if self._failed:  # what would follow the rows of a failed call is no row
            return
        self._failed = True
        for node, array in rows.items():
            if array.size:
                with naming(self._target.path):
                    write_all(self._descriptors[node], memoryview(array).cast("B"))
        self._pending += entries
        if time.monotonic() - self._committed >= SECONDS_BETWEEN_COMMITS:
            self.commit()
        self._failed = False

    def commit(self) -> None:
        """Make all images that were appended survive whatever may come."""
        entries, self._pending = self._pending, []  # of a sync that failed, another one might not tell
        if entries:
            for descriptor in self._descriptors.values():
                with naming(self._target.path):
                    os.fdatasync(descriptor)
            self.journal.add(entries)
        self._committed = time.monotonic()

    def finish(self) -> None:
        """Give the arrays their names and describe them; can be repeated until it succeeds.

        Raises
        ------
        OSError, ImportError
        """
        self.commit()
        if not self.journal.ended:
            for row in self._run["layers"].values():
                header = array_header((self.journal.rows, *row["shape"]), self._run["dtype"])
                with naming(self._target.path):
                    os.pwrite(self._descriptors[row["node"]], header, 0)
                    os.fsync(self._descriptors[row["node"]])
            self.journal.end()
        publish(self._target, self._run, self.journal)
        self.clear()

    def require_space(self, image_bytes: int, images: int) -> None:
        """Warn if what is left to write does not fit on the disk."""
        needed = image_bytes * (images - self.journal.images)
        if self._target.is_hdf5:  # which is put together at the end
            needed += image_bytes * images
        free = shutil.disk_usage(self._target.work).free
        if needed > free:
            warn(
                f"features: {needed:,} bytes are to be written to {self._target.path}, {free:,} are free: when the "
                "disk is full, make room and make the call again, which resumes it",
                stacklevel=4,
            )

    def _open(self, node: str, path: Path, shape: tuple[int, ...]) -> None:
        header = array_header((0, *shape), self._run["dtype"])
        row_bytes = int(np.prod(shape)) * np.dtype(self._run["dtype"]).itemsize
        end = len(header) + self.journal.rows * row_bytes
        with naming(path):
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o666)
            self._opened.callback(os.close, descriptor)
            if self.journal.rows and os.fstat(descriptor).st_size < end:
                raise ValueError(f"features: {path} is damaged: rows are missing; resume=False begins anew")
            os.ftruncate(descriptor, end if self.journal.rows else 0)
            os.pwrite(descriptor, header, 0)
            os.lseek(descriptor, end, os.SEEK_SET)
        self._descriptors[node] = descriptor

    def _forget(self) -> None:
        """Remove what an earlier run has left, but for the journal, which becomes empty."""
        with suppress(FileNotFoundError):
            (self._target.work / RUN).unlink()  # first: without it what is there belongs to no run
        for path in self._target.work.iterdir():
            if path != self.journal.path:
                path.unlink()
        self.journal.clear()

    def clear(self) -> None:
        """Remove the folder of the run, which has ended."""
        self._forget()
        with suppress(OSError):  # the journal's lock keeps its file while others wait
            self.journal.path.unlink()
            self._target.work.rmdir()


def _require_own(target: Target) -> None:
    """Refuse a folder of somebody else, whose files would be removed at the end.

    Raises
    ------
    FileExistsError
    """
    work = target.work
    if work.is_symlink() or (any(work.iterdir()) and not (work / JOURNAL).exists()):
        raise FileExistsError(
            errno.EEXIST, "This is not the folder of an unfinished extraction; move it, or give another out", str(work)
        )


def _array_name(row: Mapping[str, Any]) -> str:
    return f"{str(row['file']).removesuffix('.npy')}.npy"
