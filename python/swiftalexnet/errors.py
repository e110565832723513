"""The package's own exceptions; everything else is Python's ValueError, TypeError, MemoryError or OSError."""

from ._native import ConcurrentUseError, NonFiniteError, UnsupportedError

__all__ = [
    "MALFORMED",
    "CacheCorruptError",
    "CheckpointCorruptError",
    "ConcurrentUseError",
    "NonFiniteError",
    "UnsupportedError",
]

# What code raises on the content of a malformed file; every reader turns these into one of the errors below.
MALFORMED = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)


class CacheCorruptError(ValueError):
    """A file of decoded images, of features or an index is damaged, cut short, or of another program."""


class CheckpointCorruptError(ValueError):
    """A model or checkpoint file is damaged, cut short, or was not written by this package."""
