"""CIFAR-10 (Krizhevsky 2009): 50,000 training and 10,000 test images of 32 × 32 pixels in ten classes."""

import os
import zipfile
from pathlib import Path

from ..._support.choices import choose
from ...files.digest import Digest
from ...files.download import Remote, fetch
from ...files.paths import as_path, open_regular
from ..array import ArrayDataset
from .batches import FOLDERS, Cifar, is_batch_folder, read_batch_archive, read_batch_folder
from .images import is_image_folder, read_image_archive, read_image_folder

_SITE = "https://www.cs.toronto.edu/~kriz"
ARCHIVES = {
    "binary": Remote(
        f"{_SITE}/cifar-10-binary.tar.gz",
        Digest("sha256", "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd"),
        170_052_171,
    ),
    "python": Remote(
        f"{_SITE}/cifar-10-python.tar.gz",
        Digest("sha256", "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce"),
        170_498_071,
    ),
}


def _name(kind: str) -> str:
    return f"cifar-10-{kind}.tar.gz"


def cifar10(
    path: str | os.PathLike[str],
    download: bool | str = False,
    cache: str | os.PathLike[str] | None = None,
    progress: bool = True,
) -> tuple[ArrayDataset, ArrayDataset]:
    """Read CIFAR-10 into memory, 184 MB.

    Parameters
    ----------
    path : path
        One of: the official archive cifar-10-binary.tar.gz or cifar-10-python.tar.gz, or the folder it unpacks to; a
        zip archive of `{train,test}/<class>/NNNN.jpg`, or such a folder; a folder that contains an official archive.
        The pickles of the Python archive are read without running any of their code.
    download : bool or {"binary", "python"}
        Download an official archive, by default the binary one of 170 MB, into the folder `path` if it has none yet.
        Its SHA-256 is checked before the file gets its name; an interrupted download goes on where it ended.
    cache : path, optional
        A .npz file for decoded JPEG images, which makes the next call fast as long as the files do not change.
    progress : bool
        Show a bar while downloading.

    Returns
    -------
    train, test : ArrayDataset
        With the names of the classes. Images are in the order of the files; image files are sorted by class and name.

    Raises
    ------
    OSError
        Something is missing or not readable, or the download failed.
    ValueError
        Files that are damaged, truncated, or not CIFAR-10.
    """
    place = as_path(path, "path", "cifar10")
    kept = None if cache is None else as_path(cache, "cache", "cifar10")
    if download:
        kind = choose("cifar10", "download", "binary" if download is True else download, ARCHIVES)
        if place.exists() and not place.is_dir():
            raise NotADirectoryError(f"cifar10: {place} is a file, expected a folder to download into")
        if _in_folder(place) is None:
            fetch(ARCHIVES[kind], place / _name(kind), progress)
    data = _read(place, kept)
    train, test = (ArrayDataset(*part, data.classes) for part in (data.train, data.test))
    return train, test


def _read(path: Path, cache: Path | None) -> Cifar:
    if path.is_dir():
        found = _in_folder(path)
        if found is None:
            raise ValueError(f"cifar10: {path} contains no CIFAR-10 batches, train and test folders, or archive")
        if not found.is_dir():
            return read_batch_archive(found)
        return read_batch_folder(found) if is_batch_folder(found) else read_image_folder(found, cache)
    with open_regular(path) as file:
        is_zip = zipfile.is_zipfile(file)
    return read_image_archive(path, cache) if is_zip else read_batch_archive(path)


def _in_folder(folder: Path) -> Path | None:
    """Return the folder of batches or images, or the official archive, that `folder` is or contains."""
    for each in (folder, *(folder / name for name in FOLDERS)):
        if is_batch_folder(each):
            return each
    if is_image_folder(folder):
        return folder
    archives = (folder / _name(kind) for kind in ARCHIVES)
    return next((archive for archive in archives if archive.exists()), None)
