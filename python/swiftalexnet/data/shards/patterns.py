"""Names of shards: `train-{000..146}.tar` stands for 147 of them."""

import hashlib
import os
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

from ..._support.shown import shown
from ...files.paths import as_path

MOST_SHARDS = 1 << 20
_BRACES = re.compile(r"\{([^{}]*)\}")
_RANGE = re.compile(r"(\d{1,18})\.\.(\d{1,18})", re.ASCII)


def shard_names(shards: Any, operation: str) -> tuple[str, ...]:
    """Return the names of shards, at least one, in their order.

    Parameters
    ----------
    shards : path or sequence of paths
        In each, `{000..146}` stands for the numbers from 000 to 146, with as many digits, and `{train,val}` for both
        words; an existing file's name is taken as it is. Names with :// are addresses.
    operation : str
        The beginning of messages.

    Raises
    ------
    TypeError, ValueError
        Not such names, none of them, the same one twice, or more than a million.
    """
    one = isinstance(shards, (str, bytes, os.PathLike))
    if not one and not (hasattr(shards, "__iter__") and hasattr(shards, "__len__")):
        raise TypeError(f"{operation}: shards is {shown(shards)}, expected a path, a pattern or a list of these")
    names: list[str] = []
    for given in [shards] if one else shards:
        for name in expanded(_text(given, operation), operation):
            names.append(name)
            if len(names) > MOST_SHARDS:
                raise ValueError(f"{operation}: {shown(given)} names more than {MOST_SHARDS:,} shards")
    if not names:
        raise ValueError(f"{operation}: got no shards, expected at least one")
    twice, times = Counter(names).most_common(1)[0]
    if times > 1:
        raise ValueError(f"{operation}: {shown(twice)} is named twice")
    return tuple(names)


def expanded(pattern: str, operation: str) -> Iterator[str]:
    """Yield the names that a pattern stands for; the last braces vary fastest."""
    match = None if os.path.exists(pattern) else _BRACES.search(pattern)
    if match is None:
        yield pattern
        return
    before, after = pattern[: match.start()], pattern[match.end() :]
    for word in _words(match[1], pattern, operation):
        for rest in expanded(after, operation) if _BRACES.search(after) else (after,):
            yield before + word + rest


def is_address(name: str) -> bool:
    """Return whether a name is an address on the web."""
    return urlsplit(name).scheme in ("http", "https") if "://" in name else False


def base_name(name: str) -> str:
    """Return the last part of a shard's path or address, by which an index knows it."""
    path = urlsplit(name).path if is_address(name) else name
    return os.path.basename(path)


def beside(name: str, other: str) -> str:
    """Return the path or address of a file named `other` in the folder of a shard."""
    if is_address(name):
        parts = urlsplit(name)
        return parts._replace(path=f"{os.path.dirname(parts.path)}/{other}").geturl()
    return os.path.join(os.path.dirname(name), other)


def default_index(shards: Sequence[str]) -> str:
    """Return the path or address of the index beside the first of some shards."""
    names = tuple(map(base_name, shards))
    digest = hashlib.sha256("\n".join(names).encode("utf-8", "surrogateescape")).hexdigest()[:8]
    return beside(shards[0], f"{names[0].removesuffix('.tar')}-{len(names)}-{digest}.index")


def _text(given: Any, operation: str) -> str:
    if isinstance(given, str) and "://" in given:  # a path would lose one of the slashes
        if not given.isprintable() or " " in given:
            raise ValueError(f"{operation}: {shown(given)} is no address: a space or what cannot be printed is in it")
        return given
    return os.fspath(as_path(given, "a shard", operation))


def _words(inner: str, pattern: str, operation: str) -> Iterator[str]:
    if match := _RANGE.fullmatch(inner):
        first, last = int(match[1]), int(match[2])
        if last < first:
            raise ValueError(f"{operation}: {shown(pattern)} counts from {first} down to {last}")
        width = len(match[1])
        return (f"{number:0{width}d}" for number in range(first, last + 1))
    if "," not in inner:
        raise ValueError(
            f"{operation}: {shown(pattern)}: {{{inner}}} is neither a range {{000..146}} nor words {{a,b}}"
        )
    return iter(inner.split(","))
