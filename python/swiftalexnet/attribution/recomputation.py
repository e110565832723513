"""The outputs for an image under many windows, computing of the first layers only what each window changes.

At every stage a region of the outputs is computed that holds all that a window changes; it is equally large for all
windows, so that they form batches. It is put into the maps of the whole image, of which the next stage reads a part.
Once regions are nearly as large as the maps, the rest of the network reads whole maps.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..network.base import BaseModel
from ..network.derivatives import INPUT
from .stages import Span, Stage, stages_of
from .windows import Window

Float32 = NDArray[np.float32]
Region = tuple[slice, slice, slice]  # all channels, some rows, some columns

_WORTH = 0.75  # of a map's area: larger regions are not worth their copies


class Recomputation:
    """A network's outputs for one image under each of many windows.

    Parameters
    ----------
    model : Model
    node : str
        Whose outputs are returned.
    size : (int, int)
        Of the network's input.
    places : sequence of Window
    batch : int
        Windows computed together.
    precision : str
    fast_math : bool
        Of convolutions: see `Model.activations`.
    """

    def __init__(
        self,
        model: BaseModel,
        node: str,
        size: tuple[int, int],
        places: Sequence[Window],
        batch: int,
        precision: str,
        fast_math: bool,
    ):
        self._model, self._node, self._batch = model, node, min(batch, len(places))
        self._precision, self._fast_math = precision, fast_math
        nodes = [row.name for row in model.summary().rows if row.kind != "input"]
        sizes = {name: model.network.output_shape(name, *size)[1:] for name in nodes} | {INPUT: size}
        self._regions = [[_region(Span(p.top, p.bottom), Span(p.left, p.right)) for p in places]]
        self._crops: list[list[Region]] = []
        self._stages: list[Stage] = []
        for stage in stages_of(model, sizes, node):
            if not self._add(stage):
                break
        try:
            self._parts = self._make_parts()
        except MemoryError:  # of the parts' weights; the model's own are there
            self._stages, self._parts = [], []

    def outputs(self, x: Float32, cover: Float32) -> Iterator[tuple[list[int], Float32]]:
        """Yield (indices of windows, the node's outputs) of one image [channels, height, width]."""
        ends = [stage.node for stage in self._stages]
        start = ends[-1] if ends else None
        maps = [x, *(values[0] for values in self._run(self._model, x[None], ends))] if ends else [x]
        padded = [_padded(values, stage) for values, stage in zip(maps, self._stages, strict=False)]
        whole, regions = np.repeat(maps[-1][None], self._batch, axis=0), self._regions[len(ends)]
        for first in range(0, len(regions), self._batch):
            some = list(range(first, min(first + self._batch, len(regions))))
            patches: Sequence[Float32] = [cover[self._regions[0][number]] for number in some]
            for level in range(len(ends)):
                patches = list(self._advance(level, padded[level], some, patches))
            for values, number, patch in zip(whole, some, patches, strict=False):
                values[regions[number]] = patch
            yield some, self._run(self._model, whole[: len(some)], [self._node], start)[0]
            for values, number in zip(whole, some, strict=False):
                values[regions[number]] = maps[-1][regions[number]]

    def _advance(self, level: int, padded: Float32, some: list[int], patches: Sequence[Float32]) -> Float32:
        """Return the regions of a stage's outputs, from those of its inputs."""
        batch = np.stack([padded[self._crops[level][number]] for number in some])
        before = [axis.before for axis in self._stages[level].axes]
        for values, number, patch in zip(batch, some, patches, strict=True):
            crop, region = self._crops[level][number], self._regions[level][number]
            own, theirs = zip(*map(_overlap, crop[1:], region[1:], before), strict=True)
            values[(slice(None), *own)] = patch[(slice(None), *theirs)]
        return self._run(self._parts[level], batch, [self._stages[level].node])[0]

    def _run(self, model: BaseModel, x: Float32, names: list[str], after: str | None = None) -> list[Float32]:
        options: dict[str, Any] = {"precision": self._precision, "fast_math": self._fast_math}
        return list(model.activations(x, names, after=after, **options).values())

    def _add(self, stage: Stage) -> bool:
        """Find the regions and crops of a stage; return whether it is worth it."""
        changes = [
            [axis.changed(Span(region[1 + at].start, region[1 + at].stop)) for region in self._regions[-1]]
            for at, axis in enumerate(stage.axes)
        ]
        lengths = [max(span.end - span.start for span in spans) for spans in changes]
        down, across = stage.axes
        if lengths[0] * lengths[1] > _WORTH * down.outputs * across.outputs:
            return False
        regions, crops = [], []
        for spans in zip(*changes, strict=True):
            starts = [min(s.start, a.outputs - n) for s, a, n in zip(spans, stage.axes, lengths, strict=True)]
            regions.append(_region(*(Span(at, at + n) for at, n in zip(starts, lengths, strict=True))))
            sides = zip(starts, stage.axes, lengths, strict=True)
            crops.append(_region(*(Span(at * a.stride, (at + n - 1) * a.stride + a.kernel) for at, a, n in sides)))
        self._stages.append(stage)
        self._regions.append(regions)
        self._crops.append(crops)
        return True

    def _make_parts(self) -> list[BaseModel]:
        """Return a network for each stage, which reads crops."""
        firsts = [INPUT, *(stage.node for stage in self._stages)]
        parts = []
        for stage, first, crops in zip(self._stages, firsts, self._crops, strict=False):
            _, rows, columns = crops[0]
            parts.append(_part(self._model, stage.lines, first, (rows.stop - rows.start, columns.stop - columns.start)))
        return parts


def _part(model: BaseModel, lines: Sequence[str], first: str, size: tuple[int, int]) -> BaseModel:
    """Return a network of some of the model's nodes with their weights, which reads outputs of `first` of a size."""
    channels = next(row.output[0] for row in model.summary().rows if row.name == first)
    head = ["network part", f"data channels={channels} height={size[0]} width={size[1]}"]
    part = BaseModel.from_spec("\n".join([*head, *lines]) + "\n", "zeros")
    own = model.parameters()
    for name, values in part.parameters().items():
        values[...] = own[name]
    return part


def _padded(values: Float32, stage: Stage) -> Float32:
    down, across = stage.axes
    return np.pad(values, ((0, 0), (down.before, down.after), (across.before, across.after)))


def _region(down: Span, across: Span) -> Region:
    return slice(None), slice(*down), slice(*across)


def _overlap(crop: slice, region: slice, before: int) -> tuple[slice, slice]:
    """Return what a crop of padded maps and a region of the maps share, as a part of the one and of the other."""
    start, stop = max(crop.start, region.start + before), min(crop.stop, region.stop + before)
    stop = max(start, stop)
    return slice(start - crop.start, stop - crop.start), slice(
        start - before - region.start, stop - before - region.start
    )
