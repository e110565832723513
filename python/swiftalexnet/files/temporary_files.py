"""Temporary files that replace others when they are whole, and what is left of those whose writers died.

A writer locks its file while it lives; a file without a lock has lost its writer and may be removed. Two
machines on one network disk need not see each other's locks, so a name tells the machine, by the number that Linux
draws when it starts, and files of another machine or of a time before a restart are never removed. Process numbers
would not do: containers on one disk count their own.
"""

import errno
import fcntl
import os
import stat
import struct
from contextlib import suppress

_NAME_KEPT = 50  # characters: a temporary name must not be too long where the name itself is not

# struct flock of the whole file. These locks belong to the open file: threads, and processes of all containers of a
# machine, exclude each other, and the system lets go of them with the file's last descriptor.
_WHOLE_FILE = struct.pack("hhqqi0q", fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)


def create(folder: str, name: str) -> tuple[str, int]:
    """Return path and descriptor of a new, empty, locked file that will become `name` in `folder`.

    Raises
    ------
    OSError
        It cannot be made.
    """
    while True:
        path = os.path.join(folder, f"{_prefix(name)}{_machine() or 'unknown'}-{os.urandom(4).hex()}")
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
        # Somebody who tidies up may have been faster than the lock, and has removed the file then.
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
                with suppress(OSError):  # of another user, or gone meanwhile
                    _remove_unless_locked(os.path.join(folder, entry))


def _remove_unless_locked(path: str) -> None:
    descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        if stat.S_ISREG(os.fstat(descriptor).st_mode) and _lock(descriptor):
            os.unlink(path)
    finally:
        os.close(descriptor)


def _lock(descriptor: int) -> bool | None:
    """Lock a file; False if another process holds the lock, None where there are no such locks."""
    try:
        fcntl.fcntl(descriptor, fcntl.F_OFD_SETLK, _WHOLE_FILE)
    except OSError as error:
        return False if error.errno in (errno.EAGAIN, errno.EACCES) else None
    return True


def _prefix(name: str) -> str:
    return f".{name[:_NAME_KEPT]}.tmp-"


def _machine() -> str | None:
    """Return what tells this machine since its start from all others; None where the system does not say."""
    with suppress(OSError), open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
        return "boot" + file.read(8)
    return None
