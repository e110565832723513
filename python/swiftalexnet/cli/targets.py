"""Files that a command writes: checked before any work; an existing file is replaced only with --force."""

import errno
import os
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from .._support.optional import require
from ..files.atomic import check_target, write_atomically

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def check_new(path: str | os.PathLike[str], force: bool) -> Path:
    """Return a path that can be written.

    Raises
    ------
    OSError
        The file exists and `force` is False, or it could not be written.
    """
    check_target(path)
    refuse_existing(path, force, "or choose another name")
    return Path(path)


def refuse_existing(path: str | os.PathLike[str], force: bool, otherwise: str) -> None:
    """Raise FileExistsError, with the ways out in its message, if a file exists and must not be replaced."""
    if not force and os.path.exists(path):
        raise FileExistsError(errno.EEXIST, f"already exists; --force replaces it, {otherwise}", os.fspath(path))


def check_figure(path: str | os.PathLike[str], force: bool) -> Callable[["Figure"], None]:
    """Check the path and format of a figure, and return a function that writes it atomically.

    Raises
    ------
    OSError
        As `check_new`.
    ValueError
        matplotlib does not know the suffix.
    ImportError
        matplotlib is not installed.
    """
    target = check_new(path, force)
    base = require("matplotlib.backend_bases", "plots", "drawing").FigureCanvasBase
    kind, known = target.suffix[1:].lower(), base.get_supported_filetypes()
    if kind not in known:
        raise ValueError(f"{target}: unknown kind of image {kind!r}, expected one of {', '.join(sorted(known))}")

    def write(figure: "Figure") -> None:
        buffer = BytesIO()
        figure.savefig(buffer, format=kind)
        write_atomically(target, buffer.getvalue())

    return write
