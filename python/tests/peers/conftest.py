"""torchvision comes before TensorFlow: both bring LLVM, and in the other order the import ends the process."""

from contextlib import suppress

with suppress(ImportError):
    import torchvision  # noqa: F401
