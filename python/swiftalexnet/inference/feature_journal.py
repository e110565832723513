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

from ..errors import MALFORMED, ConcurrentUseError
from ..files.atomic import write_all
from ..files.paths import naming, open_regular
from .feature_images import Entry

JOURNAL = "journal.jsonl"
_END = "end"


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
        self.path, self.images, self.rows, self.ended = folder / JOURNAL, 0, 0, False
        with naming(self.path):
            self._descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o666)
        try:
            self._lock()
            end = 0
            for size, content in self._lines():
                end += size
                self._count(content)
            os.ftruncate(self._descriptor, end)
            os.lseek(self._descriptor, end, os.SEEK_SET)
        except BaseException:
            self.close()
            raise

    def add(self, entries: Sequence[Entry]) -> None:
        """Record images whose features are on the disk."""
        self._write(entries, [list(entry) for entry in entries])

    def end(self) -> None:
        """Record that there are no more images."""
        self._write(None, _END)

    def clear(self) -> None:
        """Forget everything."""
        os.ftruncate(self._descriptor, 0)
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        self.images, self.rows, self.ended = 0, 0, False

    def entries(self) -> Iterator[Entry]:
        """Yield the images that are done."""
        for _, content in self._lines():
            if content is not None:
                yield from content

    def close(self) -> None:
        """Close the file and let others write."""
        os.close(self._descriptor)

    def _write(self, entries: Sequence[Entry] | None, content: object) -> None:
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
        self._count(entries)

    def _count(self, entries: Sequence[Entry] | None) -> None:
        if entries is None:
            self.ended = True
        else:
            self.images += len(entries)
            self.rows += sum(entry.error is None for entry in entries)

    def _lines(self) -> Iterator[tuple[int, list[Entry] | None]]:
        """Yield the length in bytes and the content of each whole line."""
        with open_regular(self.path) as file:
            for line in file:
                try:
                    content = _parse(line)
                except MALFORMED:  # the end of a file that had not reached the disk, or damage
                    return
                yield len(line), content

    def _lock(self) -> None:
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ConcurrentUseError(f"features: {self.path.parent} is being written by another process") from None
        except OSError as error:
            if error.errno not in (errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS):
                raise
        if os.fstat(self._descriptor).st_nlink == 0:  # whoever held the lock has ended and removed the file
            raise ConcurrentUseError(f"features: {self.path.parent} has just been written by another process")


def _parse(line: bytes) -> list[Entry] | None:
    """Return the entries of a line, None for the last one; raises one of MALFORMED for anything else."""
    content = json.loads(line)
    if not line.endswith(b"\n"):
        raise ValueError("a line without an end")
    if content == _END:
        return None
    for name, stamp, error in content:
        if not (isinstance(name, str) and isinstance(stamp, str) and isinstance(error, str | None)):
            raise ValueError("not an entry")
    if not all(isinstance(fields, list) for fields in (content, *content)):
        raise ValueError("not a list of entries")
    return [Entry(*fields) for fields in content]
