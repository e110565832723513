"""Caffe's `.binaryproto`: a mean image as a blob."""

from typing import Any

from numpy.typing import NDArray

from ...errors import CheckpointCorruptError
from ...files.protobuf_wire import WireScanner
from ...files.source import SourceFile
from .blobs import read_blob


def read_mean(file: SourceFile) -> NDArray[Any]:
    """Return the mean image of a `.binaryproto`, [height, width, channels], channels as the file has them: B, G, R.

    Raises
    ------
    CheckpointCorruptError
        It is not a blob of three dimensions, or damaged.
    """
    blob = read_blob(WireScanner(file), 0, file.size, "mean")
    shape = blob.shape[1:] if blob.shape[:1] == (1,) and len(blob.shape) == 4 else blob.shape
    if len(shape) != 3 or not blob.size:
        raise CheckpointCorruptError(f"{file}: a mean of shape {blob.shape}, expected (1, channels, height, width)")
    return blob.array().reshape(shape).transpose(1, 2, 0)
