"""The zip container: `name/data.pkl` describes tensors, whose storages are members `name/data/0` and so on."""

from typing import Any

from ...errors import UnsupportedError
from ...files.pickles.reading import run_pickle, steps_for
from ...files.pickles.values import Opaque, Vocabulary
from ...files.source import SourceFile
from ...files.zip_members import Member, data_offset, members_of, pieces_of, read_member
from ..zipped import StoredNumbers
from .tensors import NAMES, Storage, StorageId

_PICKLE = "data.pkl"
_LONGEST_ORDER = 16
_ORDERS = {b"little": "<", b"big": ">"}


def read(file: SourceFile) -> Any:
    """Return what was saved, tensors as `Tensor`.

    Raises
    ------
    ValueError
        It is damaged: a member is missing, packed, or of another length than the pickle says.
    UnsupportedError
        It is TorchScript.
    """
    members = members_of(file)
    name = next((name for name in members if name.endswith(f"/{_PICKLE}") or name == _PICKLE), None)
    if name is None:
        raise ValueError(f"it has no {_PICKLE}")
    folder = name.removesuffix(_PICKLE)
    if f"{folder}constants.pkl" in members or any(each.startswith(f"{folder}code/") for each in members):
        wanted = "in Python: torch.save(torch.jit.load(path).state_dict(), new_path)"
        raise UnsupportedError(f"{file} is TorchScript, a program, expected a state_dict; {wanted}")
    storages = _Storages(file, members, folder)
    vocabulary = Vocabulary(NAMES, "PyTorch's tensors", unknown=True, persistent=storages.find)
    start = _stored_at(file, members[name])
    for _ in pieces_of(file, members[name]):  # to its end, where the checksum is compared
        pass
    return run_pickle(file, vocabulary, steps_for(file.size), start, start + members[name].size).value


def _stored_at(file: SourceFile, member: Member) -> int:
    if not member.is_stored:
        raise ValueError(f"{member.name} is packed, expected stored as it is")
    return data_offset(file, member)


class _Storages:
    """The storages of a file, found by the keys that the pickle has."""

    def __init__(self, file: SourceFile, members: dict[str, Member], folder: str):
        self._file, self._members, self._folder = file, members, folder
        self._found: dict[tuple[str, str], Storage] = {}
        self._order = "<"
        if (order := members.get(f"{folder}byteorder")) is not None:
            text = read_member(file, order, _LONGEST_ORDER)
            if text not in _ORDERS:
                raise ValueError(f"its order of bytes is {text!r}, expected little or big")
            self._order = _ORDERS[text]

    def find(self, identifier: Any) -> Storage | Opaque:
        parsed = StorageId.parse(identifier)
        if parsed is None:
            return Opaque("object that is stored elsewhere")
        known = self._found.get((parsed.key, parsed.kind))
        if known is None:
            known = self._found[parsed.key, parsed.kind] = self._make(parsed)
        if known.size != parsed.size:
            raise ValueError(f"storage {parsed.key} has {known.size:,} elements and also {parsed.size:,}")
        return known

    def _make(self, parsed: StorageId) -> Storage:
        member = self._members.get(f"{self._folder}data/{parsed.key}")
        if member is None:
            raise ValueError(f"it has no storage {parsed.key}")
        dtype = parsed.dtype(self._order)
        if member.size != parsed.size * dtype.itemsize:
            raise ValueError(
                f"{member.name} has {member.size:,} bytes, expected {parsed.size:,} numbers of {dtype.itemsize} bytes"
            )
        _stored_at(self._file, member)
        return Storage(parsed.kind, dtype, parsed.size, StoredNumbers(self._file, member, dtype).read)
