"""Checks of hyper-parameters, and of lists of them."""

import math
import sys
from collections.abc import Iterable
from dataclasses import fields
from itertools import islice
from typing import Any

import numpy as np


def check_number(value: Any, name: str, operation: str, below: float = math.inf) -> None:
    """Refuse what is not a finite number from 0 to, but not, `below`."""
    if isinstance(value, bool) or not isinstance(value, (int, float, np.integer, np.floating)):
        raise TypeError(f"{operation}: {name} is {value!r}, expected a number")
    if not (0 <= value < below and value <= sys.float_info.max):
        end = "a finite number of at least 0" if below == math.inf else f"0 ≤ {name} < {below:g}"
        raise ValueError(f"{operation}: {name} is {value!r}, expected {end}")


def as_tuple(values: Any, name: str, operation: str, most: int) -> tuple[Any, ...]:
    """Return the items of a sequence or iterator, which may claim to have any number of them.

    Raises
    ------
    TypeError
        It is a text, or nothing to iterate over.
    ValueError
        It has more than `most` items; no more than that are looked at.
    """
    if isinstance(values, (str, bytes)) or not isinstance(values, Iterable):
        raise TypeError(f"{operation}: {name} is {values!r}, expected a sequence")
    items = tuple(islice(values, most + 1))
    if len(items) > most:
        raise ValueError(f"{operation}: {name} has more than {most:,} items, expected at most that")
    return items


def make_plain(instance: Any) -> None:
    """Replace numpy's scalars in the fields of a frozen dataclass by Python's numbers, which files can hold."""
    for field in fields(instance):
        value = getattr(instance, field.name)
        if isinstance(value, np.generic):
            object.__setattr__(instance, field.name, value.item())
