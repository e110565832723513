"""The .npy files of features: a header of one length, so that it can be rewritten in its place, then the values."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..files.paths import open_regular

_HEADER_BYTES = 192  # enough for any number of rows


def array_header(shape: tuple[int, ...], dtype: str) -> bytes:
    """Return the header of a .npy file, always of the same length (numpy.lib.format, version 1.0)."""
    kind = np.dtype(dtype).newbyteorder("<").str
    fields = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}".encode("ascii")
    length = _HEADER_BYTES - 10
    return b"\x93NUMPY\x01\x00" + length.to_bytes(2, "little") + fields.ljust(length - 1) + b"\n"


def map_array(path: Path, shape: tuple[int, ...], dtype: str) -> NDArray[np.generic]:
    """Map a file that begins with this header into memory, read-only.

    Raises
    ------
    OSError
        It cannot be read, or is not a regular file.
    ValueError
        It begins otherwise, or is too short.
    """
    with open_regular(path) as file:
        header = file.read(_HEADER_BYTES)
    if header != array_header(shape, dtype):
        raise ValueError(f"its header is not that of {shape} of {dtype}")
    return map_values(path, _HEADER_BYTES, shape, dtype)


def map_values(path: Path, offset: int, shape: tuple[int, ...], dtype: str) -> NDArray[np.generic]:
    """Map the values that begin at a place in a file; errors as for `map_array`."""
    with open_regular(path) as file:
        array: NDArray[np.generic] = np.memmap(file, np.dtype(dtype), "r", offset, shape)
    return array
