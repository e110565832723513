"""Fields of the structs that describe layers."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...files.matlab.arrays import MatArray
from ..stored import Stored


def text_of(struct: MatArray, name: str) -> str:
    """Return a field that is a text, "" if it is missing."""
    found = struct.get(name)
    return (found.text or "") if found is not None else ""


def integers(struct: MatArray, name: str, default: list[int], place: str) -> list[int]:
    """Return a field of up to four whole numbers from 0 up."""
    if (found := struct.get(name)) is None:
        return default
    values: NDArray[Any] = found.numbers(0, min(found.size, 5)).astype(np.float64)
    if (
        len(values) > 4
        or not np.isfinite(values).all()
        or not ((values >= 0) & (values % 1 == 0) & (values < 1e6)).all()
    ):
        raise ValueError(f"{place}: field {name} of a layer is {values[:5]}, expected up to 4 whole numbers")
    return [int(value) for value in values]


def weights_of(layer: MatArray) -> list[Stored]:
    """Return filters and biases of a layer: `weights`, or fields of their own in the first versions."""
    name = text_of(layer, "name")
    weights = layer.get("weights")
    arrays = weights.cells if weights is not None else [layer.get(key) for key in ("filters", "biases")]
    found = zip(("filters", "biases"), arrays, strict=False)
    return [_stored(f"{name}.{key}", array) for key, array in found if array is not None and array.size]


def _stored(name: str, array: MatArray) -> Stored:
    """Return an array with its dimensions turned round, as C order has them: filters are [out, in, width, height]."""
    if array.dtype is None:
        raise ValueError(f"{name} holds no numbers")
    dims = (*array.dims, 1, 1)[: max(4, len(array.dims))] if name.endswith(".filters") else (array.size,)
    return Stored(name, dims[::-1], array.dtype, array.numbers)
