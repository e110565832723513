"""The legacy container: pickles of a magic number, a version, the machine, what was saved and the storages' keys.

The storages follow in the order of the keys, each after the number of its elements.
"""

from typing import Any

from ...errors import UnsupportedError
from ...files.pickles.reading import run_pickle, steps_for
from ...files.pickles.values import Name, Opaque, Vocabulary, by_text, text_of
from ...files.source import SourceFile
from .tensors import NAMES, Read, Storage, StorageId

_MAGIC, _VERSION = 0x1950A86A20F9469CFC6C, 1001
_PLAIN = Vocabulary({}, "numbers and text")
_FEW_STEPS = 1 << 10
_COUNT_BYTES = 8


def read(file: SourceFile) -> Any:
    """Return what was saved, tensors as `Tensor`.

    Raises
    ------
    ValueError
        It is damaged, or storages have other lengths than the pickle says.
    UnsupportedError
        It is of another version, or was written by a machine with another order of bytes.
    """
    magic = run_pickle(file, _PLAIN, _FEW_STEPS)
    version = run_pickle(file, _PLAIN, _FEW_STEPS, magic.end)
    machine = run_pickle(file, _PLAIN, _FEW_STEPS, version.end)
    if magic.value != _MAGIC:
        raise ValueError("it does not begin with PyTorch's number")
    if version.value != _VERSION or by_text(machine.value).get("little_endian", True) is not True:
        raise UnsupportedError(
            f"{file} has version {str(version.value)[:20]} of PyTorch's legacy files, or big numbers"
        )
    storages = _Storages(file)
    vocabulary = Vocabulary(NAMES, "PyTorch's tensors", unknown=True, persistent=storages.find)
    saved = run_pickle(file, vocabulary, steps_for(file.size), machine.end)
    keys = run_pickle(file, _PLAIN, steps_for(file.size), saved.end)
    storages.place([text_of(key) for key in keys.value] if isinstance(keys.value, list) else [], keys.end)
    return saved.value


class _Storages:
    """The storages of a file: known from the pickle before their places are."""

    def __init__(self, file: SourceFile):
        self._file = file
        self._known: dict[str, StorageId] = {}
        self._made: dict[StorageId, Storage] = {}
        self._places: dict[str, int] = {}

    def find(self, identifier: Any) -> Storage | Opaque:
        parsed = StorageId.parse(identifier)
        if parsed is None:
            kind = identifier[1] if isinstance(identifier, tuple) and len(identifier) > 1 else None
            return Opaque(kind.text if isinstance(kind, Name) else "object that is stored elsewhere")
        known = self._known.setdefault(parsed.key, parsed)
        if (known.kind, known.size) != (parsed.kind, parsed.size):
            raise ValueError(f"storage {parsed.key} has two types or sizes")
        first, size = parsed.view or (0, parsed.size)
        if first + size > parsed.size:
            raise ValueError(f"storage {parsed.key} has a view beyond its end")
        made = Storage(parsed.kind, parsed.dtype(), size, self._reader(parsed, first))
        return self._made.setdefault(parsed, made)

    def place(self, keys: list[str | None], at: int) -> None:
        """Go through the storages behind the pickles, to the end of the file."""
        if set(keys) != self._known.keys() or len(set(keys)) != len(keys):
            raise ValueError("its storages are not those that its tensors name")
        for key in keys:
            known = self._known[str(key)]
            count = int.from_bytes(self._file.read(at, _COUNT_BYTES), "little")
            if count != known.size:
                raise ValueError(f"storage {key} has {count:,} elements, expected {known.size:,}")
            self._places[known.key] = at + _COUNT_BYTES
            at += _COUNT_BYTES + count * known.dtype().itemsize
        if at != self._file.size:
            raise ValueError(f"it has {self._file.size:,} bytes, its storages end at {at:,}")

    def _reader(self, parsed: StorageId, first: int) -> Read:
        dtype = parsed.dtype()

        def read(start: int, stop: int) -> Any:
            begin = self._places[parsed.key] + (first + start) * dtype.itemsize
            return self._file.array(begin, stop - start, dtype)

        return read
