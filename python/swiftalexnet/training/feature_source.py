"""Batches of features in place of images: a run that begins behind the frozen part of its network."""

from collections.abc import Generator, Iterable, Iterator
from dataclasses import replace
from types import TracebackType
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from .. import _native
from .._support.arrays import LAYOUTS, as_output
from .._support.native_arguments import Arithmetic, StepOptions
from .._support.threads import map_ahead
from ..data.dataset import Dataset
from ..data.feature_file import FeatureFile
from ..data.order import in_order
from ..data.skipped import report_skipped
from ..evaluation.evaluate import Evaluation, Tally
from ..inference.views import Views
from ..network.base import BaseModel
from .feature_store import FeatureStore
from .features import Features
from .frozen_part import FrozenPart
from .plan import Plan
from .source import Step

_LAYOUT = LAYOUTS["NHWC"]
_AT_ONCE = 64  # images of a validation set


class FeatureBatch(NamedTuple):
    """Features of a batch, with the indices of their images as labels; images that could not be read are missing."""

    features: NDArray[np.float32]  # [count, height, width, channels]
    labels: NDArray[np.int32]  # [count]


class FeatureBatches:
    """Batches of a part of an epoch, read ahead on a thread.

    Attributes
    ----------
    missing : list of int
        Indices of the images that were left out so far.
    """

    def __init__(self, source: "FeatureSource", chosen: Iterable[NDArray[np.intp]], epoch: int, step: int):
        self.missing: list[int] = []
        self._ahead: Generator[tuple[FeatureBatch, list[int]], None, None] = map_ahead(
            lambda item: source.read(item[1], epoch, item[0]), enumerate(chosen, step), 1
        )

    def __iter__(self) -> Iterator[FeatureBatch]:
        for batch, missing in self._ahead:
            self.missing += missing
            yield batch

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ahead.close()


class FeatureSource:
    """The features of a run's images, instead of the images: see `training.source.Source`."""

    def __init__(self, model: BaseModel, plan: Plan, part: FrozenPart, store: FeatureStore):
        self._model, self._plan, self._node = model, plan, part.node
        views = 2 if plan.recipe.flip else 1
        self._train = store.file(Features("train", model, part, plan.train, views, plan.precision))
        self._validation: FeatureFile | None = None
        if plan.validation is not None:
            self._validation = store.file(Features("validation", model, part, plan.validation, 1, plan.precision))

    def batches(self, chosen: Iterable[NDArray[np.intp]], epoch: int, step: int) -> FeatureBatches:
        """Return batches of features."""
        return FeatureBatches(self, chosen, epoch, step)

    def step(
        self, batch: FeatureBatch, labels: NDArray[np.int32], epoch: int, options: StepOptions
    ) -> tuple[Step, tuple[Any, ...]]:
        """Return the step that begins with features."""
        return self._model.network.train_step_features, (self._node, batch.features, labels, _LAYOUT, options)

    def read(self, indices: NDArray[np.intp], epoch: int, step: int) -> tuple[FeatureBatch, list[int]]:
        """Return the features of a step's images, in the views that are drawn for it, and the missing images."""
        rows = self._train.first_rows[indices]
        there = rows >= 0
        kept = rows[there]
        if self._train.contents.views > 1 and len(kept):
            # The crop is the centre's in any case: without room it is not drawn.
            augmentation = replace(self._plan.recipe.augmentation_in(epoch), crop=False)
            options = augmentation.for_engine(self._model.preprocessing.channels)
            kept = kept + np.frombuffer(_native.drawn_views(options, self._plan.seed, step, len(kept)), np.int32)
        return FeatureBatch(self._train.read(kept), indices[there].astype(np.int32)), indices[~there].tolist()

    def evaluate(self, validation: Dataset) -> Evaluation:
        """Measure the model on the centre crops of the validation set."""
        assert self._validation is not None  # as there is a validation set
        arithmetic, tally = Arithmetic(self._plan.precision), Tally(validation)
        for numbers in in_order(len(validation), _AT_ONCE):
            kept = numbers[self._validation.first_rows[numbers] >= 0]
            if not len(kept):
                continue
            features = self._validation.read(self._validation.first_rows[kept])
            probabilities = as_output(None, (len(kept), self._model.num_classes), "fit")
            self._model.network.predict_features(self._node, features, _LAYOUT, arithmetic, probabilities)
            tally.add(probabilities, kept.astype(np.int32))
        result = tally.evaluation(self._model, Views(operation="evaluate", arithmetic=arithmetic))
        report_skipped(validation, tally.missing(), "evaluate")
        return result

    def close(self) -> None:
        """Close the files; those without a name then end."""
        for file in (self._train, self._validation):
            if file is not None:
                file.close()
