"""What a pickle is read into, besides numbers, text, lists, tuples and dicts."""

import codecs
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

_PIECE = 1 << 16
_KEYS = (str, bytes, int, float, bool, type(None))
_LARGEST_KEY = (
    2**63
)  # any number of larger integers may have one hash, and a dict compares each of them with all others


class Source(Protocol):
    """Bytes that are read by offset: an open file, or bytes in memory."""

    @property
    def size(self) -> int:
        """Number of bytes."""

    def read(self, offset: int, count: int) -> bytes:
        """Return `count` bytes from `offset` on; ValueError if there are fewer."""


@dataclass(frozen=True)
class InMemory:
    """Bytes in memory as a source."""

    data: bytes

    @property
    def size(self) -> int:
        """Number of bytes."""
        return len(self.data)

    def read(self, offset: int, count: int) -> bytes:
        """Return `count` bytes from `offset` on."""
        return self.data[offset : offset + count]


@dataclass(frozen=True)
class Payload:
    """Many bytes of a pickle, which are left in their source until they are needed."""

    source: Source
    offset: int
    size: int

    def read(self, start: int, stop: int) -> bytes:
        """Return the bytes from `start` to `stop`."""
        return self.source.read(self.offset + start, stop - start)


@dataclass(frozen=True)
class LongText:
    """Much text, which Python 3 writes for bytes in protocols that have none: see `encoded`."""

    payload: Payload
    encoding: str

    def encoded(self) -> bytes:
        """Return the text in Latin-1, decoded in pieces, because one wide letter makes all of a text wide.

        Raises
        ------
        ValueError
            It is not text, or has other letters.
        """
        decoder = codecs.getincrementaldecoder(self.encoding)("strict")
        found, end = bytearray(), self.payload.size
        for at in range(0, end, _PIECE):
            stop = min(at + _PIECE, end)
            found += decoder.decode(self.payload.read(at, stop), stop == end).encode("latin-1")
        return bytes(found)


@dataclass(frozen=True)
class Opaque:
    """Stands for an object of a name that the reader does not know; nothing of it is kept."""

    kind: str


class Name:
    """Stands for a function or type that a pickle names.

    Attributes
    ----------
    text : str
        Module and name.
    make : callable or None
        What this package makes of a call of it with positional arguments; None if the name is unknown.
    """

    __slots__ = ("make", "text")

    def __init__(self, text: str, make: Callable[..., Any] | None):
        self.text, self.make = text, make


@dataclass(frozen=True)
class Vocabulary:
    """What a reader knows of pickles.

    Attributes
    ----------
    names : mapping of (module, name) to callable
        Takes the arguments of a call and returns what stands for the result. ValueError refuses them.
    expected : str
        For messages: what `names` are.
    unknown : bool
        Whether other names become `Opaque`, and calls of them too; otherwise they are errors.
    protocol : int
        The highest that is read.
    persistent : callable or None
        Returns what stands for an object that is stored elsewhere, by its identifier.
    """

    names: Mapping[tuple[str, str], Callable[..., Any]]
    expected: str
    unknown: bool = False
    protocol: int = 5
    persistent: Callable[[Any], Any] | None = None


def is_key(value: Any) -> bool:
    """Whether a value can be a key of a dict: hashing it neither recurses nor meets many equal hashes."""
    return type(value) in _KEYS and not (type(value) is int and abs(value) > _LARGEST_KEY)


def text_of(value: Any) -> str | None:
    """Return text, which Python 2 wrote as bytes; None for anything else."""
    return value.decode("latin-1") if isinstance(value, bytes) else value if isinstance(value, str) else None


def by_text(value: Any) -> dict[str, Any]:
    """Return the entries of a dict whose keys are text, whichever Python wrote it; nothing for other values."""
    entries = value.items() if isinstance(value, dict) else ()
    return {name: each for key, each in entries if (name := text_of(key)) is not None}


def ordered(items: Any = ()) -> dict[Any, Any]:
    """Return an OrderedDict, whose items Python 2 gave as a list of pairs; the list is used up.

    Raises
    ------
    ValueError
        The items are not pairs, or a key is not plain: hashing a deep one would recurse.
    """
    found = {}
    for item in items if isinstance(items, list) else ():
        if not isinstance(item, (list, tuple)) or len(item) != 2 or not is_key(item[0]):
            raise ValueError("an OrderedDict of something else than pairs")
        found[item[0]] = item[1]
    if isinstance(items, list):
        items.clear()  # else one long list would become many dicts
    return found
