"""Where features are written: a folder, a .npy or a .h5 file; what describes it; the folder of an unfinished run."""

import errno
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .._support.optional import require
from .._support.shown import shown
from ..files.paths import as_path

_HDF5 = (".h5", ".hdf5")
_OTHERS = (".npz", ".csv", ".json", ".mat", ".pkl", ".pt", ".pth", ".txt", ".parquet")  # which are not written


class Target:
    """The names of all files of one extraction.

    Attributes
    ----------
    path : Path
        A folder, or a file that ends in .npy, .h5 or .hdf5.
    is_folder, is_hdf5 : bool
    work : Path
        The folder of a run that has not ended.
    sidecar : Path
        The JSON file that says what the arrays are; it is written last.

    Raises
    ------
    TypeError, ValueError
        Not a path, or a file of another kind.
    """

    def __init__(self, out: Any, operation: str):
        path = self.path = as_path(out, "out", operation)
        if path.suffix.lower() in _OTHERS:
            raise ValueError(f"{operation}: out is {shown(str(path))}, expected a folder, or a .npy or .h5 file")
        self.is_hdf5 = path.suffix.lower() in _HDF5
        self.is_folder = not self.is_hdf5 and path.suffix.lower() != ".npy"
        self.work = path / ".partial" if self.is_folder else path.with_name(f".{path.name}.partial")
        self.sidecar = path / "features.json" if self.is_folder else path.with_name(f"{path.name}.json")

    def check(self) -> None:
        """Raise, before any work, unless there is such a folder or file, or one can be made.

        Raises
        ------
        OSError
            There is something else, or the folder around it is missing.
        ImportError
            A .h5 file, and h5py is not installed.
        """
        if self.is_hdf5:
            require("h5py", "keras", "features")
        if self.is_folder == self.path.is_file() and self.path.exists():
            number = errno.ENOTDIR if self.is_folder else errno.EISDIR
            raise OSError(number, os.strerror(number), str(self.path))
        os.stat(self.path.parent)

    def files(self, nodes: Sequence[str], operation: str) -> dict[str, str]:
        """Return the name of each node's file, or of its HDF5 data set: the node's, as far as a file can have it.

        Raises
        ------
        ValueError
            Several nodes for a .npy file.
        """
        if len(nodes) > 1 and not self.is_folder and not self.is_hdf5:
            raise ValueError(
                f"{operation}: {self.path} holds one layer, got {', '.join(nodes)}: expected a folder or .h5"
            )
        chosen: dict[str, str] = {}
        for node in nodes:
            stem = re.sub(r"[^\w.-]", "_", node, flags=re.ASCII).lstrip(".")[:100] or "layer"
            taken = {name.lower() for name in chosen.values()}  # for file systems that do not tell case
            number = next(n for n in range(1, len(chosen) + 2) if self._name(stem, n).lower() not in taken)
            chosen[node] = self._name(stem, number)
        return chosen

    def final(self, name: str) -> Path:
        """Return where an array's file ends up; all arrays of an HDF5 file are in one."""
        return self.path / name if self.is_folder else self.path

    def _name(self, stem: str, number: int) -> str:
        end = "" if number == 1 else f"-{number}"
        return f"{stem}{end}" if self.is_hdf5 else f"{stem}{end}.npy"
