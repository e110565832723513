"""HDF5 files by h5py, after a look at every object: nothing but groups and plain arrays that lie in the file itself.

HDF5 can point a dataset at any file of the computer (external links, external storage, virtual datasets) and declare
arrays far larger than the file. All of these are refused before a value is read. Values that lie in the file as they
are, and texts of attributes, are read by their offset, without the library.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..._support.optional import require
from ...errors import MALFORMED, CheckpointCorruptError, UnsupportedError
from ..source import SourceFile
from .attributes import TextAttributes
from .objects import Dataset, check_chunks, dataset_in, linked
from .parts import FilePart

_MOST_OBJECTS = 10_000
_MOST_CHUNKS = 10_000  # of all datasets; the library keeps some kilobytes for each
_DEEPEST = 16
_SLACK = 64 << 20


class Hdf5File:
    """An HDF5 file, or a part of a file that is one, whose objects have been checked.

    Parameters
    ----------
    file : SourceFile
    extra : str
        The extra of this package that installs h5py.
    operation : str
        For messages.
    offset, size : int
        The part.
    skip : tuple of str
        Outermost groups that are not looked at, such as those of an optimizer.
    references : bool
        Whether datasets may be lists of other objects of the file, as MATLAB's cells are.

    Attributes
    ----------
    groups : dict of str to list of str
        The names in each group, by its path; the outermost is "".
    datasets : dict of str to Dataset
        By path, in the order of the groups.

    Raises
    ------
    ImportError
        h5py is not installed.
    CheckpointCorruptError
        The file is damaged, or declares more than it can hold.
    UnsupportedError
        It has an object of another kind, or a link or storage outside the file.
    """

    def __init__(
        self,
        file: SourceFile,
        extra: str,
        operation: str,
        offset: int = 0,
        size: int | None = None,
        skip: tuple[str, ...] = (),
        references: bool = False,
    ):
        self._h5py: Any = require("h5py", extra, operation)
        self._file, self._offset = file, offset
        self._size = file.size - offset if size is None else size
        self.groups: dict[str, list[str]] = {}
        self.datasets: dict[str, Dataset] = {}
        self._attributes = TextAttributes(self._bytes)
        self._headers: dict[str, int] = {}
        self._texts: dict[tuple[str, str], list[str] | None] = {}
        self._has: dict[tuple[str, str], bool] = {}
        self._checked: set[str] = set()
        with self._reading("it is damaged"):
            part = FilePart(file, offset, self._size)
            self._base = part.base
            self._h5: Any = self._h5py.File(part, "r")
            self._walk(skip, references)

    def texts(self, path: str, name: str) -> list[str] | None:
        """Return the texts of an attribute of an object; None if there is no such object or attribute.

        Raises
        ------
        CheckpointCorruptError
            It is damaged, holds no texts or too many.
        UnsupportedError
            It is of a form that neither Keras nor MATLAB writes.
        """
        if path in self._headers and (path, name) not in self._texts:
            with self._reading(f"attribute {name} of {path or 'the file'} is damaged"):
                self._texts[path, name] = self._attributes.texts(self._headers[path], name)
        return self._texts.get((path, name))

    def has_attribute(self, path: str, name: str) -> bool:
        """Whether an object has an attribute."""
        if (path, name) not in self._has:
            with self._reading(f"{path} is damaged"):
                self._has[path, name] = bool(self._h5py.h5a.exists(self._h5[path].id, name.encode()))
        return self._has[path, name]

    def read(self, dataset: Dataset, start: int, stop: int) -> NDArray[Any]:
        """Return elements `start` to `stop` of an array, in C order."""
        if dataset.offset is not None:
            first = self._offset + dataset.offset + start * dataset.dtype.itemsize
            return self._file.array(first, stop - start, dataset.dtype)
        with self._reading(f"{dataset.path} is damaged"):
            # Opened anew each time: an open dataset keeps megabytes of unpacked chunks.
            opened = self._h5[dataset.path]
            if dataset.path not in self._checked:
                check_chunks(dataset.path, opened)
                self._checked.add(dataset.path)
            if not dataset.shape:
                return np.asarray(opened[()]).reshape(-1)[start:stop]
            place, sides = list[int](), dataset.shape
            while len(sides) > 1 and start // (row := math.prod(sides[1:])) == (stop - 1) // row:
                place.append(start // row)
                start, stop, sides = start % row, (stop - 1) % row + 1, sides[1:]
            row = math.prod(sides[1:])
            above = start // row
            flat: NDArray[Any] = opened[(*place, slice(above, -(-stop // row)))].reshape(-1)
            return flat[start - above * row : stop - above * row]

    def targets(self, dataset: Dataset) -> list[str]:
        """Return the paths of the objects that a dataset of references lists.

        Raises
        ------
        CheckpointCorruptError
            One of them is no object that has been checked.
        """
        with self._reading(f"{dataset.path} is damaged"):
            places = np.empty(dataset.shape, np.uint64)
            opened, every = self._h5[dataset.path].id, self._h5py.h5s.ALL
            # As the numbers that they are: the library is not asked to follow them.
            opened.read(every, every, places, self._h5py.h5t.STD_REF_OBJ)
            return [self._paths[place] for place in places.reshape(-1).tolist()]

    @cached_property
    def _paths(self) -> dict[int, str]:
        """The objects by the places of their headers."""
        return {place: path for path, place in self._headers.items()}

    def _bytes(self, place: int, count: int) -> bytes:
        """Return bytes of the part, at a place as HDF5 counts."""
        place += self._base
        if place + count > self._size:
            raise ValueError(f"it needs byte {place + count:,} of {self._size:,}")
        return self._file.read(self._offset + place, count)

    def _walk(self, skip: tuple[str, ...], references: bool) -> None:
        """Look at every object that is not under `skip`."""
        waiting, declared, chunks = [("", self._h5, 0)], 0, 0
        self._headers[""] = self._h5py.h5o.get_info(self._h5.id).addr
        seen: set[int] = set()
        while waiting:
            path, group, depth = waiting.pop()
            if depth > _DEEPEST:
                raise ValueError(f"{path} lies deeper than {_DEEPEST} groups")
            if len(seen) + len(group) > _MOST_OBJECTS:
                raise ValueError(f"it has more than {_MOST_OBJECTS:,} objects")
            self.groups[path] = []
            inner = []
            for name in group:
                if not path and name in skip:
                    continue
                place = f"{path}/{name}" if path else name
                found = linked(self._h5py, group, name, place)
                # An object with two names could hold itself, or be counted twice.
                if (address := self._h5py.h5o.get_info(found.id).addr) in seen:
                    raise ValueError(f"{place} is another name of an object that it has already")
                seen.add(address)
                self._headers[place] = address
                self.groups[path].append(name)
                if isinstance(found, self._h5py.Group):
                    inner.append((place, found, depth + 1))
                else:
                    dataset = dataset_in(self._h5py, place, found, self._size, references)
                    declared += math.prod(dataset.shape) * dataset.dtype.itemsize
                    chunks += dataset.chunks
                    self.datasets[place] = dataset
                if chunks > _MOST_CHUNKS:
                    raise UnsupportedError(f"with {place} it has {chunks:,} chunks, expected at most {_MOST_CHUNKS:,}")
                if declared > 2 * self._size + _SLACK:
                    raise ValueError(f"with {place} it declares {declared:,} bytes, and has {self._size:,}")
            waiting += reversed(inner)

    @contextmanager
    def _reading(self, problem: str) -> Iterator[None]:
        """Turn the library's errors into ours; those of the system are left as they are."""
        try:
            yield
        except NotImplementedError as error:
            raise UnsupportedError(f"{self._file}: {error}") from error
        except (MemoryError, CheckpointCorruptError):
            raise
        except (*MALFORMED, OSError, RuntimeError, SystemError) as error:
            if isinstance(error, OSError) and error.filename is None and error.errno is not None:
                raise
            raise CheckpointCorruptError(f"{self._file}: {problem}: {error}") from error
