"""What several operators share: types of arguments and shapes of results."""

from typing import Any, Literal

from .._support.shown import shown

Layout = Literal["NCHW", "NHWC"]
Pair = int | tuple[int, int]
Padding = int | tuple[int, int] | tuple[int, int, int, int]


def output_shape(batch: int, channels: int, height: int, width: int, layout: int) -> tuple[int, int, int, int]:
    """Return the shape of a 4-D result in the layout of that code."""
    return (batch, height, width, channels) if layout else (batch, channels, height, width)


def choose_code(choices: dict[str, Any], value: Any, name: str, operation: str) -> Any:
    """Return what a word stands for, or say which words there are."""
    if not isinstance(value, str) or value not in choices:
        raise ValueError(f"{operation}: {name} is {shown(value)}, expected {' or '.join(map(repr, choices))}")
    return choices[value]
