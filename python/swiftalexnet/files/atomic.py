"""Atomic writing: whatever happens, a file has either its old content or the complete new one.

The steps are: create a temporary file in the same folder, write, fsync, rename, fsync the folder. A temporary file left
by a killed process is removed by the next write to the same name.
"""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from . import temporary_files
from .paths import as_path, naming

if TYPE_CHECKING:
    pass


def write_atomically(path: str | os.PathLike[str], data: bytes) -> None:
    """Replace the content of `path` with `data`: see `replacing`."""
    with replacing(path) as descriptor:
        write_all(descriptor, data)
        check_size(descriptor, len(data))


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[int]:
    """Yield the descriptor of an empty file that replaces `path` when the block ends without an error.

    An existing file keeps its permissions; a new one gets those of the umask. A symbolic link is followed.

    Raises
    ------
    OSError
        With the system's errno, for example ENOSPC, and the path; the old file is unchanged and no temporary file
        remains. Only if the last step, the sync of the folder, fails, the new file is already in place, but a power
        failure may restore the old one.
    """
    target = os.path.realpath(as_path(path, "path", "write"))
    mode = _mode_of(target)
    folder, name = os.path.split(target)
    temporary_files.remove_stale(folder, name)
    with naming(target):
        temporary, descriptor = temporary_files.create(folder, name)
        try:
            if mode is not None:
                os.fchmod(descriptor, mode)
            yield descriptor
            os.fsync(descriptor)
            os.replace(temporary, target)
        except BaseException:  # including Ctrl-C
            with suppress(FileNotFoundError):
                os.unlink(temporary)
            raise
        finally:
            os.close(descriptor)  # also releases the lock
        sync_folder(folder)


def write_all(descriptor: int, data: bytes | memoryview) -> None:
    """Write all bytes, in as many calls as the system needs."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def check_size(descriptor: int, size: int) -> None:
    """Raise OSError if the size of the file is not the number of bytes written."""
    if os.fstat(descriptor).st_size != size:
        raise OSError(errno.EIO, "The file's size differs from the number of bytes written")


def check_target(path: str | os.PathLike[str]) -> None:
    """Raise, before long work, if `write_atomically` could not write a path.

    Raises
    ------
    OSError
        It is a folder, a device or a pipe, or its folder is missing or not writable.
    """
    target = os.path.realpath(as_path(path, "path", "write"))
    _mode_of(target)
    folder = os.path.dirname(target)
    os.stat(folder)
    if not os.access(folder, os.W_OK | os.X_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), folder)


def _mode_of(target: str) -> int | None:
    """Return the permissions to keep, or None for a new file; refuse folders, devices and pipes."""
    try:
        mode = os.stat(target).st_mode
    except FileNotFoundError:
        return None
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), target)
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, "Not a regular file", target)
    return stat.S_IMODE(mode)


def sync_folder(folder: str) -> None:
    """Make a completed rename in the folder survive a power failure."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
