"""Paths, regular files only, and writing so that, whatever happens, the old content or the new is there, whole.

Writing: temporary file in the same folder, write, fsync, rename, fsync of the folder. A temporary file that a killed
process left behind is removed by the next write to the same name.
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
    """Replace the content of `path` by `data`: see `replacing`."""
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
        With the system's errno, for instance ENOSPC, and the path; the old file is untouched and no temporary file
        remains. Only when it comes from the last step, the sync of the folder, the new file is in place already, but a
        loss of power may bring the old one back.
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
        except BaseException:  # also Ctrl-C
            with suppress(FileNotFoundError):
                os.unlink(temporary)
            raise
        finally:
            os.close(descriptor)  # and release the lock, which is no longer needed
        _sync_folder(folder)


def write_all(descriptor: int, data: bytes | memoryview) -> None:
    """Write every byte, however few the system takes at once."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def check_size(descriptor: int, size: int) -> None:
    """Raise OSError if the file has not as many bytes as were written."""
    if os.fstat(descriptor).st_size != size:
        raise OSError(errno.EIO, "The file has another size than what was written")


def check_target(path: str | os.PathLike[str]) -> None:
    """Refuse, before long work, a path that `write_atomically` could not write.

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
    """Return the permissions to keep, None for a new file; refuse folders, devices and pipes."""
    try:
        mode = os.stat(target).st_mode
    except FileNotFoundError:
        return None
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), target)
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, "Not a regular file", target)
    return stat.S_IMODE(mode)


def _sync_folder(folder: str) -> None:
    """Make a rename in the folder outlast a loss of power; it has happened already, whatever is raised here."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
