"""Test-time views: which crops and scales of an image are classified, and how their probabilities are averaged.

docs/evaluation.md explains the procedures. The engine cuts crops and slides the network; this module resizes images to
the scales of a procedure, and averages the probabilities of its views.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .._support.arithmetic import PRECISIONS
from .._support.arrays import as_integer, as_output
from .._support.kinds import as_items
from .._support.native_arguments import FLOAT32, Arithmetic
from .._support.shown import shown
from ..data.loader import Batch
from ..errors import UnsupportedError
from ..images.geometry import Whole
from ..network.base import BaseModel
from ..network.checks import require_model
from .batches import batches

if TYPE_CHECKING:
    from ..data.dataset import Dataset

Float32 = NDArray[np.float32]

CROPS = (1, 9, 10, 50)

_WAITING = 2  # batches of whole images that may wait for others of the same size


@dataclass(frozen=True)
class Views:
    """The views of an image that are classified; their probabilities are averaged.

    Parameters
    ----------
    crops : {1, 9, 10, 50}, optional
        1: the centre. 9: a grid of 3 × 3 (the CIFAR-10 providers of cuda-convnet2 and of the 2012 code). 10: the
        corners, the centre and their mirror images (Krizhevsky et al. 2012, section 4.1). 50: a grid of 5 × 5 and its
        mirror images (Simonyan and Zisserman 2014, section 3.2). By default 1, and none with `dense`.
    dense : bool
        Dense evaluation: the dense layers slide over the feature map of the whole image and of its mirror image
        (Simonyan and Zisserman 2014, section 3.2). Its probabilities have the same weight as those of all crops.
    scales : sequence of int, optional
        Sizes of the shorter side, in pixels, to which the whole image is resized in proportion; all have the
        same weight. By default the preprocessing's `resize`; crops without `dense` then see only the centre square.
    operation : str
        The beginning of messages.
    arithmetic : Arithmetic
        How the network computes.

    Raises
    ------
    TypeError, ValueError
        Another number of crops, or scales that are not integers, too large, repeated or empty.
    """

    crops: int | None = None
    dense: bool = False
    scales: Sequence[int] | None = None
    operation: str = field(default="Views", repr=False, compare=False)
    arithmetic: Arithmetic = FLOAT32

    def __post_init__(self) -> None:
        operation = self.operation
        if self.crops is not None and as_integer(self.crops, "crops", operation) not in CROPS:
            raise ValueError(f"{operation}: crops is {self.crops}, expected 1, 9, 10, 50 or None")
        if not isinstance(self.dense, (bool, np.bool_)):
            raise TypeError(f"{operation}: dense is {shown(self.dense)}, expected True or False")
        if self.scales is None:
            return
        given = as_items(self.scales, "scales", operation)
        scales = tuple(as_integer(scale, "a scale", operation, 1, 2**15) for scale in given)
        if not scales or len(set(scales)) != len(scales):
            raise ValueError(f"{operation}: scales is {scales}, expected one or more integers, each once")
        object.__setattr__(self, "scales", scales)

    @property
    def crop_count(self) -> int:
        """The number of crops of an image at one scale; 0 for dense evaluation alone."""
        if self.crops is None:
            return 0 if self.dense else 1
        return int(self.crops)

    @property
    def whole(self) -> bool:
        """Whether the whole image is used, and not only its centre square."""
        return self.dense or self.scales is not None

    @property
    def passes(self) -> int:
        """The number of times each image is decoded."""
        return 1 if self.scales is None else len(self.scales)

    def __str__(self) -> str:
        views = {0: [], 1: ["centre crop"]}.get(self.crop_count, [f"{self.crop_count} crops"]) + ["dense"] * self.dense
        scales = "" if self.scales is None else f" at {', '.join(map(str, self.scales))} pixels"
        code = self.arithmetic
        words = ["int8 weights"] * code.int8_dense_weights + ["fast math"] * code.fast_math
        return ", ".join([" and ".join(views) + scales, PRECISIONS[code.precision], *words])

    def check(self, model: BaseModel) -> None:
        """Raise if the model does not support these views.

        Raises
        ------
        ValueError
            With crops, a scale smaller than the crop; with dense evaluation, one that leaves no position for the dense
            layers, or a network without dense layers.
        UnsupportedError
            Dense evaluation of a network with layers of fixed size, or of a model that whitens its images.
        """
        require_model(model, self.operation)
        crop = model.preprocessing.crop
        if self.dense and model.preprocessing.whitening is not None:
            raise UnsupportedError(
                f"{self.operation}: dense evaluation: the model's whitening matrix is for {crop} × {crop} pixels only"
            )
        for scale in self.scales_for(model):
            if self.crop_count and scale < crop:
                raise ValueError(
                    f"{self.operation}: scale {scale} is smaller than the input, expected at least {crop} pixels"
                )
            if self.dense:
                try:
                    model.network.score_map_size(scale, scale)  # a longer side gives a larger map
                except ValueError as error:
                    raise ValueError(f"{self.operation}: {error}") from None

    def scales_for(self, model: BaseModel) -> tuple[int, ...]:
        """Return the sizes of the shorter side, by default the model's own."""
        require_model(model, self.operation)
        return (model.preprocessing.resize,) if self.scales is None else tuple(self.scales)

    def images_at_once(self, batch_size: int) -> int:
        """Return the number of images with about `batch_size` crops."""
        return max(1, as_integer(batch_size, "batch_size", self.operation, 1, 2**20) // max(1, self.crop_count))


def classify(model: BaseModel, images: NDArray[np.uint8], views: Views) -> Float32:
    """Return the probabilities [count, classes] of images of one size, at that size."""
    preprocessing, shape = model.preprocessing.for_engine(), (len(images), model.num_classes)
    tables = []
    if views.crop_count:
        tables.append(as_output(None, shape, views.operation))
        model.network.predict_images(images, preprocessing, views.crop_count, views.arithmetic, tables[-1])
    if views.dense:
        tables.append(as_output(None, shape, views.operation))
        model.network.predict_dense(images, preprocessing, True, views.arithmetic, tables[-1])
    return tables[0] if len(tables) == 1 else (tables[0] + tables[1]) / np.float32(2)


def classify_all(
    model: BaseModel, data: "Dataset", views: Views, batch_size: int, advance: Callable[[int], None] = lambda _: None
) -> Iterator[tuple[NDArray[np.int32], Float32]]:
    """Yield (indices of images, their probabilities), every readable image once.

    `advance` is called with the number of images decoded, in total `views.passes` times the number in the data.
    """
    size = views.images_at_once(batch_size)
    if not views.whole:
        for images, numbers in batches(data, model.preprocessing.geometry, size, advance):
            yield numbers, classify(model, images, views)
    elif views.passes == 1:
        yield from _classify_whole_images(model, data, views, views.scales_for(model)[0], size, advance)
    else:
        yield _average_scales(model, data, views, size, advance)


def _average_scales(
    model: BaseModel, data: "Dataset", views: Views, size: int, advance: Callable[[int], None]
) -> tuple[NDArray[np.int32], Float32]:
    table = as_output(None, (len(data), model.num_classes), views.operation)
    table[:] = 0
    seen = np.zeros(len(data), np.int32)
    for scale in views.scales_for(model):
        for numbers, rows in _classify_whole_images(model, data, views, scale, size, advance):
            table[numbers] += rows
            seen[numbers] += 1
    table /= np.float32(views.passes)
    complete = np.flatnonzero(seen == views.passes).astype(np.int32)
    return complete, table if len(complete) == len(table) else table[complete]


def _classify_whole_images(
    model: BaseModel, data: "Dataset", views: Views, scale: int, size: int, advance: Callable[[int], None]
) -> Iterator[tuple[NDArray[np.int32], Float32]]:
    geometry = Whole(scale, model.preprocessing.channels, model.preprocessing.resample)
    for images, numbers in _by_shape(batches(data, geometry, 1, advance), size):
        yield numbers, classify(model, images, views)


def _by_shape(singles: Iterable[Batch], size: int) -> Iterator[Batch]:
    """Group single images by shape into batches of up to `size`; when too many wait, the largest group is yielded."""
    waiting: dict[tuple[int, ...], list[Batch]] = {}
    count = 0
    for single in singles:
        group = waiting.setdefault(single.images.shape, [])
        group.append(single)
        count += 1
        if len(group) == size or count == _WAITING * size:
            largest = waiting.pop(max(waiting, key=lambda shape: len(waiting[shape])))
            count -= len(largest)
            yield _join(largest)
    for group in waiting.values():
        yield _join(group)


def _join(group: list[Batch]) -> Batch:
    images, labels = zip(*group, strict=True)
    return Batch(np.concatenate(images), np.concatenate(labels))
