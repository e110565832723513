"""The package's own exceptions; everything else is Python's ValueError, TypeError, MemoryError or OSError."""

from ._native import ConcurrentUseError, NonFiniteError, UnsupportedError

__all__ = ["CheckpointCorruptError", "ConcurrentUseError", "NonFiniteError", "UnsupportedError"]


class CheckpointCorruptError(ValueError):
    """A model or checkpoint file is damaged, cut short, or was not written by this package."""
