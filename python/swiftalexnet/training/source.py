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
from ..distributed.team import Team
from ..evaluation.evaluate import evaluate
from ..images.geometry import Geometry
from ..inference.batches import chosen_batches
from ..inference.views import Views, classify
from ..network.base import BaseModel
from ..preprocessing.scale_jitter import ScaleJitter
from .plan import Plan
from .portion import Portion
from .shared_evaluation import Measured, evaluate_shared

VALIDATION_BATCH = 64

Step = Callable[..., tuple[float, float]]  # one call of the engine; returns (loss, top-1 error in percent)


Gradients = Callable[..., tuple[tuple[float, float], ...]]  # returns (Σ w·loss, top-1 errors) of each shard


class Errors(Protocol):
    """What a validation measures: errors in percent, and the mean loss."""

    @property
    def top1_error(self) -> float: ...  # noqa: D102
    @property
    def top5_error(self) -> float: ...  # noqa: D102
    @property
    def loss(self) -> float: ...  # noqa: D102


class Batch(Protocol):
    """A batch of a run; images that could not be read are missing, or with shards black with the index −1."""

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

    def batches(self, portions: Iterable[Portion], epoch: int, step: int) -> Batches:
        """Return the batches with these images, whose first is trained on in step `step` of the run."""

    def step(
        self, batch: Any, labels: NDArray[np.int32], epoch: int, options: StepOptions
    ) -> tuple[Step, tuple[Any, ...]]:
        """Return the engine's function for a step on a batch, and its arguments."""

    def gradients(
        self, batch: Any, labels: NDArray[np.int32], epoch: int, options: StepOptions
    ) -> tuple[Gradients, tuple[Any, ...]]:
        """Return the engine's function for the gradients of a batch, and its arguments but for the share."""

    def evaluate(self, validation: Dataset) -> Errors:
        """Measure the model on the plan's validation set."""


class ImageSource:
    """Images as the data sets decode them; in a team, those of this rank."""

    def __init__(self, model: BaseModel, plan: Plan, team: Team):
        self._model, self._plan, self._team = model, plan, team

    def batches(self, portions: Iterable[Portion], epoch: int, step: int) -> loader.Loader:
        """Return a loader."""
        chosen = (portion.images for portion in portions)
        keeps = self._plan.shards is not None
        return loader.Loader(self._plan.train, chosen, self._geometry(epoch), numbered=True, keeps_places=keeps)

    def step(
        self, batch: loader.Batch, labels: NDArray[np.int32], epoch: int, options: StepOptions
    ) -> tuple[Step, tuple[Any, ...]]:
        """Return the step on augmented images."""
        return self._model.network.train_step_images, self._arguments(batch, labels, epoch, options)

    def gradients(
        self, batch: loader.Batch, labels: NDArray[np.int32], epoch: int, options: StepOptions
    ) -> tuple[Gradients, tuple[Any, ...]]:
        """Return the gradients of augmented images."""
        return self._model.network.gradients_images, self._arguments(batch, labels, epoch, options)

    def evaluate(self, validation: Dataset) -> Errors:
        """Measure the model on the centre crops of the validation set."""
        if self._plan.shards is None:
            precision, _, fast = self._plan.arithmetic
            return evaluate(
                self._model,
                validation,
                batch_size=VALIDATION_BATCH,
                precision=PRECISIONS[precision],
                fast_math=bool(fast),
            )
        views = Views(operation="evaluate", arithmetic=self._plan.arithmetic)

        def measure(chosen: list[NDArray[np.intp]]) -> Measured:
            for images, numbers in chosen_batches(validation, self._model.preprocessing.geometry, chosen):
                yield numbers, classify(self._model, images, views)

        return evaluate_shared(self._team, validation, VALIDATION_BATCH, measure)

    def _arguments(
        self, batch: loader.Batch, labels: NDArray[np.int32], epoch: int, options: StepOptions
    ) -> tuple[Any, ...]:
        preprocessing = self._model.preprocessing
        augmentation = self._plan.recipe.augmentation_in(epoch).for_engine(preprocessing.channels)
        return batch.images, labels, preprocessing.for_engine(), augmentation, options

    def _geometry(self, epoch: int) -> Geometry | ScaleJitter:
        """Return the geometry that images are decoded to in an epoch."""
        recipe, preprocessing = self._plan.recipe, self._model.preprocessing
        if recipe.scale is None:
            return preprocessing.geometry
        return ScaleJitter(recipe.scale, preprocessing, self._plan.seed, epoch, recipe.crop)
