"""Where the batches of a run come from, and what a step and a validation make of them."""

from collections.abc import Callable, Collection, Iterable, Iterator
from types import TracebackType
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from .._support.arithmetic import PRECISIONS
from .._support.native_arguments import StepOptions
from ..data import loader
from ..data.dataset import Dataset
from ..evaluation.evaluate import Evaluation, evaluate
from ..images.geometry import Geometry
from ..network.base import BaseModel
from ..preprocessing.scale_jitter import ScaleJitter
from .plan import Plan

Step = Callable[..., tuple[float, float]]  # one call of the engine; returns (loss, top-1 error in percent)


class Batch(Protocol):
    """A batch of a run; images that could not be read are missing."""

    @property
    def labels(self) -> NDArray[np.int32]:
        """Index of each image in the training set: its class and weight are looked up by it."""


class Batches(Protocol):
    """Batches of a part of an epoch, read ahead; a context manager, which ends its threads."""

    @property
    def missing(self) -> Collection[int]:
        """Indices of the images that were left out so far."""

    def __iter__(self) -> Iterator[Any]: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class Source(Protocol):
    """The interface between a run and its data."""

    def batches(self, chosen: Iterable[NDArray[np.intp]], epoch: int, step: int) -> Batches:
        """Return the batches with these images, whose first is trained on in step `step` of the run."""

    def step(
        self, batch: Any, labels: NDArray[np.int32], epoch: int, options: StepOptions
    ) -> tuple[Step, tuple[Any, ...]]:
        """Return the engine's function for a step on a batch, and its arguments."""

    def evaluate(self, validation: Dataset) -> Evaluation:
        """Measure the model on the plan's validation set."""


class ImageSource:
    """Images as the data sets decode them."""

    def __init__(self, model: BaseModel, plan: Plan):
        self._model, self._plan = model, plan

    def batches(self, chosen: Iterable[NDArray[np.intp]], epoch: int, step: int) -> loader.Loader:
        """Return a loader."""
        return loader.Loader(self._plan.train, chosen, self._geometry(epoch), numbered=True)

    def step(
        self, batch: loader.Batch, labels: NDArray[np.int32], epoch: int, options: StepOptions
    ) -> tuple[Step, tuple[Any, ...]]:
        """Return the step on augmented images."""
        preprocessing = self._model.preprocessing
        augmentation = self._plan.recipe.augmentation_in(epoch).for_engine(preprocessing.channels)
        arguments = (batch.images, labels, preprocessing.for_engine(), augmentation, options)
        return self._model.network.train_step_images, arguments

    def evaluate(self, validation: Dataset) -> Evaluation:
        """Measure the model on the centre crops of the validation set."""
        return evaluate(self._model, validation, precision=PRECISIONS[self._plan.precision])

    def _geometry(self, epoch: int) -> Geometry | ScaleJitter:
        """Return the geometry that images are decoded to in an epoch."""
        recipe, preprocessing = self._plan.recipe, self._model.preprocessing
        if recipe.scale is None:
            return preprocessing.geometry
        return ScaleJitter(recipe.scale, preprocessing, self._plan.seed, epoch, recipe.crop)
