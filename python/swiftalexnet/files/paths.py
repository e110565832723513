"""Paths from callers, and regular files opened without blocking."""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from typing import TYPE_CHECKING, Any

from .._support.shown import shown

if TYPE_CHECKING:
    from pathlib import Path


def as_path(value: Any, name: str, operation: str) -> "Path":
    """Return a caller's path: a str, bytes, or an object with `__fspath__`.

    Raises
    ------
    TypeError
        Anything else; an integer, such as True, would be an open file of the process.
    ValueError
        It is empty, which would be the current folder, or contains a NUL.
    """
    from pathlib import Path  # slow to import

    try:
        text = os.fsdecode(value)
    except TypeError:
        came = f"{shown(value)} of type {type(value).__name__}"
        raise TypeError(f"{operation}: {name} is {came}, expected a path: a str or os.PathLike") from None
    try:
        os.fsencode(text)
    except UnicodeEncodeError as error:
        raise ValueError(f"{operation}: {name} is {text!r}, which cannot be a file name: {error.reason}") from None
    if not text or "\0" in text:
        raise ValueError(f"{operation}: {name} is {text!r}, expected a path that is not empty and contains no NUL")
    return Path(text)


@contextmanager
def naming(path: str | os.PathLike[str]) -> Iterator[None]:
    """Add the file name to an OSError of the block that has none, such as one from `os.write`."""
    try:
        yield
    except OSError as error:
        if error.filename is None and error.errno is not None:  # without a number it has its own message
            error.filename = os.fspath(path)
        raise


def open_regular(path: str | os.PathLike[str]) -> BufferedReader:
    """Open a file for reading, without blocking at a pipe or reading from a device.

    Raises
    ------
    OSError
        It cannot be opened, or is not a regular file.
    """
    file = open(as_path(path, "path", "open"), "rb", opener=_open_without_waiting)  # noqa: SIM115 (the caller closes it)
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise OSError(errno.EINVAL, "Not a regular file", str(path))
    return file


def _open_without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK | os.O_CLOEXEC)
