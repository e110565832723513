"""The options of a layer, checked: what the engine does not have is refused by name."""

from collections.abc import Sequence
from typing import Any

from .config import KerasLayer
from .graph import Graph

_LARGEST = 1 << 20


def whole(graph: Graph, layer: KerasLayer, value: Any, what: str) -> int:
    """Return a whole number from 0 up."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _LARGEST:
        raise ValueError(f"{graph.place}: {layer} has {what} {value!r}, expected a whole number")
    return value


def square(graph: Graph, layer: KerasLayer, option: str, default: Any = None) -> int:
    """Return an option that is one number, or the same for height and width."""
    value = layer.config.get(option)
    value = default if value is None else value
    pair = value if isinstance(value, list) else [value, value]
    if len(pair) != 2 or pair[0] != pair[1]:
        raise graph.refuse(layer, f"has {option} {value}, expected the same number twice")
    return whole(graph, layer, pair[0], option)


def require(graph: Graph, layer: KerasLayer, option: str, *expected: Any) -> None:
    """Refuse an option that is given and is none of the expected values."""
    value = layer.config.get(option, expected[0])
    if not any(value == each and type(value) is type(each) for each in expected):
        raise graph.refuse(layer, f"has {option} {value!r}, expected {expected[0]!r}")


def same_padding(size: int, kernel: int, stride: int) -> tuple[int, int]:
    """Return TensorFlow's padding "same" before and after: what is odd goes to the end."""
    total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2


def window(graph: Graph, layer: KerasLayer, kernel: int, stride: int) -> Sequence[int]:
    """Return the padding of a window: top, left, bottom, right.

    Raises
    ------
    UnsupportedError
        The layer's options are others than the engine's.
    """
    require(graph, layer, "data_format", "channels_last", None)
    require(graph, layer, "padding", "valid", "same")
    if graph.is_flat:
        raise graph.refuse(layer, "reads a list, expected a map")
    if kernel < 1 or stride < 1:
        raise ValueError(f"{graph.place}: {layer} has a window of {kernel} and a stride of {stride}")
    if layer.config.get("padding", "valid") == "valid":
        return 0, 0, 0, 0
    _, height, width = graph.shape
    height, width = height + graph.padding[0] + graph.padding[2], width + graph.padding[1] + graph.padding[3]
    (top, bottom), (left, right) = same_padding(height, kernel, stride), same_padding(width, kernel, stride)
    return top, left, bottom, right


def activation_name(value: Any) -> str:
    """Return the name of a function as a layer's option has it; "" for none."""
    if isinstance(value, dict):  # Keras 3 may say {"class_name": "function", "config": "relu"}
        value = value.get("config")
    return "" if value in (None, "linear") else str(value)
