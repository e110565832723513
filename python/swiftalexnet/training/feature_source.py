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
from ..distributed.team import Team
from ..evaluation.evaluate import Tally
from ..inference.views import Views
from ..network.base import BaseModel
from .feature_store import FeatureStore
from .features import Features
from .frozen_part import FrozenPart
from .plan import Plan
from .portion import Portion
from .shared_evaluation import Measured, evaluate_shared
from .source import VALIDATION_BATCH, Errors, Gradients, Step

_LAYOUT = LAYOUTS["NHWC"]


class FeatureBatch(NamedTuple):
    """Features of a batch, with the indices of their images as labels; see `source.Batch`."""

    features: NDArray[np.float32]  # [count, height, width, channels]
    labels: NDArray[np.int32]  # [count]


class FeatureBatches:
    """Batches of a part of an epoch, read ahead on a thread.

    Attributes
    ----------
    missing : list of int
        Indices of the images that were left out so far.
    """

    def __init__(self, source: "FeatureSource", portions: Iterable[Portion], epoch: int, step: int):
        self.missing: list[int] = []
        self._ahead: Generator[tuple[FeatureBatch, list[int]], None, None] = map_ahead(
            lambda item: source.read(item[1], epoch, item[0]), enumerate(portions, step), 1
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

    def __init__(self, model: BaseModel, plan: Plan, part: FrozenPart, store: FeatureStore, team: Team):
        self._model, self._plan, self._node, self._team = model, plan, part.node, team
        views = 2 if plan.recipe.flip else 1
        self._train = store.file(Features("train", model, part, plan.train, views, plan.arithmetic))
        self._validation: FeatureFile | None = None
        if plan.validation is not None:
            self._validation = store.file(Features("validation", model, part, plan.validation, 1, plan.arithmetic))

    def batches(self, portions: Iterable[Portion], epoch: int, step: int) -> FeatureBatches:
        """Return batches of features."""
        return FeatureBatches(self, portions, epoch, step)

    def step(
        self, batch: FeatureBatch, labels: NDArray[np.int32], epoch: int, options: StepOptions
    ) -> tuple[Step, tuple[Any, ...]]:
        """Return the step that begins with features."""
        return self._model.network.train_step_features, (self._node, batch.features, labels, _LAYOUT, options)

    def gradients(
        self, batch: FeatureBatch, labels: NDArray[np.int32], epoch: int, options: StepOptions
    ) -> tuple[Gradients, tuple[Any, ...]]:
        """Return the gradients of what comes after the features."""
        return self._model.network.gradients_features, (self._node, batch.features, labels, _LAYOUT, options)

    def read(self, portion: Portion, epoch: int, step: int) -> tuple[FeatureBatch, list[int]]:
        """Return the features of a step's images, in the views that are drawn for it, and the missing images."""
        rows = self._train.first_rows[portion.images]
        there = rows >= 0
        keeps_places = self._plan.shards is not None
        places = portion.first + np.flatnonzero(there) if keeps_places else np.arange(there.sum())
        kept = rows[there]
        if self._train.contents.views > 1 and len(kept):
            # The crop is the centre's in any case: without room it is not drawn.
            augmentation = replace(self._plan.recipe.augmentation_in(epoch), crop=False)
            options = augmentation.for_engine(self._model.preprocessing.channels)
            views = _native.drawn_views(options, self._plan.seed, step, int(places[-1]) + 1)
            kept = kept + np.frombuffer(views, np.int32)[places]
        features, numbers = self._train.read(kept), portion.images[there].astype(np.int32)
        missing = portion.images[~there].tolist()
        if keeps_places and missing:
            every = np.zeros((len(there), *features.shape[1:]), np.float32)
            every[there] = features
            features, numbers = every, np.where(there, portion.images, -1).astype(np.int32)
        return FeatureBatch(features, numbers), missing

    def evaluate(self, validation: Dataset) -> Errors:
        """Measure the model on the centre crops of the validation set."""
        arithmetic = self._plan.arithmetic

        def measure(chosen: Iterable[NDArray[np.intp]]) -> Measured:
            return self._measure(chosen, arithmetic)

        if self._plan.shards is not None:
            return evaluate_shared(self._team, validation, VALIDATION_BATCH, measure)
        tally = Tally(validation)
        for numbers, probabilities in measure(in_order(len(validation), VALIDATION_BATCH)):
            tally.add(probabilities, numbers)
        result = tally.evaluation(self._model, Views(operation="evaluate", arithmetic=arithmetic))
        report_skipped(validation, tally.missing(), "evaluate")
        return result

    def _measure(self, chosen: Iterable[NDArray[np.intp]], arithmetic: Arithmetic) -> Measured:
        assert self._validation is not None  # as there is a validation set
        for numbers in chosen:
            kept = numbers[self._validation.first_rows[numbers] >= 0]
            if not len(kept):
                continue
            features = self._validation.read(self._validation.first_rows[kept])
            probabilities = as_output(None, (len(kept), self._model.num_classes), "fit")
            self._model.network.predict_features(self._node, features, _LAYOUT, arithmetic, probabilities)
            yield kept.astype(np.int32), probabilities

    def close(self) -> None:
        """Close the files; those without a name then end."""
        for file in (self._train, self._validation):
            if file is not None:
                file.close()


def feature_source(model: BaseModel, plan: Plan, part: FrozenPart, store: FeatureStore, team: Team) -> FeatureSource:
    """Return the source of a run's features; rank 0 computes them first, and others find its files."""
    team.doing("computing features", for_all=True)
    if not team.leads:
        team.agree()
        team.doing("checking features", for_all=True)
    source = FeatureSource(model, plan, part, store, team)
    if team.leads:
        team.agree()
    team.agree()  # until all have opened the files
    return source
