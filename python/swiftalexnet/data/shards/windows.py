"""Reading ahead, because the headers of small images stand close together."""

from .openers import OpenShard, read_exactly
from .tar_members import Read

_WINDOW = 1 << 13


def windowed(shard: OpenShard, name: str, window: int = _WINDOW) -> Read:
    """Return a function that reads at least `window` bytes of a shard at a time, for one thread."""
    start, data = 0, b""

    def read(offset: int, count: int) -> bytes:
        nonlocal start, data
        at = offset - start
        if not 0 <= at <= len(data) - count:
            start, at = offset, 0
            data = read_exactly(shard, name, offset, max(count, min(window, shard.size - offset)))
        return data[at : at + count]

    return read
