"""Argument types and result shapes that several operators share."""

from typing import Any, Literal

from .._support.shown import shown

Layout = Literal["NCHW", "NHWC"]
Pair = int | tuple[int, int]
Padding = int | tuple[int, int] | tuple[int, int, int, int]


def output_shape(batch: int, channels: int, height: int, width: int, layout: int) -> tuple[int, int, int, int]:
    """Return the shape of a 4-D result; `layout` is the engine's code."""
    return (batch, height, width, channels) if layout else (batch, channels, height, width)


def choose_code(choices: dict[str, Any], value: Any, name: str, operation: str) -> Any:
    """Return the value of a choice, or raise ValueError with the possible ones."""
    if not isinstance(value, str) or value not in choices:
        raise ValueError(f"{operation}: {name} is {shown(value)}, expected {' or '.join(map(repr, choices))}")
    return choices[value]
