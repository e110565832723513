"""A file while it arrives: `.NAME.partial` beside its target, locked by the process that writes it.

The lock is released with the file's last descriptor, however a process ends. The partial file stays for the next
attempt, unless it is empty.
"""

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from .atomic import sync_folder, write_all
from .paths import naming


class Partial:
    """An open, locked partial file."""

    def __init__(self, path: Path, target: Path, descriptor: int):
        self.path, self._target, self._descriptor = path, target, descriptor

    @property
    def size(self) -> int:
        """Bytes that have arrived."""
        return os.fstat(self._descriptor).st_size

    def begin_at(self, size: int) -> None:
        """Forget what follows `size` bytes, and write from there on."""
        os.ftruncate(self._descriptor, size)
        os.lseek(self._descriptor, size, os.SEEK_SET)

    def write(self, data: bytes) -> None:
        """Write all bytes."""
        with naming(self._target):
            write_all(self._descriptor, data)

    def finish(self) -> None:
        """Give the file its name; it survives a power failure."""
        with naming(self._target):
            os.fsync(self._descriptor)
            os.replace(self.path, self._target)
            sync_folder(str(self._target.parent))

    def remove(self) -> None:
        """Remove the file, if it has no name yet."""
        if _is_at(self._descriptor, self.path):
            with suppress(FileNotFoundError):
                os.unlink(self.path)


@contextmanager
def partial_of(target: Path) -> Iterator[Partial | None]:
    """Yield the partial file of a target; None if another process has finished or dropped it while this one waited.

    Raises
    ------
    OSError
        The folder cannot be written.
    """
    path = target.with_name(f".{target.name}.partial")
    with naming(path):
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o666)
    try:
        _lock(descriptor)
        if not _is_at(descriptor, path):
            yield None
            return
        partial = Partial(path, target, descriptor)
        try:
            yield partial
        finally:
            if not partial.size:
                partial.remove()
    finally:
        os.close(descriptor)


def _lock(descriptor: int) -> None:
    """Lock a file, once no other process holds it; where the file system has no locks, the digest still decides."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
    except OSError as error:
        if error.errno not in (errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS):
            raise


def _is_at(descriptor: int, path: Path) -> bool:
    """Whether a file is still the one with its name."""
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path, follow_symlinks=False))
    except FileNotFoundError:
        return False
