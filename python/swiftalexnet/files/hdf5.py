"""HDF5 files by h5py, after a look at every object: nothing but groups and plain arrays that lie in the file itself.

HDF5 can point a dataset at any file of the computer (external links, external storage, virtual datasets) and declare
arrays far larger than the file. All of these are refused before a value is read. Values that lie in the file as they
are, are read by their offset, without the library.
"""

import io
import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._support.optional import require
from ..errors import MALFORMED, CheckpointCorruptError, UnsupportedError
from .source import SourceFile

_MOST_OBJECTS = 10_000
_DEEPEST = 16
_LONGEST_NAME = 1024  # characters of a path
_MOST_DIMENSIONS = 8
_MOST_RATIO = 1000  # declared bytes for a stored one
_CHUNK_LIMIT = 32 << 20  # bytes; a chunk is unpacked as a whole
_TEXT_LIMIT = 4 << 20  # characters of an attribute
_SLACK = 64 << 20
_FILTERS = {1: "gzip", 2: "shuffle", 3: "fletcher32"}


class Dataset(NamedTuple):
    """An array in the file.

    Attributes
    ----------
    path : str
    shape : tuple of int
    dtype : numpy.dtype
    offset : int or None
        Where in the source its values begin, if they lie there as they are.
    """

    path: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    offset: int | None


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
    ):
        self._h5py: Any = require("h5py", extra, operation)
        self._file, self._offset = file, offset
        self._size = file.size - offset if size is None else size
        self.groups: dict[str, list[str]] = {}
        self.datasets: dict[str, Dataset] = {}
        with self._reading("it is damaged"):
            self._h5: Any = self._h5py.File(_Part(file, offset, self._size), "r")
            self._walk(skip)

    def texts(self, path: str, name: str) -> list[str] | None:
        """Return the texts of an attribute of a group; None if it has no such attribute.

        Raises
        ------
        CheckpointCorruptError
            It is damaged, holds no texts or too many.
        """
        h5a, label = self._h5py.h5a, f"attribute {name} of {path or 'the file'}"
        with self._reading(f"{label} is damaged"):
            if path not in self.groups:
                return None
            place = (self._h5[path] if path else self._h5).id
            if not h5a.exists(place, name.encode()):
                return None
            attribute = h5a.open(place, name.encode())
            count = attribute.get_space().get_simple_extent_npoints()
            if count == 0:
                return []
            if count > _MOST_OBJECTS or attribute.get_storage_size() > min(_TEXT_LIMIT, self._size):
                raise ValueError(f"{label} has {count:,} texts of {attribute.get_storage_size():,} bytes")
            if not isinstance(attribute.get_type(), self._h5py.h5t.TypeStringID):
                raise ValueError(f"{label} holds no text")
            values = np.asarray(self._h5[path or "/"].attrs[name], object).reshape(-1)
            texts = [value.decode() if isinstance(value, bytes) else str(value) for value in values]
            if sum(map(len, texts)) > _TEXT_LIMIT:
                raise ValueError(f"{label} is longer than {_TEXT_LIMIT:,} characters")
            return texts

    def read(self, dataset: Dataset, start: int, stop: int) -> NDArray[Any]:
        """Return elements `start` to `stop` of an array, in C order."""
        if dataset.offset is not None:
            return self._file.array(dataset.offset + start * dataset.dtype.itemsize, stop - start, dataset.dtype)
        with self._reading(f"{dataset.path} is damaged"):
            # Opened anew each time: an open dataset keeps megabytes of unpacked chunks.
            opened = self._h5[dataset.path]
            if not dataset.shape:
                return np.asarray(opened[()]).reshape(-1)[start:stop]
            row = math.prod(dataset.shape[1:])
            first, last = start // row, -(-stop // row)
            flat: NDArray[Any] = opened[first:last].reshape(-1)
            return flat[start - first * row : stop - first * row]

    def _walk(self, skip: tuple[str, ...]) -> None:
        """Look at every object that is not under `skip`."""
        waiting, seen, declared = [("", self._h5, 0)], set(), 0
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
                found = self._linked(group, name, place)
                # An object with two names could hold itself, or be counted twice.
                if (address := self._h5py.h5o.get_info(found.id).addr) in seen:
                    raise ValueError(f"{place} is another name of an object that it has already")
                seen.add(address)
                self.groups[path].append(name)
                if isinstance(found, self._h5py.Group):
                    inner.append((place, found, depth + 1))
                else:
                    dataset = self._checked(place, found)
                    declared += math.prod(dataset.shape) * dataset.dtype.itemsize
                    self.datasets[place] = dataset
                if declared > 2 * self._size + _SLACK:
                    raise ValueError(f"with {place} it declares {declared:,} bytes, and has {self._size:,}")
            waiting += reversed(inner)

    def _linked(self, group: Any, name: str, place: str) -> Any:
        """Return an object of a group, if it is one that a plain file has."""
        if len(place) > _LONGEST_NAME:
            raise ValueError(f"it has a name of {len(place):,} characters, expected at most {_LONGEST_NAME:,}")
        kind = self._h5py
        link = group.get(name, getlink=True)
        if not isinstance(link, kind.HardLink):
            raise UnsupportedError(f"{self._file}: {place} is a link, and no link is followed")
        found = group[name]
        if not isinstance(found, (kind.Group, kind.Dataset)):
            raise UnsupportedError(f"{self._file}: {place} is a {type(found).__name__}, expected groups and datasets")
        return found

    def _checked(self, path: str, dataset: Any) -> Dataset:
        """Return a dataset whose values lie in the file and are numbers."""
        h5d, properties = self._h5py.h5d, dataset.id.get_create_plist()
        layout = properties.get_layout()
        if properties.get_external_count() or layout not in (h5d.COMPACT, h5d.CONTIGUOUS, h5d.CHUNKED):
            raise UnsupportedError(f"{self._file}: the values of {path} lie in another file or dataset")
        # The type is looked at before numpy's is made: references and vlen data are never touched.
        if not isinstance(dataset.id.get_type(), (self._h5py.h5t.TypeFloatID, self._h5py.h5t.TypeIntegerID)):
            raise UnsupportedError(f"{self._file}: {path} holds no numbers")
        dtype, shape = dataset.dtype, dataset.shape
        if dtype.kind not in "fiu" or not self._h5py.h5t.py_create(dtype).equal(dataset.id.get_type()):
            raise UnsupportedError(f"{self._file}: {path} holds numbers of an unusual kind")
        if shape is None or len(shape) > _MOST_DIMENSIONS:
            raise ValueError(f"{path} has no shape, or more than {_MOST_DIMENSIONS} dimensions")
        self._check_filters(path, properties, layout == h5d.CHUNKED, dtype.itemsize)
        size, stored = math.prod(shape) * dtype.itemsize, dataset.id.get_storage_size()
        if size > _MOST_RATIO * stored or stored > self._size:
            raise ValueError(f"{path} declares {size:,} bytes, and {stored:,} are stored")
        offset = dataset.id.get_offset() if layout == h5d.CONTIGUOUS and size else None
        if offset is not None:
            if stored != size or offset + size > self._size:
                raise ValueError(f"{path} has {size:,} bytes, which do not lie in the file")
            offset += self._offset
        return Dataset(path, shape, dtype, offset)

    def _check_filters(self, path: str, properties: Any, chunked: bool, itemsize: int) -> None:
        for index in range(properties.get_nfilters()):
            if (code := properties.get_filter(index)[0]) not in _FILTERS:
                known = ", ".join(_FILTERS.values())
                raise UnsupportedError(f"{self._file}: {path} is packed by filter {code}, expected one of {known}")
        if chunked and (size := math.prod(properties.get_chunk()) * itemsize) > _CHUNK_LIMIT:
            raise UnsupportedError(f"{self._file}: {path} has chunks of {size:,} bytes, expected {_CHUNK_LIMIT:,}")

    @contextmanager
    def _reading(self, problem: str) -> Iterator[None]:
        """Turn the library's errors into ours; those of the system are left as they are."""
        try:
            yield
        except (MemoryError, NotImplementedError, CheckpointCorruptError):
            raise
        except (*MALFORMED, OSError, RuntimeError, SystemError) as error:
            if isinstance(error, OSError) and error.filename is None and error.errno is not None:
                raise
            raise CheckpointCorruptError(f"{self._file}: {problem}: {error}") from error


class _Part(io.RawIOBase):
    """Bytes of a file as a file."""

    def __init__(self, file: SourceFile, offset: int, size: int):
        super().__init__()
        self._file, self._offset, self._size, self._at = file, offset, size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, place: int, whence: int = io.SEEK_SET) -> int:
        self._at = place + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: Any) -> int:
        # All or nothing: the library does not notice when it gets less than it asked for.
        view = memoryview(buffer).cast("B")
        if self._at < 0 or self._at + len(view) > self._size:
            raise ValueError(f"it needs byte {self._at + len(view):,} of {self._size:,}")
        view[:] = self._file.read(self._offset + self._at, len(view))
        self._at += len(view)
        return len(view)
