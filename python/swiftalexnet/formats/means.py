"""A mean for `load`: one number a channel or a mean image, as an array, Caffe's `.binaryproto` or numpy's `.npy`."""

import importlib
import os
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._support.arrays import as_finite
from ..files.source import SourceFile, opened_source
from ..preprocessing.preprocessing import Preprocessing
from .malformed import malformed

_NPY = b"\x93NUMPY"
_LARGEST_FILE = 64 << 20  # bytes


def with_mean(default: Preprocessing, mean: Any, operation: str) -> Preprocessing:
    """Return a preprocessing with a caller's mean, in the same order of channels.

    Parameters
    ----------
    default : Preprocessing
        Everything else.
    mean : path, array of [channels], [height, width, channels] or [channels, height, width]
        A mean image is as large as the images before they are cropped.

    Raises
    ------
    ValueError, TypeError
        It is none of these, or for another number of channels.
    """
    is_path = isinstance(mean, (str, os.PathLike))
    array = _read(mean, operation) if is_path else as_finite(mean, np.float32, "mean", operation)
    channels = default.channels
    if array.ndim == 3 and array.shape[0] == channels and array.shape[2] != channels:
        array = array.transpose(1, 2, 0)
    if array.ndim not in (1, 3) or array.shape[-1] != channels:
        expected = f"({channels},) or (height, width, {channels})"
        raise ValueError(f"{operation}: mean has shape {array.shape}, expected {expected}")
    if array.ndim == 1:
        return default.replace(mean=array, learn_mean=False)
    height, width, _ = array.shape
    crop = default.crop
    if height != width or height < crop:
        raise ValueError(
            f"{operation}: a mean image of {height} × {width}, expected a square of at least {crop} pixels"
        )
    return default.replace(mean=array, resize=height, learn_mean=False, mean_at="crop")


def _read(path: str | os.PathLike[str], operation: str) -> NDArray[Any]:
    with opened_source(path, operation) as file, malformed(file):
        if file.size > _LARGEST_FILE:
            raise ValueError(
                f"{operation}: {path} has {file.size:,} bytes, expected a mean of at most {_LARGEST_FILE:,}"
            )
        reader = "numpy" if file.read(0, min(len(_NPY), file.size)) == _NPY else "caffe.means"
        return _values(reader, file)


def _values(reader: str, file: SourceFile) -> NDArray[Any]:
    """Read with the module of the format: both have `read_mean`."""
    values: NDArray[Any] = importlib.import_module(f".{reader}", __package__).read_mean(file)
    return as_finite(values, np.float32, str(file), "mean")
