"""Paths that callers gave, and regular files opened without waiting."""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path


def as_path(value: Any, name: str, operation: str) -> "Path":
    """Return a path that a caller gave: a str, bytes, or what has `__fspath__`.

    Raises
    ------
    TypeError
        Anything else; an integer, to which True belongs, would be an open file of the process.
    ValueError
        It is empty, which would be the current folder, or holds a NUL.
    """
    from pathlib import Path  # slow to import, for its size

    try:
        text = os.fsdecode(value)
    except TypeError:
        came = f"{value!r} of type {type(value).__name__}"
        raise TypeError(f"{operation}: {name} is {came}, expected a path: a str or os.PathLike") from None
    try:
        os.fsencode(text)
    except UnicodeEncodeError as error:
        raise ValueError(f"{operation}: {name} is {text!r}, which no file can be called: {error.reason}") from None
    if not text or "\0" in text:
        raise ValueError(f"{operation}: {name} is {text!r}, expected a path that is not empty and holds no NUL")
    return Path(text)


@contextmanager
def naming(path: str | os.PathLike[str]) -> Iterator[None]:
    """Name the file in an OSError of the block that names none, as those of `os.write` do."""
    try:
        yield
    except OSError as error:
        if error.filename is None and error.errno is not None:  # without a number it has its own words
            error.filename = os.fspath(path)
        raise


def open_regular(path: str | os.PathLike[str]) -> BufferedReader:
    """Open a file for reading, without waiting at a pipe or reading from a device.

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
