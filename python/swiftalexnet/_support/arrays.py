"""Checks for arrays and numbers from callers.

Arrays are checked here for type and rank, and copied if the engine cannot read their memory directly (steps, negative
strides, misalignment, foreign byte order). Values are never converted: an array of another type is refused, because
a silent float64 → float32 hides a mistake and doubles the memory. The extension checks that sizes match. A message
names the operation, the value and what was expected.
"""

import operator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import _native
from .shown import shown

Float32 = NDArray[np.float32]

LAYOUTS = {"NCHW": 0, "NHWC": 1}

# Smaller copies are made without checking free memory, because reading /proc costs more than the copy.
_SMALL_COPY = 256 << 20


def as_float32(x: Any, name: str, operation: str, ndim: int | tuple[int, ...] | None = None) -> Float32:
    """Return `x` as an aligned, C-contiguous, native float32 array, copied only if necessary.

    Parameters
    ----------
    x : array of float32
        Anything numpy recognises as an array. Lists and masked arrays are refused.
    name, operation : str
        Names of the array and the function in messages.
    ndim : int or tuple of int, optional
        The accepted rank or ranks.

    Raises
    ------
    TypeError
        `x` is not an array of float32.
    ValueError
        `x` has another rank or no elements.
    MemoryError
        A copy is needed and would not fit into free memory.
    """
    array = _as_array(x, name, operation, "float32")
    if array.dtype.kind != "f" or array.dtype.itemsize != 4:
        raise TypeError(f"{operation}: {name} has dtype {array.dtype}, expected float32")
    _check_shape(array, name, operation, ndim)
    return _as_contiguous(array, np.dtype(np.float32), name, operation)


def as_uint8(x: Any, name: str, operation: str, ndim: int | tuple[int, ...] | None = None) -> NDArray[np.uint8]:
    """Return `x` as a C-contiguous uint8 array, such as images [count, height, width, channels]."""
    array = _as_array(x, name, operation, "uint8")
    if array.dtype != np.uint8:
        raise TypeError(f"{operation}: {name} has dtype {array.dtype}, expected uint8")
    _check_shape(array, name, operation, ndim)
    return _as_contiguous(array, np.dtype(np.uint8), name, operation)


def as_labels(
    labels: Any, name: str, operation: str, count: int | None = None, classes: int | None = None
) -> NDArray[np.int32]:
    """Return class labels as int32 [count]; any integer type and lists of integers are accepted.

    Raises
    ------
    TypeError
        The labels are not integers.
    ValueError
        They are not 1-D, there are not `count` of them, or one is outside 0 ≤ label < `classes`.
    """
    try:
        array = np.asarray(plain(labels, name, operation, "integers"))
    except (ValueError, OverflowError) as error:
        raise TypeError(f"{operation}: {name} is {_kind(labels)}, expected integers: {error}") from None
    if array.dtype.kind not in "iu" and array.size:
        raise TypeError(f"{operation}: {name} has dtype {array.dtype}, expected integers")
    if array.ndim != 1:
        raise ValueError(f"{operation}: {name} has shape {array.shape}, expected 1 dimension")
    if not array.size or count not in (None, array.size):
        wanted = "at least 1" if count is None else str(count)
        raise ValueError(f"{operation}: {name} has {array.size} labels, expected {wanted}")
    _check_label_range(array, name, operation, classes)
    return np.require(array, np.int32, ["C", "A"])


def as_output(out: Any, shape: tuple[int, ...], operation: str, name: str = "out") -> Float32:
    """Return the array for a result: `out` if it was given, otherwise a new one.

    The extension checks a given array: float32, exact shape, C-contiguous, writable, not overlapping the inputs.

    Raises
    ------
    TypeError
        `out` is a masked array, whose mask a write would bypass.
    MemoryError
        A new array would not fit into free memory.
    """
    if out is None:
        require_memory(shape, 4, operation)
        return np.empty(shape, np.float32)
    given: Float32 = plain(out, name, operation, "float32")
    return given


def plain(array: Any, name: str, operation: str, dtype: str) -> Any:
    """Return `array` unless it is masked, because the mask would be lost silently."""
    if isinstance(array, np.ma.MaskedArray):
        raise TypeError(f"{operation}: {name} is a masked array, expected a plain array of {dtype}: use .filled(value)")
    return array


def as_finite(values: Any, dtype: Any, name: str, operation: str) -> NDArray[Any]:
    """Return numbers of any type and shape as a new array of `dtype`, a type of floats.

    Raises
    ------
    TypeError, ValueError
        Something other than numbers, or values that are not finite.
    MemoryError
        A copy that does not fit into free memory.
    """
    if isinstance(values, np.ndarray):
        require_memory(values.shape, np.dtype(dtype).itemsize, f"{operation}: {name}")
    try:
        given = np.asarray(values)
        if np.iscomplexobj(given):  # of which numpy would drop a part
            raise TypeError("complex")
        array = np.array(given, dtype)
    except (OverflowError, TypeError, ValueError):
        raise TypeError(f"{operation}: {name} is {shown(values)}, expected numbers") from None
    if not np.isfinite(array).all():
        raise ValueError(f"{operation}: {name} holds values that are not finite")
    return array


def copy_into(target: NDArray[Any], values: NDArray[Any]) -> None:
    """Copy values of the same shape; the weights of a dense layer, which the engine stores transposed, by the engine.

    Parameters
    ----------
    target : array
        Any view, such as a part of a parameter.
    values : array
        Converted to the type of `target`.
    """
    columns = target.ndim == 2 and target.strides[0] == 4 and target.strides[1] >= 4 * len(target) > 4
    if columns and target.dtype == values.dtype == np.float32 and values.flags.c_contiguous and values.size:
        _native.transpose(values, target)
    else:
        target[...] = values


def require_memory(shape: tuple[int, ...], item_size: int, operation: str) -> None:
    """Raise MemoryError if an array of `shape` does not fit into the system's free memory.

    A system that overcommits grants such memory and kills the process when it is used, so it must be checked first.
    """
    bytes_needed = item_size
    for extent in shape:
        bytes_needed *= int(extent)
    if bytes_needed > _SMALL_COPY and 0 <= (free := _native.available_bytes()) < bytes_needed:
        raise MemoryError(f"{operation}: an array of shape {shape} needs {bytes_needed} bytes, {free} are free")


def layout_code(layout: Any, operation: str) -> int:
    """Return the extension's code of `layout`, "NCHW" or "NHWC"."""
    code = LAYOUTS.get(layout) if isinstance(layout, str) else None
    if code is None:
        raise ValueError(f"{operation}: layout is {shown(layout)}, expected 'NCHW' or 'NHWC'")
    return code


def as_integer(value: Any, name: str, operation: str, low: int = -(2**63), high: int = 2**63 - 1) -> int:
    """Return `value` as an int between `low` and `high`; floats and bools are refused."""
    try:
        number = None if isinstance(value, (bool, np.bool_)) else operator.index(value)
    except TypeError:
        number = None
    if number is None:
        raise TypeError(f"{operation}: {name} is {shown(value)}, expected an integer")
    if not low <= number <= high:
        raise ValueError(f"{operation}: {name} is {shown(number)}, expected {low} to {high}")
    return number


def as_index(value: Any, count: int, operation: str) -> int:
    """Return the index of one of `count` items; negative ones count from the end.

    Raises
    ------
    TypeError, IndexError
        Not an integer, or out of range.
    """
    index = as_integer(value, "index", operation, -(2**200), 2**200)
    if not -count <= index < count:
        raise IndexError(f"{operation}: index is {index}, expected 0 to {count - 1}")
    return index % count


def as_seed(value: Any, name: str, operation: str) -> int:
    """Return a seed or a step: an integer from 0 to 2⁶⁴ − 1."""
    return as_integer(value, name, operation, 0, 2**64 - 1)


def as_pair(value: Any, name: str, operation: str) -> tuple[int, int]:
    """Return (height, width) of an int or a pair of ints."""
    values = _as_integers(value, name, operation)
    if len(values) not in (1, 2):
        raise ValueError(f"{operation}: {name} is {shown(value)}, expected an int or (height, width)")
    return values[0], values[-1]


def as_padding(value: Any, name: str, operation: str) -> tuple[int, int, int, int]:
    """Return (top, left, bottom, right) of an int, (height, width) or all four."""
    values = _as_integers(value, name, operation)
    if len(values) not in (1, 2, 4):
        raise ValueError(
            f"{operation}: {name} is {shown(value)}, expected an int, (h, w) or (top, left, bottom, right)"
        )
    top, left = values[0], values[1 if len(values) > 1 else 0]
    return (top, left, values[2], values[3]) if len(values) == 4 else (top, left, top, left)


def _as_integers(value: Any, name: str, operation: str) -> list[int]:
    values = list(value) if isinstance(value, (tuple, list)) else [value]
    return [as_integer(each, name, operation) for each in values]


def _as_array(x: Any, name: str, operation: str, dtype: str) -> NDArray[Any]:
    if not isinstance(plain(x, name, operation, dtype), (np.ndarray, memoryview)) and not hasattr(x, "__array__"):
        raise TypeError(f"{operation}: {name} is {_kind(x)}, expected an array: use np.asarray({name}, np.{dtype})")
    try:
        return np.asarray(x)
    except ValueError as error:  # an `__array__` that gives none, a memoryview that was released
        raise TypeError(f"{operation}: {name} is {_kind(x)}, expected an array of {dtype}: {error}") from None


def _kind(x: Any) -> str:
    return "None" if x is None else f"of type {type(x).__name__}"


def _check_shape(array: NDArray[Any], name: str, operation: str, ndim: int | tuple[int, ...] | None) -> None:
    ranks = (ndim,) if isinstance(ndim, int) else ndim
    if ranks is not None and array.ndim not in ranks:
        wanted = " or ".join(map(str, ranks))
        raise ValueError(f"{operation}: {name} has shape {array.shape}, expected {wanted} dimensions")
    if not array.size:
        raise ValueError(f"{operation}: {name} has shape {array.shape}, expected dimensions of at least 1")


def _as_contiguous(array: NDArray[Any], dtype: np.dtype[Any], name: str, operation: str) -> NDArray[Any]:
    if array.flags.c_contiguous and array.flags.aligned and array.dtype.isnative:
        return np.asarray(array)
    require_memory(array.shape, array.dtype.itemsize, f"{operation}: copy of {name}")
    return np.array(array, dtype, order="C", subok=False)


def _check_label_range(array: NDArray[Any], name: str, operation: str, classes: int | None) -> None:
    end = 2**31 if classes is None else classes
    low, high = int(array.min()), int(array.max())
    if low < 0 or high >= end:
        index = int(array.argmin() if low < 0 else array.argmax())
        raise ValueError(f"{operation}: {name}[{index}] is {int(array[index])}, expected 0 ≤ label < {end}")
