"""What stands for "nothing there": the input that integration starts from, and what covers a part of an image."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._support.arrays import as_float32
from .._support.choices import choose
from .._support.numbers import check_number
from ..inference.inputs import network_input
from ..network.base import BaseModel

Float32 = NDArray[np.float32]

NAMED = ("mean", "black", "white")
_LEVELS = {"black": 0, "white": 255}


def check_baseline(model: BaseModel, baseline: Any, operation: str) -> None:
    """Raise unless `baseline` could be one: see `as_baseline`, which is called when the size is known."""
    if isinstance(baseline, str):
        choose(operation, "baseline", baseline, NAMED)
    elif _is_number(baseline):
        check_number(abs(baseline), "baseline", operation)
    else:
        array = as_float32(baseline, "baseline", operation, 3)
        if array.shape[0] != model.input_shape[0] or not np.isfinite(array).all():
            came = f"shape {array.shape}" if np.isfinite(array).all() else "values that are not finite"
            expected = f"finite numbers, [{model.input_shape[0]}, height, width]"
            raise ValueError(f"{operation}: baseline has {came}, expected {expected}")


def as_baseline(model: BaseModel, baseline: Any, shape: tuple[int, ...], operation: str) -> Float32:
    """Return the baseline of inputs of a `shape`, [channels, height, width].

    Parameters
    ----------
    baseline : {"mean", "black", "white"}, number or array
        The mean that preprocessing subtracts, which is zero in the network's input; an image of one colour, prepared
        like any other; or the value or values of the network's input: float32 [channels, height, width], where height
        and width may be 1.

    Raises
    ------
    ValueError
        An array of another size, or a colour for inputs of another size than the model's own.
    """
    if isinstance(baseline, str) and baseline != "mean":
        side, channels = model.preprocessing.geometry.size, model.preprocessing.channels
        array = network_input(model, np.full((1, side, side, channels), _LEVELS[baseline], np.uint8))[0]
    elif isinstance(baseline, str) or _is_number(baseline):
        array = np.full(shape, 0 if baseline == "mean" else baseline, np.float32)
    else:
        array = as_float32(baseline, "baseline", operation, 3)
    if array.shape not in (shape, (shape[0], 1, 1)):
        raise ValueError(f"{operation}: baseline has shape {array.shape}, the input {shape}; expected the same")
    return np.ascontiguousarray(np.broadcast_to(array, shape))


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)
