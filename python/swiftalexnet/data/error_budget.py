"""How many images may be left out because they cannot be read."""

import math
from typing import Any

import numpy as np

from .._support.numbers import check_number


def as_budget(max_errors: Any, on_error: str, operation: str) -> int | float | None:
    """Return the most images that may be left out: an int, a fraction of them as a float, None for any number.

    Raises
    ------
    TypeError, ValueError
        Not such a number, or images are not left out at all.
    """
    if max_errors is None:
        return None
    if on_error != "skip":
        raise ValueError(f"{operation}: max_errors needs on_error='skip'; without it the first error is raised")
    check_number(max_errors, "max_errors", operation)
    if not isinstance(max_errors, (float, np.floating)):
        return int(max_errors)
    if max_errors > 1:
        raise ValueError(f"{operation}: max_errors is {max_errors}, expected an integer, or a fraction from 0 to 1")
    return float(max_errors)


def allowed_errors(budget: int | float | None, count: int) -> int | None:
    """Return how many of `count` images a budget allows to be left out."""
    return budget if budget is None or isinstance(budget, int) else math.floor(budget * count)
