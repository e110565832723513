"""Response normalisations that a graph computes step by step: x / (k + alpha · mean of x²)^beta.

Our exports write the normalisation within maps so, and PyTorch's exporter the one across channels: there the channels
become a dimension of their own, in which an average pool has its window.
"""

from collections.abc import Callable
from dataclasses import replace

from ..chain import Node, response_norm
from .constants import target_sizes
from .operation import Operation
from .reading import Reading
from .values import Squares
from .walk import Handler


def or_step(handler: Handler) -> Handler:
    """Return a handler that takes a node for a step of a normalisation if it reads the squares of one."""

    def read(reading: Reading, node: Operation) -> None:
        for at, name in enumerate(node.inputs):
            value = reading.values.get(name)
            if isinstance(value, Squares):
                _read_step(reading, node, value, at)
                return
        handler(reading, node)

    return read


def _read_step(reading: Reading, node: Operation, value: Squares, at: int) -> None:
    step = _STEPS.get(node.kind)
    result = None if step is None else step(reading, node, value, at)
    if node.kind == "Div" and at == 1 and value.beta and not value.is_apart:
        _divide(reading, node, value)
    elif result is None:
        raise node.unsupported("not a step of a response normalisation")
    else:
        reading.give(node, result)


def _multiply(reading: Reading, node: Operation, value: Squares, at: int) -> Squares | None:
    factor = reading.scalar(node, 1 - at)
    if factor is None or not value.size or value.beta:
        return None
    return replace(value, alpha=value.alpha * factor, k=value.k * factor)


def _add(reading: Reading, node: Operation, value: Squares, at: int) -> Squares | None:
    term = reading.scalar(node, 1 - at)
    return None if term is None or not value.size or value.beta else replace(value, k=value.k + term)


def _raise(reading: Reading, node: Operation, value: Squares, at: int) -> Squares | None:
    power = reading.scalar(node, 1) if at == 0 else None
    return None if power is None or not value.size or value.beta else replace(value, beta=power)


def _divide(reading: Reading, node: Operation, value: Squares) -> None:
    flow = reading.flow(node)
    if value.flow != flow:
        raise node.unsupported("it divides another tensor than the one that was squared")
    name, size, norm = reading.name_for(node), value.size, {"alpha": value.alpha, "beta": value.beta, "k": value.k}
    if value.is_across:
        made = response_norm(name, size, value.alpha, value.beta, value.k)
    else:
        made = Node.make("spatial_response_norm", name, size=size, **norm, alpha_over_n=True)
    reading.add(node, flow, made)


def _reshape(reading: Reading, node: Operation, value: Squares, at: int) -> Squares | None:
    now = value.flow.sizes
    sizes = target_sizes([1, *now] if value.is_apart else now, reading.numbers(node, 1, "shape") or [])
    return _arranged(value, sizes)


def _squeeze(reading: Reading, node: Operation, value: Squares, at: int) -> Squares | None:
    return _arranged(value, value.flow.sizes) if value.is_apart and reading.numbers(node, 1, "axes") == [1] else None


def _unsqueeze(reading: Reading, node: Operation, value: Squares, at: int) -> Squares | None:
    batch, *rest = value.flow.sizes
    return (
        _arranged(value, [batch, 1, *rest]) if not value.is_apart and reading.numbers(node, 1, "axes") == [1] else None
    )


def _arranged(value: Squares, sizes: list[int]) -> Squares | None:
    """Return the squares with, or without, one dimension between the batch and the channels."""
    batch, *rest = value.flow.sizes
    if sizes == [batch, *rest]:
        return replace(value, is_apart=False)
    return replace(value, is_apart=True) if sizes == [batch, 1, *rest] and not value.size else None


def _pad(reading: Reading, node: Operation, value: Squares, at: int) -> Squares | None:
    """Zeros before and after the channels."""
    pads, number = reading.numbers(node, 1, "pads"), reading.scalar(node, 2)
    if not value.is_apart or value.size or number or not pads or len(pads) != 10:
        return None
    after, before = int(pads.pop(7)), int(pads.pop(2))  # of batch, one, channels, height, width
    plain = node.text("mode", "constant") == "constant" and not node.number_of("value", 0.0)
    return replace(value, margins=(before, after)) if plain and not any(pads) and min(before, after) >= 0 else None


def _average(reading: Reading, node: Operation, value: Squares, at: int) -> Squares | None:
    """A window that starts ⌊size / 2⌋ before the number, of which zeros outside count."""
    count = 3 if value.is_apart else 2
    kernel, pads = node.integers("kernel_shape") or [0], node.integers("pads") or [0] * 2 * count
    size = kernel[0]
    window, before, after = ([size, 1, 1] if value.is_apart else [size, size]), size // 2, size - 1 - size // 2
    if value.is_apart:
        padded = any(value.margins)
        wanted = [0] * 6 if padded else [before, 0, 0, after, 0, 0]
        fits = value.margins == (before, after) or not padded
    else:
        wanted, fits = [before, before, after, after], True
    plain = (node.integers("strides") or [1] * count) == [1] * count and not node.integer("ceil_mode", 0)
    plain = plain and all(dilation == 1 for dilation in node.integers("dilations") or [])
    plain = plain and node.text("auto_pad", "NOTSET") == "NOTSET"
    counts = bool(node.integer("count_include_pad", 0)) or not any(pads)
    if value.size or size < 1 or kernel != window or pads != wanted or not (fits and plain and counts):
        return None
    return replace(value, size=size, is_across=value.is_apart) if value.flow.is_map() and value.flow.is_plain else None


_STEPS: dict[str, Callable[[Reading, Operation, Squares, int], Squares | None]] = {
    "Add": _add,
    "AveragePool": _average,
    "Identity": lambda reading, node, value, at: value,
    "Mul": _multiply,
    "Pad": _pad,
    "Pow": _raise,
    "Reshape": _reshape,
    "Squeeze": _squeeze,
    "Unsqueeze": _unsqueeze,
}
