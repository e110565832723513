"""The package's own exceptions; everything else is Python's ValueError, TypeError, MemoryError or OSError."""

from ._native import ConcurrentUseError, NonFiniteError, UnsupportedError

__all__ = ["MALFORMED", "CheckpointCorruptError", "ConcurrentUseError", "NonFiniteError", "UnsupportedError"]

# What working on the content of a malformed file raises: whoever reads one turns these into CheckpointCorruptError.
MALFORMED = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)


class CheckpointCorruptError(ValueError):
    """A model or checkpoint file is damaged, cut short, or was not written by this package."""
