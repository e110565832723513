"""SHA-256 of arrays, by which a file or a run is known again."""

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray


def array_digest(array: NDArray[Any]) -> str:
    """Return the digest of an array's type, shape and values in C order, in hexadecimal."""
    digest = hashlib.sha256(_head(array))
    digest.update(np.ascontiguousarray(array))
    return digest.hexdigest()


def weights_digest(arrays: Mapping[str, NDArray[Any]], start: str = "") -> str:
    """Return the digest of a text and of named arrays of the engine, in hexadecimal.

    Values are read in the order of memory, which belongs to the kind of layer, so that nothing is copied.
    """
    digest = hashlib.sha256(start.encode())
    for name, array in arrays.items():
        digest.update(f"\n{name} ".encode() + _head(array))
        digest.update(np.ascontiguousarray(array.transpose(np.argsort(array.strides)[::-1])))
    return digest.hexdigest()


def _head(array: NDArray[Any]) -> bytes:
    return f"{array.dtype.str} {array.shape}\n".encode()
