"""JSON of values that may contain numpy's numbers."""

import json
from typing import Any

import numpy as np

from .shown import shown


def to_json(value: Any) -> str:
    """Return JSON; numpy's scalars are written as Python's numbers.

    Raises
    ------
    TypeError, ValueError
        A value that JSON cannot represent, such as NaN or infinity.
    """
    return json.dumps(value, allow_nan=False, default=_item)


def _item(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{shown(value)} of type {type(value).__name__} cannot be written as JSON")
