"""The first layers of a network in stages, of which any part of the image can be computed by itself.

A stage is a convolution and what follows it at each position or window. Along one axis it is a window itself: output j
reads the inputs from stride · j − before to stride · j − before + kernel, and zeros beyond the image's border.
"""

import re
from itertools import pairwise
from typing import NamedTuple

from ..network.base import BaseModel

_POINTWISE = ("relu", "tanh", "sigmoid", "response_norm", "dropout")  # at each position by itself
_POOLS = ("max_pool", "average_pool")


class Span(NamedTuple):
    """Indices from `start` to before `end`."""

    start: int
    end: int


class Axis(NamedTuple):
    """A stage along one axis, and its numbers of inputs and outputs."""

    kernel: int
    stride: int
    before: int
    inputs: int
    outputs: int

    @property
    def after(self) -> int:
        """Zeros behind the last input."""
        return max(0, (self.outputs - 1) * self.stride + self.kernel - self.before - self.inputs)

    def changed(self, span: Span) -> Span:
        """Return the outputs that read some of the inputs `span`, at least one."""
        start = max(0, -(-(span.start + self.before - self.kernel + 1) // self.stride))
        end = min(self.outputs, (span.end - 1 + self.before) // self.stride + 1)
        start = min(start, self.outputs - 1)
        return Span(start, max(start + 1, end))


class Stage(NamedTuple):
    """The text of consecutive nodes, without padding; the last one's name; the stage down and across."""

    lines: tuple[str, ...]
    node: str
    axes: tuple[Axis, Axis]


def stages_of(model: BaseModel, sizes: dict[str, tuple[int, int]], node: str) -> list[Stage]:
    """Return the stages from the image on, up to a node that sees more than a window or reaches over the border.

    Parameters
    ----------
    model : Model
    sizes : dict of str to (int, int)
        Height and width of each node's output.
    node : str
        No stage has it.
    """
    lines = model.spec.splitlines()[2:]
    words = [line.split()[:2] for line in lines]
    kinds = [kind for kind, _ in words]
    ends = (kind not in (*_POINTWISE, *_POOLS, "convolution") or name == node for kind, name in words)
    end = next((at for at, ended in enumerate(ends) if ended), len(lines))
    starts = [at for at in range(end) if kinds[at] == "convolution"]
    names = ["data", *(name for _, name in words)]
    found: list[Stage] = []
    for first, last in pairwise([*starts, end]):
        axes = [_axis(lines[first:last], names[first : last + 1], axis, sizes) for axis in (0, 1)]
        if first != sum(len(stage.lines) for stage in found) or None in axes:
            break
        text = tuple(re.sub(r"(?<=\bpad=)[\d,]+", "0,0,0,0", line) for line in lines[first:last])
        found.append(Stage(text, names[last], (axes[0], axes[1])))  # type: ignore[arg-type]
    return found


def _axis(lines: list[str], names: list[str], axis: int, sizes: dict[str, tuple[int, int]]) -> Axis | None:
    """Return the nodes along an axis as one window; None if one is padded behind the first or passes the border."""
    kernel, stride, before = 1, 1, 0
    for number, line in enumerate(lines):
        if line.split()[0] in _POINTWISE:
            continue
        fields = dict(field.split("=") for field in line.split()[2:])
        own, step, pad = int(fields["kernel"]), int(fields["stride"]), [*map(int, fields["pad"].split(","))][axis::2]
        inputs, outputs = sizes[names[number]][axis], sizes[names[number + 1]][axis]
        if (number and any(pad)) or (outputs - 1) * step + own > inputs + sum(pad):
            return None
        kernel, stride, before = kernel + (own - 1) * stride, stride * step, before + pad[0]
    return Axis(kernel, stride, before, sizes[names[0]][axis], sizes[names[-1]][axis])
