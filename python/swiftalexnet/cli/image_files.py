"""Files and folders of images, as they are named on a command line."""

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..decoding import read_picture
from ..picture_formats import extensions
from ..preprocessing import Geometry, Whole


def image_files(names: Iterable[str]) -> list[str]:
    """Return the files that are named, and all images below the folders that are, each in the order of its name.

    A file that is named is taken whatever its extension; hidden ones below a folder are not, as in `ImageFolder`.

    Raises
    ------
    OSError
        There is no such file, or a folder cannot be read.
    ValueError
        A folder without images.
    """
    files = []
    for name in names:
        if os.path.isdir(name):
            found = sorted(_below(name), key=lambda file: Path(file).parts)
            if not found:
                raise ValueError(f"{name}: no images below this folder")
            files += found
        else:
            os.stat(name)
            files.append(name)
    return files


def _below(folder: str) -> Iterator[str]:
    known = extensions()
    for parent, folders, files in os.walk(folder, onerror=_raise):
        folders[:] = [each for each in folders if not each.startswith(".")]
        for each in files:
            if not each.startswith(".") and os.path.splitext(each)[1].lower() in known:
                yield os.path.join(parent, each)


def _raise(error: OSError) -> None:
    raise error


class ImageFiles:
    """Image files as a data set without labels; with `skips`, those that cannot be read are noted in `errors`."""

    classes = None

    def __init__(self, files: Sequence[str], skips: bool):
        self._files, self._skips = files, skips
        self.labels = np.zeros(len(files), np.int32)
        self.workers = min(len(files), len(os.sched_getaffinity(0)))
        self.errors: dict[int, Exception] = {}

    @property
    def skipped(self) -> int:
        """How many could not be read so far."""
        return len(self.errors)

    def __len__(self) -> int:
        return len(self._files)

    def image(self, index: int, geometry: Geometry | Whole) -> NDArray[np.uint8] | None:
        """Decode one file; None if it cannot be read and may be skipped."""
        try:
            return read_picture(self._files[index], geometry)
        except (OSError, ValueError) as error:
            if not self._skips:
                raise
            self.errors[index] = error
            return None
