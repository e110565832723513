"""An exception of one rank, as all others raise it: the same type, with the rank before the message."""

import builtins
import json
from typing import Any

from .. import errors

_OTHERS = ("CacheCorruptError", "CheckpointCorruptError", "ConcurrentUseError", "NonFiniteError", "UnsupportedError")
# Types whose one argument is a message; an exception of any other type becomes a RuntimeError that names it.
_TYPES: dict[str, type[BaseException]] = {
    **{name: getattr(errors, name) for name in _OTHERS},
    **{
        name: getattr(builtins, name)
        for name in (
            *("ArithmeticError", "AttributeError", "ImportError", "IndexError", "KeyError", "KeyboardInterrupt"),
            *(
                "LookupError",
                "MemoryError",
                "NotImplementedError",
                "OSError",
                "RuntimeError",
                "TypeError",
                "ValueError",
            ),
        )
    },
}
_LONGEST = 4000


def to_bytes(error: BaseException) -> bytes:
    """Return an exception for `from_bytes`."""
    kind = next(name for name in map(_name_of, type(error).__mro__) if name in _TYPES or name == "BaseException")
    fields: dict[str, Any] = {"type": kind, "text": _text(error, kind)[:_LONGEST]}
    if isinstance(error, OSError) and isinstance(error.errno, int):
        name = error.filename
        fields |= {"errno": error.errno, "strerror": str(error.strerror), "file": None if name is None else str(name)}
    return json.dumps(fields).encode()


def from_bytes(data: bytes, rank: int) -> BaseException:
    """Return the exception of a rank."""
    fields = json.loads(data)
    kind, text = _TYPES.get(fields["type"], RuntimeError), f"rank {rank}: {fields['text']}"
    if kind is OSError and "errno" in fields:
        return OSError(fields["errno"], f"rank {rank}: {fields['strerror']}", fields["file"])
    return kind(text)


def _name_of(kind: type) -> str:
    return kind.__name__


def _text(error: BaseException, kind: str) -> str:
    """Return the message; that of an exception of an unknown type begins with the type."""
    text = str(error) or {"KeyboardInterrupt": "interrupted", "MemoryError": "out of memory"}.get(kind, "")
    name = type(error).__name__
    return text if name == kind and text else f"{name}: {text}" if text else name
