"""The time of each layer of a network, compared with the machine's limits."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ._support.arithmetic import DIFFERENTIABLE, PRECISIONS, choose_arithmetic
from ._support.arrays import as_integer, require_memory
from ._support.optional import require
from ._support.shown import shown
from ._support.tables import html_table, lay_out
from .images.inputs import as_images
from .network.base import BaseModel
from .network.memory_use import MAX_BATCH
from .recipes.augmentation import Augmentation

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from pandas import DataFrame


class Row(NamedTuple):
    """One direction of one step: the nodes computed in one pass, or `input`, `loss`, `update`, `other`."""

    name: str
    kind: str  # of the first node; empty if the row is not a layer
    direction: str  # "forward", or "backward": data and filter gradients together
    milliseconds: float
    gflops: float | None  # per second; None if nothing is multiplied
    gigabytes: float | None  # per second, of the least traffic: every tensor read or written once
    share: float | None  # of the limit that applies, in percent
    limit: str  # "arithmetic" or "memory": the one that takes longer at the machine's best; empty for `other`


@dataclass(frozen=True)
class Profile:
    """Median times of the parts of a pass.

    A row is compared with the larger of two times: its operations at the machine's multiply-add rate, and its bytes at
    the machine's memory bandwidth; both are measured in the same run. A share can exceed 100 % if tensors come from a
    cache, or if `fast_math` computes a convolution by Winograd's method, because its operations are counted as those of
    the direct sum. Rows come in the order of computation.

    Attributes
    ----------
    title : str
    batch : int
    training : bool
    milliseconds : float
        Median time of a whole pass.
    gflops_limit, gigabytes_limit : float
        The machine's limits per second on all threads; the operations are in the precision of the passes.
    rows : tuple of Row
    """

    title: str
    batch: int
    training: bool
    milliseconds: float
    gflops_limit: float
    gigabytes_limit: float
    rows: tuple[Row, ...]

    @property
    def images_per_second(self) -> float:
        """Images per second."""
        return 1e3 * self.batch / self.milliseconds

    def to_frame(self) -> "DataFrame":
        """Return a pandas DataFrame.

        Raises
        ------
        ImportError
            pandas is not installed.
        """
        pandas = require("pandas", "frame", "Profile.to_frame")
        frame: DataFrame = pandas.DataFrame(self.rows, columns=list(Row._fields))
        return frame

    def plot(self) -> "Figure":
        """Draw the time and the share of the limit of every row: see `swiftalexnet.plots.plot_profile`."""
        from .plots import plot_profile

        return plot_profile(self)

    def __str__(self) -> str:
        table = [_HEADING, *map(_cells, self.rows)]
        lines = lay_out(table, _TEXT)
        rule = "─" * max(map(len, lines))
        return "\n".join([self.title, lines[0], rule, *lines[1:], rule, self._total()])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return html_table([self.title, self._total()], _HEADING, map(_cells, self.rows))

    def _total(self) -> str:
        limits = f"{self.gflops_limit:,.0f} GFLOP/s and {self.gigabytes_limit:.1f} GB/s"
        return f"{self.milliseconds:,.1f} ms, {self.images_per_second:,.1f} images/s; the machine allows {limits}"


def profile(
    model: BaseModel,
    batch: Any,
    training: bool = False,
    repeats: int = 5,
    augmentation: Augmentation | None = None,
    precision: str | None = None,
    weights: str = "float",
    fast_math: bool = False,
) -> Profile:
    """Measure the time of each layer in a training step or in inference.

    The passes run on a copy of the network, which needs its own memory; the model's weights, velocities, gradients and
    last `forward` do not change. The first pass is not counted.

    Parameters
    ----------
    model : Model
    batch : int or images
        A number of random images, or images as for `predict`.
    training : bool
        Measure training steps: forward, loss, backward, update.
    repeats : int
        Number of passes; the medians are returned.
    augmentation : Augmentation, optional
        For training steps; by default random crops and mirroring.
    precision, weights, fast_math
        How the network computes; `weights` is for inference. By default in float32, or a quantised model's int8.

    Returns
    -------
    Profile

    Raises
    ------
    TypeError, ValueError, OSError
        Numbers out of range, or something that is not an image.
    UnsupportedError
        The processor does not support the arithmetic.
    MemoryError
        The copy does not fit into memory.
    """
    own, among = ("float32", DIFFERENTIABLE) if training else (model.precision, PRECISIONS)
    arithmetic = choose_arithmetic("profile", own if precision is None else precision, weights, fast_math, among)
    repeats = as_integer(repeats, "repeats", "profile", 1, 1000)
    if augmentation is not None and not isinstance(augmentation, Augmentation):
        raise TypeError(f"profile: augmentation is {shown(augmentation)}, expected an Augmentation or None")
    images = _images(model, batch)
    preprocessing = model.preprocessing
    moves = (augmentation or Augmentation()).for_engine(preprocessing.channels) if training else None
    seconds, operations, traffic, steps = model.network.profile_images(
        images, preprocessing.for_engine(), moves, arithmetic, repeats
    )
    forward = [_row(name, kind, "forward", part[:3], operations, traffic) for name, kind, *part in steps]
    backward = [
        _row(name, kind, "backward", part[3:], operations, traffic) for name, kind, *part in reversed(steps) if part[3]
    ]
    title = f"{model!r}, {'a training step' if training else 'inference'} on {len(images)} images"
    last = 2 if training else 1  # update and other follow the backward pass
    rows = (*forward[:-last], *backward, *forward[-last:])
    return Profile(title, len(images), bool(training), 1e3 * seconds, operations / 1e9, traffic / 1e9, rows)


def _images(model: BaseModel, batch: Any) -> NDArray[np.uint8]:
    """Return uint8 [count, resize, resize, channels]."""
    geometry = model.preprocessing.geometry
    if not isinstance(batch, (int, np.integer)):
        images = as_images(batch, None, None, geometry.channels, "profile")
        require_memory((len(images), geometry.size, geometry.size, geometry.channels), 1, "profile: images")
        return np.stack(list(images.squares(geometry)))
    shape = (as_integer(batch, "batch", "profile", 1, MAX_BATCH), geometry.size, geometry.size, geometry.channels)
    require_memory(shape, 1, "profile: images")
    return np.random.default_rng(0).integers(0, 256, shape, np.uint8)


def _row(
    name: str,
    kind: str,
    direction: str,
    part: Sequence[float],
    operations_per_second: float,
    bytes_per_second: float,
) -> Row:
    seconds, operations, traffic = part
    arithmetic, memory = operations / operations_per_second, traffic / bytes_per_second
    limit = ("arithmetic" if arithmetic > memory else "memory") if traffic else ""

    def rate(amount: float) -> float | None:
        return amount / seconds / 1e9 if amount and seconds else None

    share = 100 * max(arithmetic, memory) / seconds if limit and seconds else None
    return Row(name, kind, direction, 1e3 * seconds, rate(operations), rate(traffic), share, limit)


_HEADING = ("layer", "kind", "", "ms", "GFLOP/s", "GB/s", "% of limit", "limit")
_TEXT = (0, 1, 2, 7)  # left-aligned columns


def _cells(row: Row) -> tuple[str, ...]:
    numbers = (f"{row.milliseconds:,.2f}", _number(row.gflops, 1), _number(row.gigabytes, 2), _number(row.share, 0))
    return row.name, row.kind, row.direction if row.kind else "", *numbers, row.limit


def _number(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:,.{digits}f}"
