"""Temporary files that replace others once they are complete, and removal of those whose writers have died.

A writer keeps its file locked; a file without a lock has lost its writer and may be removed. Two machines on one
network disk may not see each other's locks, so a name contains the number that Linux draws at boot, and files of
another machine or from before a reboot are never removed. Process numbers would not work, because containers on one
disk have their own.
"""

import errno
import fcntl
import os
import stat
import struct
from contextlib import suppress

_NAME_KEPT = 50  # characters: a temporary name must not be too long if the name itself is not

# struct flock for the whole file. These locks belong to the open file: they exclude threads, and processes of all
# containers of a machine, and the system releases them with the file's last descriptor.
_WHOLE_FILE = struct.pack("hhqqi0q", fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)


def create(folder: str, name: str) -> tuple[str, int]:
    """Return path and descriptor of a new, empty, locked file that will become `name` in `folder`.

    Raises
    ------
    OSError
        It cannot be created.
    """
    while True:
        path = os.path.join(folder, f"{_prefix(name)}{_machine() or 'unknown'}-{os.urandom(4).hex()}")
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
        # Another process may have removed the file as stale before it was locked.
        if _lock(descriptor) is not False and os.fstat(descriptor).st_nlink:
            return path, descriptor
        os.close(descriptor)


def remove_stale(folder: str, name: str) -> None:
    """Remove temporary files of the file `name` whose writers are known to be dead."""
    if (machine := _machine()) is None:
        return
    with suppress(OSError):
        for entry in os.listdir(folder):
            if entry.startswith(f"{_prefix(name)}{machine}-"):
                with suppress(OSError):  # owned by another user, or already removed
                    _remove_unless_locked(os.path.join(folder, entry))


def _remove_unless_locked(path: str) -> None:
    descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        if stat.S_ISREG(os.fstat(descriptor).st_mode) and _lock(descriptor):
            os.unlink(path)
    finally:
        os.close(descriptor)


def _lock(descriptor: int) -> bool | None:
    """Lock a file; False if another process holds the lock, None if the file system has no such locks."""
    try:
        fcntl.fcntl(descriptor, fcntl.F_OFD_SETLK, _WHOLE_FILE)
    except OSError as error:
        return False if error.errno in (errno.EAGAIN, errno.EACCES) else None
    return True


def _prefix(name: str) -> str:
    return f".{name[:_NAME_KEPT]}.tmp-"


def _machine() -> str | None:
    """Return an identifier of this machine since its last boot; None if the system has none."""
    with suppress(OSError), open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
        return "boot" + file.read(8)
    return None
