"""Checks of hyperparameters."""

import math
import sys
from dataclasses import fields
from typing import Any

import numpy as np

from .shown import shown


def check_number(value: Any, name: str, operation: str, below: float = math.inf) -> None:
    """Raise unless it is a finite number with 0 ≤ value < `below`."""
    if isinstance(value, bool) or not isinstance(value, (int, float, np.integer, np.floating)):
        raise TypeError(f"{operation}: {name} is {shown(value)}, expected a number")
    if not (0 <= value < below and value <= sys.float_info.max):
        end = "a finite number of at least 0" if below == math.inf else f"0 ≤ {name} < {below:g}"
        raise ValueError(f"{operation}: {name} is {shown(value)}, expected {end}")


def make_plain(instance: Any) -> None:
    """Replace numpy's scalars in the fields of a frozen dataclass with Python's numbers, which files can store."""
    for field in fields(instance):
        value = getattr(instance, field.name)
        if isinstance(value, np.generic):
            object.__setattr__(instance, field.name, value.item())
