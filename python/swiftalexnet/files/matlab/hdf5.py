"""MATLAB's files of version 7.3, which are HDF5: structs are groups, cells are lists of references."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..hdf5.objects import REFERENCE, Dataset
from ..hdf5.reading import Hdf5File
from ..source import SourceFile
from .arrays import DEEPEST, LONGEST_TEXT, MOST_ARRAYS, MatArray

_OWN = ("#refs#", "#subsystem#")  # where MATLAB keeps what others refer to, and objects
_CLASS, _EMPTY = "MATLAB_class", "MATLAB_empty"


def variables_in_hdf5(file: SourceFile, operation: str) -> dict[str, MatArray]:
    """Return the variables of a file by name.

    Raises
    ------
    ImportError
        h5py is not installed.
    CheckpointCorruptError, UnsupportedError
        See `Hdf5File`.
    ValueError
        It holds more arrays than a network has, or arrays that hold themselves.
    """
    tree = _Tree(Hdf5File(file, "matlab", operation, skip=_OWN[1:], references=True))
    return {name: tree.array(name, 0) for name in tree.names if name not in _OWN}


class _Tree:
    def __init__(self, h5: Hdf5File):
        self._h5, self._count = h5, 0
        self.names = h5.groups[""]

    def array(self, path: str, depth: int) -> MatArray:
        """Return the array at a path."""
        self._count += 1
        if self._count > MOST_ARRAYS or depth > DEEPEST:
            raise ValueError(f"it has more than {MOST_ARRAYS:,} arrays, or more than {DEEPEST} within each other")
        if (names := self._h5.groups.get(path)) is not None:
            return MatArray((1, 1), fields={name: [self.array(f"{path}/{name}", depth + 1)] for name in names})
        dataset, kind = self._h5.datasets[path], (self._h5.texts(path, _CLASS) or [""])[0]
        if self._h5.has_attribute(path, _EMPTY):
            return MatArray((0, 0), text="" if kind == "char" else None)
        dims = dataset.shape[::-1]
        if dataset.dtype == REFERENCE:
            return MatArray(dims, cells=[self.array(target, depth + 1) for target in self._h5.targets(dataset)])
        if kind == "char":
            return MatArray(dims, text=self._text(dataset))
        return MatArray(dims, dataset.dtype, read=self._reader(dataset))

    def _reader(self, dataset: Dataset) -> Any:
        def read(start: int, stop: int) -> NDArray[Any]:
            return self._h5.read(dataset, start, stop)

        return read

    def _text(self, dataset: Dataset) -> str:
        count = int(np.prod(dataset.shape, dtype=object))
        if count > LONGEST_TEXT or dataset.dtype.kind != "u":
            raise ValueError(f"{dataset.path} is a text of {count:,} {dataset.dtype}")
        return self._h5.read(dataset, 0, count).astype("<u2").tobytes().decode("utf-16-le", "replace")
