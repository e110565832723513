"""The layers of a network that see only a neighbourhood, in stages of which a part of the image can be computed.

Along one axis a node is a step: output j reads the inputs from stride · j − before to stride · j − before + kernel.
"""

import math
from itertools import pairwise, takewhile
from typing import NamedTuple

from ..network.base import BaseModel

_POINTWISE = ("relu", "tanh", "sigmoid", "response_norm", "dropout")  # at each position by itself
_WINDOWED = ("convolution", "max_pool", "average_pool")


class Step(NamedTuple):
    """One node along one axis: its window, and how many inputs and outputs there are."""

    kernel: int
    stride: int
    before: int
    inputs: int
    outputs: int


class Span(NamedTuple):
    """Indices from `start` to before `end`."""

    start: int
    end: int


class Stage(NamedTuple):
    """Consecutive nodes, the first a convolution: their text, the last one's name, and their steps down and across."""

    lines: tuple[str, ...]
    node: str
    steps: tuple[tuple[Step, ...], tuple[Step, ...]]

    @property
    def strides(self) -> tuple[int, int]:
        """How many inputs lie between two outputs, down and across."""
        down, across = (math.prod(step.stride for step in steps) for steps in self.steps)
        return down, across


def stages_of(model: BaseModel, sizes: dict[str, tuple[int, int]], node: str) -> list[Stage]:
    """Return the stages from the image to the first node that sees more than a neighbourhood.

    Parameters
    ----------
    model : Model
    sizes : dict of str to (int, int)
        Height and width of each node's output.
    node : str
        No stage reaches it.
    """
    lines = model.spec.splitlines()[2:]
    kinds = [line.split()[0] for line in lines]
    end = next((at for at, kind in enumerate(kinds) if kind not in (*_POINTWISE, *_WINDOWED)), len(lines))
    starts = [at for at in range(end) if kinds[at] == "convolution"]
    if not starts or starts[0] != 0:
        return []
    names = ["data", *(line.split()[1] for line in lines)]
    found = []
    for first, last in pairwise([*starts, end]):
        axes = [
            tuple(
                _step(lines[at], axis, sizes[names[at]][axis], sizes[names[at + 1]][axis])
                for at in range(first, last)
                if kinds[at] in _WINDOWED
            )
            for axis in (0, 1)
        ]
        found.append(Stage(tuple(lines[first:last]), names[last], (axes[0], axes[1])))
    return list(takewhile(lambda stage: node not in {line.split()[1] for line in stage.lines}, found))


def changed(span: Span, steps: tuple[Step, ...]) -> Span:
    """Return the outputs of a stage that read some of the inputs `span`; possibly none."""
    for step in steps:
        start = max(0, -(-(span.start + step.before - step.kernel + 1) // step.stride))
        end = min(step.outputs, (span.end - 1 + step.before) // step.stride + 1)
        span = Span(start, max(start, end))
    return span


def read(span: Span, steps: tuple[Step, ...]) -> Span:
    """Return the inputs of a stage that its outputs `span` read."""
    for step in reversed(steps):
        start = span.start * step.stride - step.before
        end = (span.end - 1) * step.stride - step.before + step.kernel
        span = Span(max(start, 0), min(max(end, start + 1, 1), step.inputs))
    return span


def _step(line: str, axis: int, inputs: int, outputs: int) -> Step:
    fields = dict(field.split("=") for field in line.split()[2:])
    return Step(int(fields["kernel"]), int(fields["stride"]), int(fields["pad"].split(",")[axis]), inputs, outputs)
