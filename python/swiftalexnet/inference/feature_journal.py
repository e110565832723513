"""The record of an unfinished extraction: which images are done, one line of JSON after another, never rewritten.

A line is written after the features that it counts have reached the disk. So whatever ends the process, the lines that
are whole tell what is there, and what follows them is written again.
"""

import errno
import fcntl
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from ..errors import ConcurrentUseError
from ..files.atomic import write_all
from ..files.paths import naming
from .feature_images import Entry

_NAME = "journal.jsonl"


class Journal:
    """The journal in a folder, locked by the process that writes it.

    Attributes
    ----------
    images : int
        Images that are done, those that were left out among them.
    rows : int
        Images that have features.
    ended : bool
        Whether there are no more.

    Raises
    ------
    OSError
        It cannot be written.
    ConcurrentUseError
        Another process, or another call, is writing it.
    """

    def __init__(self, folder: Path):
        self.path, self.images, self.rows, self.ended = folder / _NAME, 0, 0, False
        with naming(self.path):
            self._descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o666)
        try:
            self._lock()
            end = 0
            for line in self._lines():
                end += len(line)
                self._count(line)
            os.ftruncate(self._descriptor, end)
            os.lseek(self._descriptor, end, os.SEEK_SET)
        except BaseException:
            self.close()
            raise

    def add(self, entries: Sequence[Entry]) -> None:
        """Record images whose features are on the disk."""
        self._write([list(entry) for entry in entries])

    def end(self) -> None:
        """Record that there are no more images."""
        self._write("end")

    def clear(self) -> None:
        """Forget everything."""
        os.ftruncate(self._descriptor, 0)
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        self.images, self.rows, self.ended = 0, 0, False

    def entries(self) -> Iterator[Entry]:
        """Yield the images that are done."""
        for line in self._lines():
            content = json.loads(line)
            if isinstance(content, list):
                yield from (Entry(*entry) for entry in content)

    def close(self) -> None:
        """Close the file and let others write."""
        os.close(self._descriptor)

    def _write(self, content: object) -> None:
        line = json.dumps(content).encode() + b"\n"
        end = os.lseek(self._descriptor, 0, os.SEEK_CUR)
        with naming(self.path):
            try:
                write_all(self._descriptor, line)
                os.fdatasync(self._descriptor)
            except BaseException:
                os.lseek(self._descriptor, end, os.SEEK_SET)
                os.ftruncate(self._descriptor, end)
                raise
        self._count(line)

    def _count(self, line: bytes) -> None:
        content = json.loads(line)
        if isinstance(content, list):
            self.images += len(content)
            self.rows += sum(error is None for _, _, error in content)
        self.ended |= content == "end"

    def _lines(self) -> Iterator[bytes]:
        """Yield the whole lines."""
        with open(self.path, "rb") as file:
            for line in file:
                try:
                    json.loads(line)
                except ValueError:  # the end of a file that had not reached the disk
                    return
                if not line.endswith(b"\n"):
                    return
                yield line

    def _lock(self) -> None:
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ConcurrentUseError(f"features: {self.path.parent} is being written by another process") from None
        except OSError as error:
            if error.errno not in (errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS):
                raise
