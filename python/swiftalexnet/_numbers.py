"""Checks of hyper-parameters."""

import math
from typing import Any


def check_number(value: Any, name: str, operation: str, below: float = math.inf) -> None:
    """Refuse what is not a finite number from 0 to, but not, `below`."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"{operation}: {name} is {value!r}, expected a number")
    if not 0 <= value < below:
        end = "a finite number of at least 0" if below == math.inf else f"0 ≤ {name} < {below:g}"
        raise ValueError(f"{operation}: {name} is {value!r}, expected {end}")
