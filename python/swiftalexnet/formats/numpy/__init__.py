"""numpy's .npz and .npy: dictionaries of arrays with the names of any framework, never unpickled by numpy."""

from collections.abc import Iterator
from typing import Any

from numpy.typing import NDArray

from ...files.pickles.values import InMemory, by_text
from ...files.source import SourceFile
from ...files.zip_members import Member, data_offset, members_of, pieces_of, read_member
from ..chain import Chain
from ..contents import Contents, Options
from ..names.arrays import chain_of_arrays
from ..stored import MOST_DIMENSIONS, Stored
from ..zipped import PackedNumbers, StoredNumbers
from .dictionary import objects_of, tensors_of
from .header import LONGEST_START, MAGIC, Header, parse_header

_MOST_MEMBERS = 1000
_LARGEST_PICKLE = 16 << 20  # bytes beside twice the file, of a packed member


def contents(file: SourceFile, options: Options) -> Contents:
    """Read the headers of an .npz file or of an .npy file, and what its pickle says of arrays.

    Raises
    ------
    ValueError
        It is damaged, or holds no arrays of numbers.
    """
    is_array = file.read(0, min(len(MAGIC), file.size)) == MAGIC
    tensors = _of_array(file) if is_array else dict(_of_members(file))

    def chain() -> Chain:
        return chain_of_arrays(tensors, options, str(file))

    return Contents(f"numpy ({'.npy' if is_array else '.npz'})", tensors, chain)


def read_mean(file: SourceFile) -> NDArray[Any]:
    """Return the array of an .npy file.

    Raises
    ------
    ValueError
        It is not one of numbers.
    """
    found = _of_array(file)
    if list(found) != [""]:
        raise ValueError(f"{file} holds objects, expected one array of numbers")
    return found[""].array()


def _of_array(file: SourceFile) -> dict[str, Stored]:
    """Return the tensors of the objects in an .npy file, or its one array, under the name ""."""
    header = parse_header(file.read(0, min(file.size, LONGEST_START)), str(file))
    if header.dtype is None:
        saved = by_text(objects_of(file, header.size, file.size, file.size))
        return {name: each for key, value in saved.items() for name, each in tensors_of(key, value).items()}
    dtype = header.dtype

    def read(start: int, stop: int) -> NDArray[Any]:
        return file.array(header.size + start * dtype.itemsize, stop - start, dtype)

    stored = _stored("", header, read)
    if header.size + stored.size * dtype.itemsize != file.size:
        raise ValueError(f"{file} has {file.size:,} bytes, where its header says {stored.size:,} numbers of {dtype}")
    return {"": stored}


def _of_members(file: SourceFile) -> Iterator[tuple[str, Stored]]:
    members = members_of(file)
    if len(members) > _MOST_MEMBERS:
        raise ValueError(f"{file} has {len(members):,} arrays, expected at most {_MOST_MEMBERS:,}")
    for member in members.values():
        name = member.name.removesuffix(".npy")
        start = _start(file, member)
        header = parse_header(start, member.name)
        if header.dtype is None:
            yield from tensors_of(name, _objects(file, member, header)).items()
            continue
        numbers = StoredNumbers if member.is_stored else PackedNumbers
        stored = _stored(name, header, numbers(file, member, header.dtype, start[: header.size]).read)
        if header.size + stored.size * header.dtype.itemsize != member.size:
            raise ValueError(f"{member.name} has {member.size:,} bytes, where its header says {stored.size:,} numbers")
        yield name, stored


def _start(file: SourceFile, member: Member) -> bytes:
    if member.is_stored:
        return file.read(data_offset(file, member), min(member.size, LONGEST_START))
    return next(pieces_of(file, member), b"")[:LONGEST_START]


def _objects(file: SourceFile, member: Member, header: Header) -> Any:
    if member.is_stored:
        start = data_offset(file, member)
        return objects_of(file, start + header.size, start + member.size, file.size)
    data = read_member(file, member, 2 * file.size + _LARGEST_PICKLE)
    return objects_of(InMemory(data), header.size, len(data), file.size)


def _stored(name: str, header: Header, read: Any) -> Stored:
    if len(header.shape) > MOST_DIMENSIONS or header.dtype is None:
        raise ValueError(f"{name} has {len(header.shape)} dimensions, expected at most {MOST_DIMENSIONS}")
    order = tuple(range(len(header.shape)))[::-1] if header.is_fortran and len(header.shape) > 1 else None
    return Stored(name, header.shape, header.dtype, read, order)
