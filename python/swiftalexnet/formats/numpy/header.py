"""The header of an .npy file: the type, the order and the shape of its array."""

import re
from typing import NamedTuple

import numpy as np

MAGIC = b"\x93NUMPY"
LONGEST_START = 1 << 16  # bytes of magic, version, length and text
_TEXT = re.compile(
    r"\{'descr': '([<>|=]?)(\w{1,8})', 'fortran_order': (True|False), 'shape': \(([0-9L, ]{0,800})\),? *\}\s*"
)
_NUMBERS = ("b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8")
_LARGEST = 1 << 48


class Header(NamedTuple):
    """What stands before the numbers.

    Attributes
    ----------
    size : int
        Bytes of the header.
    dtype : numpy.dtype or None
        None for objects, which are a pickle.
    is_fortran : bool
    shape : tuple of int
    """

    size: int
    dtype: "np.dtype[np.generic] | None"
    is_fortran: bool
    shape: tuple[int, ...]


def parse_header(start: bytes, name: str) -> Header:
    """Return the header from the first bytes of a file, at least all of it or `LONGEST_START`.

    Raises
    ------
    ValueError
        It is none, or the array is neither of numbers nor of objects.
    """
    if not start.startswith(MAGIC) or len(start) < 12:
        raise ValueError(f"{name} is not an array of numpy")
    width = 2 if start[6] == 1 else 4
    size = 8 + width + int.from_bytes(start[8 : 8 + width], "little")
    if start[6] not in (1, 2, 3) or size > len(start):
        raise ValueError(f"the header of {name} is cut short, too long, or of another version")
    match = _TEXT.fullmatch(start[8 + width : size].decode("latin-1"))
    if match is None:
        raise ValueError(f"the header of {name} does not say the type, order and shape of one array")
    order, code, is_fortran, sides = match.groups()
    if code not in (*_NUMBERS, "O"):
        raise ValueError(f"{name} is of type {code!r}, expected numbers")
    shape = tuple(int(side.strip().rstrip("L")) for side in sides.split(",") if side.strip())
    if any(side > _LARGEST for side in shape):
        raise ValueError(f"{name} has shape {shape}")
    dtype = None if code == "O" else np.dtype(order.replace("|", "<") + code)
    return Header(size, dtype, is_fortran == "True", shape)
