"""What an HDF5 file may hold: groups, and datasets of numbers whose values lie in the file itself."""

import math
import zlib
from typing import Any, NamedTuple

import numpy as np

from ...errors import UnsupportedError

_LONGEST_NAME = 1024  # characters of a path
_MOST_DIMENSIONS = 8
_MOST_RATIO = 1000  # declared bytes for a stored one
_CHUNK_LIMIT = 32 << 20  # bytes; a chunk is unpacked as a whole
REFERENCE = np.dtype((np.void, 8))  # of a place in the file
_GZIP, _CHECKSUM, _OVERHEAD = 1, 4, 1024  # a filter's code; bytes of fletcher32, and of gzip around little
_FILTERS = {_GZIP: "gzip", 2: "shuffle", 3: "fletcher32"}


class Dataset(NamedTuple):
    """An array in the file.

    Attributes
    ----------
    path : str
    shape : tuple of int
    dtype : numpy.dtype
        `REFERENCE` for a list of other objects.
    offset : int or None
        Where in the source its values begin, if they lie there as they are.
    chunks : int
        Number of parts that its values lie in, if they do not.
    """

    path: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    offset: int | None
    chunks: int


def linked(h5py: Any, group: Any, name: str, place: str) -> Any:
    """Return an object of a group, if it is one that a plain file has."""
    if len(place) > _LONGEST_NAME:
        raise ValueError(f"it has a name of {len(place):,} characters, expected at most {_LONGEST_NAME:,}")
    link = group.get(name, getlink=True)
    if not isinstance(link, h5py.HardLink):
        raise UnsupportedError(f"{place} is a link, and no link is followed")
    found = group[name]
    if not isinstance(found, (h5py.Group, h5py.Dataset)):
        raise UnsupportedError(f"{place} is a {type(found).__name__}, expected groups and datasets")
    return found


def dataset_in(h5py: Any, path: str, dataset: Any, size_of_file: int, references: bool) -> Dataset:
    """Return a dataset whose values lie in the file and are numbers."""
    h5d, properties = h5py.h5d, dataset.id.get_create_plist()
    layout = properties.get_layout()
    if properties.get_external_count() or layout not in (h5d.COMPACT, h5d.CONTIGUOUS, h5d.CHUNKED):
        raise UnsupportedError(f"the values of {path} lie in another file or dataset")
    dtype, shape = _dtype_of(h5py, path, dataset, references), dataset.shape
    if shape is None or len(shape) > _MOST_DIMENSIONS:
        raise ValueError(f"{path} has no shape, or more than {_MOST_DIMENSIONS} dimensions")
    _check_filters(path, properties, layout == h5d.CHUNKED, dtype.itemsize)
    size, stored = math.prod(shape) * dtype.itemsize, dataset.id.get_storage_size()
    if size > _MOST_RATIO * stored or stored > size_of_file:
        raise ValueError(f"{path} declares {size:,} bytes, and {stored:,} are stored")
    offset = dataset.id.get_offset() if layout == h5d.CONTIGUOUS and size else None
    if offset is not None and (stored != size or offset + size > size_of_file):
        raise ValueError(f"{path} has {size:,} bytes, which do not lie in the file")
    sides = properties.get_chunk() if layout == h5d.CHUNKED else ()
    chunks = math.prod(-(-side // part) for side, part in zip(shape, sides, strict=True)) if sides else 0
    return Dataset(path, shape, dtype, offset, chunks)


def check_chunks(path: str, dataset: Any) -> None:
    """Unpack every chunk of a packed dataset within its declared size: the library unpacks whatever comes out.

    Raises
    ------
    ValueError
        A chunk unpacks to more, or is longer than it could be.
    """
    codes = _filters(dataset.id.get_create_plist())
    if _GZIP not in codes:
        return
    most = math.prod(dataset.chunks) * dataset.dtype.itemsize + _CHECKSUM

    def check(chunk: Any) -> None:
        if chunk.size > most + most // 100 + _OVERHEAD:
            raise ValueError(f"a chunk of {path} has {chunk.size:,} bytes, which unpack to {most:,}")
        # A bit of the mask is set for a filter that was left out, as gzip is where it does not help.
        if not chunk.filter_mask >> codes.index(_GZIP) & 1:
            _check_packed(dataset.id.read_direct_chunk(chunk.chunk_offset)[1], most, f"a chunk of {path}")

    # To ask for one chunk after another by number, the library would go through all chunks before it each time.
    dataset.id.chunk_iter(check)


def _check_packed(packed: bytes, most: int, what: str) -> None:
    unpacker = zlib.decompressobj()
    try:
        size = len(unpacker.decompress(packed, most + 1))
    except zlib.error as error:
        raise ValueError(f"{what} is damaged: {error}") from error
    if size > most or not unpacker.eof:
        raise ValueError(f"{what} unpacks to more than {most:,} bytes, or is cut short")


def _filters(properties: Any) -> list[int]:
    """Return the codes of the filters of a dataset, in the order of packing."""
    return [properties.get_filter(index)[0] for index in range(properties.get_nfilters())]


def _dtype_of(h5py: Any, path: str, dataset: Any, references: bool) -> np.dtype[Any]:
    """Return the type of numbers; references are places in the file."""
    # The type is looked at before numpy's is made: texts of any length and parts of other datasets are never touched.
    kind = dataset.id.get_type()
    if references and kind.equal(h5py.h5t.STD_REF_OBJ):
        return REFERENCE
    if not isinstance(kind, (h5py.h5t.TypeFloatID, h5py.h5t.TypeIntegerID)):
        raise UnsupportedError(f"{path} holds no numbers")
    dtype: np.dtype[Any] = dataset.dtype
    if dtype.kind not in "fiu" or not h5py.h5t.py_create(dtype).equal(kind):
        raise UnsupportedError(f"{path} holds numbers of an unusual kind")
    return dtype


def _check_filters(path: str, properties: Any, chunked: bool, itemsize: int) -> None:
    codes = _filters(properties)
    if not set(codes) <= _FILTERS.keys() or codes.count(_GZIP) > 1:
        raise UnsupportedError(f"{path} is packed by filters {codes}, expected each of {_FILTERS} at most once")
    if chunked and (size := math.prod(properties.get_chunk()) * itemsize) > _CHUNK_LIMIT:
        raise UnsupportedError(f"{path} has chunks of {size:,} bytes, expected {_CHUNK_LIMIT:,}")
