"""Image files and folders named on a command line."""

import os
import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..data.folder_listing import list_files, reasons
from ..images.decoding import read_image
from ..images.geometry import Geometry, Whole
from ..images.levels import Range
from ..runtime import get_num_threads


def image_files(names: Iterable[str]) -> list[str]:
    """Return the named files, and all images below the named folders, sorted by name within each folder.

    A named file is used whatever its extension. Below a folder the extension decides, as in `ImageFolder`, and a
    UserWarning counts the other files.

    Raises
    ------
    OSError
        A file does not exist, or a folder cannot be read.
    ValueError
        A folder without images.
    """
    files = []
    for name in names:
        if not os.path.isdir(name):
            os.stat(name)
            files.append(name)
            continue
        found, others = list_files(Path(name))
        left_out = ", ".join(f"{count} {why}" for why, count in reasons(others).items())
        if not found:
            raise ValueError(f"{name}: no images below this folder{left_out and f'; {left_out}'}")
        if left_out:
            warnings.warn(f"left out below {name}: {left_out}", UserWarning, stacklevel=2)
        files += map(str, found)
    return files


class ImageFiles:
    """Image files as a data set without labels; with `skips`, `errors` records those that cannot be read."""

    classes = None

    def __init__(self, files: Sequence[str], skips: bool, value_range: Range | None = None):
        self._files, self._skips, self._value_range = files, skips, value_range
        self.labels = np.zeros(len(files), np.int32)
        self.workers = min(len(files), get_num_threads())
        self.errors: dict[int, Exception] = {}

    @property
    def skipped(self) -> int:
        """The number of files that could not be read so far."""
        return len(self.errors)

    def __len__(self) -> int:
        return len(self._files)

    def image(self, index: int, geometry: Geometry | Whole) -> NDArray[np.uint8] | None:
        """Decode one file; None if it cannot be read and may be skipped."""
        try:
            return read_image(self._files[index], geometry, value_range=self._value_range)
        except (OSError, ValueError) as error:
            if not self._skips:
                raise
            self.errors[index] = error
            return None
