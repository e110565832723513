"""The scores of an image under many windows, computing of the first layers only what each window changes.

A stage's outputs that a window changes are computed from a crop of its inputs, the crop being wide enough for all that
they read, and are put into the maps of the whole image. Later stages see so much of the image that the rest of the
network reads whole maps. A crop begins at a multiple of the stage's stride, so that its windows lie as the image's do,
and what the padding at an inner border of a crop has touched is not used.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..network.base import BaseModel
from ..network.derivatives import INPUT
from .stages import Span, Stage, changed, read, stages_of
from .windows import Window

Float32 = NDArray[np.float32]

_WORTH = 0.6  # of a map's area: if a crop has more, the whole map is computed


class Reach(NamedTuple):
    """Of one window along one axis: for each stage the crop that it reads, and what is changed at first and after."""

    crops: tuple[Span, ...]
    changes: tuple[Span, ...]


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
    """

    def __init__(
        self,
        model: BaseModel,
        node: str,
        size: tuple[int, int],
        places: Sequence[Window],
        batch: int,
        precision: str,
    ):
        self._model, self._node, self._batch, self._precision = model, node, batch, precision
        self._places = places
        sizes = {name: model.network.output_shape(name, *size)[1:] for name in _names(model)} | {INPUT: size}
        stages = stages_of(model, sizes, node)
        spans = [sorted({Span(each[axis], each[axis + 2]) for each in places}) for axis in (0, 1)]
        reaches = [_reaches(axis, spans[axis], stages) for axis in (0, 1)]
        count = _worthwhile(stages, reaches, sizes)
        try:
            self._use(stages[:count], reaches, sizes)
        except MemoryError:  # of the parts' own weights: the model's are there
            self._use([], reaches, sizes)

    def _use(
        self, stages: Sequence[Stage], reaches: Sequence[dict[Span, Reach]], sizes: dict[str, tuple[int, int]]
    ) -> None:
        """Make the parts of the network: one for each stage, and the rest."""
        model, count = self._model, len(stages)
        self._stages = stages
        self._reaches = [{span: Reach(r.crops[:count], r.changes) for span, r in each.items()} for each in reaches]
        firsts = [INPUT, *(stage.node for stage in stages)]
        self._parts = [_part(model, stage.lines, sizes, first) for stage, first in zip(stages, firsts, strict=False)]
        rest = model.spec.splitlines()[2 + sum(len(stage.lines) for stage in stages) :]
        end = [line.split()[1] for line in rest].index(self._node) + 1
        self._rest = _part(model, rest[:end], sizes, firsts[-1]) if stages else model

    def outputs(self, x: Float32, cover: Float32) -> Iterator[tuple[list[int], Float32]]:
        """Yield (indices of windows, the node's outputs) of one image [channels, height, width]."""
        ends = [stage.node for stage in self._stages]
        maps = [x, *(values[0] for values in self._run(self._model, x[None], ends))] if ends else [x]
        whole = np.repeat(maps[-1][None], min(self._batch, len(self._places)), axis=0)
        for some in self._groups():
            places = [self._places[number] for number in some]
            patches = [cover[:, place.top : place.bottom, place.left : place.right] for place in places]
            for level, (stage, part) in enumerate(zip(self._stages, self._parts, strict=True)):
                patches = self._advance(level, stage, part, maps[level], places, patches)
            regions = [self._region(place, len(self._stages)) for place in places]
            for values, region, patch in zip(whole, regions, patches, strict=False):
                values[(slice(None), *region)] = patch
            yield some, self._run(self._rest, whole[: len(some)], [self._node])[0]
            for values, region in zip(whole, regions, strict=False):
                values[(slice(None), *region)] = maps[-1][(slice(None), *region)]

    def _advance(
        self,
        level: int,
        stage: Stage,
        part: BaseModel,
        whole: Float32,
        places: Sequence[Window],
        patches: Sequence[Float32],
    ) -> list[Float32]:
        """Return what each window changes of a stage's outputs, from what it changes of the stage's inputs."""
        crops = [self._crop(place, level) for place in places]
        batch = np.stack([whole[:, down.start : down.end, across.start : across.end] for down, across in crops])
        for values, crop, place, patch in zip(batch, crops, places, patches, strict=True):
            own, theirs = zip(*map(_overlap, crop, self._spans(place, level)), strict=True)
            values[(slice(None), *own)] = patch[(slice(None), *theirs)]
        found = self._run(part, batch, [stage.node])[0]
        made = []
        for values, crop, place in zip(found, crops, places, strict=True):
            spans = self._spans(place, level + 1)
            starts = [side.start // stride for side, stride in zip(crop, stage.strides, strict=True)]
            region = (slice(s.start - at, s.end - at) for s, at in zip(spans, starts, strict=True))
            made.append(values[(slice(None), *region)])
        return made

    def _run(self, model: BaseModel, x: Float32, names: list[str]) -> list[Float32]:
        return list(model.activations(x, names, precision=self._precision).values())

    def _crop(self, place: Window, level: int) -> tuple[Span, Span]:
        down, across = self._of(place)
        return down.crops[level], across.crops[level]

    def _spans(self, place: Window, level: int) -> tuple[Span, Span]:
        down, across = self._of(place)
        return down.changes[level], across.changes[level]

    def _region(self, place: Window, level: int) -> tuple[slice, slice]:
        down, across = self._spans(place, level)
        return slice(*down), slice(*across)

    def _of(self, place: Window) -> tuple[Reach, Reach]:
        rows, columns = self._reaches
        return rows[Span(place.top, place.bottom)], columns[Span(place.left, place.right)]

    def _groups(self) -> Iterator[list[int]]:
        """Yield indices of windows whose crops have the same sizes at every stage, a batch at a time."""
        groups: dict[tuple[int, ...], list[int]] = {}
        for number, place in enumerate(self._places):
            key = tuple(crop.end - crop.start for reach in self._of(place) for crop in reach.crops)
            groups.setdefault(key, []).append(number)
        for numbers in groups.values():
            for first in range(0, len(numbers), self._batch):
                yield numbers[first : first + self._batch]


def _reaches(axis: int, spans: Sequence[Span], stages: Sequence[Stage]) -> dict[Span, Reach]:
    """Return what each window reads and changes along an axis; crops that no border cuts are equally long."""
    changes: dict[Span, list[Span]] = {span: [span] for span in spans}
    crops: dict[Span, list[Span]] = {span: [] for span in spans}
    for stage in stages:
        steps, stride = stage.steps[axis], stage.strides[axis]
        needed = {}
        for span in spans:
            changes[span].append(changed(changes[span][-1], steps))
            inputs = read(changes[span][-1], steps)
            needed[span] = Span(inputs.start - inputs.start % stride, inputs.end)
        length = max(each.end - each.start for each in needed.values())
        for span, each in needed.items():
            crops[span].append(Span(each.start, min(each.start + length, steps[0].inputs)))
    return {span: Reach(tuple(crops[span]), tuple(changes[span])) for span in spans}


def _worthwhile(
    stages: Sequence[Stage], reaches: Sequence[dict[Span, Reach]], sizes: dict[str, tuple[int, int]]
) -> int:
    """Return how many stages read crops that are small enough."""
    first = INPUT
    for level, stage in enumerate(stages):
        longest = [max(r.crops[level].end - r.crops[level].start for r in each.values()) for each in reaches]
        if longest[0] * longest[1] > _WORTH * sizes[first][0] * sizes[first][1]:
            return level
        first = stage.node
    return len(stages)


def _part(model: BaseModel, lines: Sequence[str], sizes: dict[str, tuple[int, int]], first: str) -> BaseModel:
    """Return a network of some of the model's nodes, with their weights, which reads the outputs of `first`."""
    channels = next(row.output[0] for row in model.summary().rows if row.name == first)
    height, width = sizes[first]
    head = ["network part", f"data channels={channels} height={height} width={width}"]
    part = BaseModel.from_spec("\n".join([*head, *lines]) + "\n", "zeros")
    own = model.parameters()
    part.load_state_dict({name: own[name] for name in part.parameters()})
    return part


def _overlap(crop: Span, span: Span) -> tuple[slice, slice]:
    """Return what a crop and a span share, as a part of the crop and as a part of the span."""
    start, end = max(crop.start, span.start), min(crop.end, span.end)
    end = max(start, end)
    return slice(start - crop.start, end - crop.start), slice(start - span.start, end - span.start)


def _names(model: BaseModel) -> list[str]:
    return [row.name for row in model.summary().rows if row.kind != "input"]
