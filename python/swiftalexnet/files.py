"""Open only regular files, and write a file so that, whatever happens, the old content or the new is there, whole.

Writing: temporary file in the same folder, write, fsync, rename, fsync of the folder. A temporary file that a killed
process left behind is removed by the next write to the same name.
"""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BufferedReader

# Temporary files that threads of this process are writing; any other with its number is of a process before it.
_in_work: set[str] = set()


def open_regular(path: str | os.PathLike[str]) -> BufferedReader:
    """Open a file for reading, without waiting at a pipe or reading from a device.

    Raises
    ------
    OSError
        It cannot be opened, or is not a regular file.
    """
    file = open(path, "rb", opener=_open_without_waiting)  # noqa: SIM115 (the caller closes it)
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise OSError(errno.EINVAL, "Not a regular file", str(path))
    return file


def _open_without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK | os.O_CLOEXEC)


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
        With the system's errno, for instance ENOSPC; the old file is untouched and no temporary file remains. Only
        when it comes from the last step, the sync of the folder, the new file is in place already, but a loss of power
        may bring the old one back.
    """
    target = os.path.realpath(os.fsdecode(path))
    mode = _mode_of(target)
    folder, name = os.path.split(target)
    remove_stale(folder, name)
    temporary = os.path.join(folder, f"{_prefix(name)}{os.getpid()}-{os.urandom(4).hex()}")
    _in_work.add(temporary)
    try:
        with _renamed(temporary, target, mode) as descriptor:
            yield descriptor
    finally:
        _in_work.discard(temporary)
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
    target = os.path.realpath(os.fsdecode(path))
    _mode_of(target)
    folder = os.path.dirname(target)
    os.stat(folder)
    if not os.access(folder, os.W_OK | os.X_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), folder)


@contextmanager
def _renamed(temporary: str, target: str, mode: int | None) -> Iterator[int]:
    """Make a file, yield its descriptor, and rename it when all is written; remove it after an error."""
    descriptor = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    try:
        try:
            if mode is not None:
                os.fchmod(descriptor, mode)
            yield descriptor
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        os.replace(temporary, target)
    except BaseException:  # also Ctrl-C
        with suppress(FileNotFoundError):
            os.unlink(temporary)
        raise


def remove_stale(folder: str, name: str) -> None:
    """Remove temporary files of the file `name` that nobody is writing; those of other users stay."""
    with suppress(OSError):
        for entry in os.listdir(folder):
            pid = entry.removeprefix(_prefix(name)).partition("-")[0]
            if entry.startswith(_prefix(name)) and pid.isdecimal():
                _remove_if_stale(os.path.join(folder, entry), int(pid))


def _remove_if_stale(path: str, pid: int) -> None:
    if path not in _in_work if pid == os.getpid() else not _alive(pid):
        with suppress(OSError):
            os.unlink(path)


def _prefix(name: str) -> str:
    return f".{name}.tmp-"


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


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True
