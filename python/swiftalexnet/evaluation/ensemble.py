"""Several models as one: the mean of their probabilities, with weights that can be searched for.

Krizhevsky et al. 2012, section 6, and Simonyan and Zisserman 2014, section 4.4, average the softmaxes of up to seven
networks.
"""

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .._support.arithmetic import PRECISIONS
from .._support.arrays import as_integer, as_output
from .._support.kinds import as_items
from .._support.native_arguments import Arithmetic
from .._support.numbers import check_number
from .._support.progress import Progress
from ..data.checks import check_dataset
from ..data.skipped import report_skipped
from ..images.inputs import as_images
from ..images.thumbnails import thumbnails
from ..inference.prediction import probabilities
from ..inference.ranking import Predictions, likeliest
from ..inference.views import Views, classify_all
from ..network.base import BaseModel
from ..network.batch_size import BatchSize, for_inference
from .ensemble_weights import mix, search
from .evaluate import Evaluation, Tally

if TYPE_CHECKING:
    from ..data.dataset import Dataset

Float32 = NDArray[np.float32]

_LARGEST = 1e30  # of a weight before normalisation: keeps sums far from overflow


class Ensemble:
    """Models whose probabilities are averaged, each with its own preprocessing.

    Parameters
    ----------
    models : sequence of Model
        With the same classes, in the same order.
    weights : sequence of float, optional
        At least 0; normalised to a sum of 1. By default all are equal.

    Attributes
    ----------
    models : tuple of Model
    weights : tuple of float
        They sum to 1.
    num_classes : int
    classes : tuple of str or None
        Names of the classes, if a model has them.

    Raises
    ------
    TypeError, ValueError
        No models, models with different classes, or invalid weights.
    """

    def __init__(self, models: Iterable[BaseModel], weights: Sequence[float] | None = None):

        self.models: tuple[BaseModel, ...] = tuple(as_items(models, "models", "Ensemble"))
        if not self.models:
            raise ValueError("Ensemble: got no models, expected at least one")
        for model in self.models:
            if not isinstance(model, BaseModel):
                raise TypeError(f"Ensemble: got {type(model).__name__}, expected models")
        self.num_classes = _agreed([model.num_classes for model in self.models], "numbers of classes")
        named = [model.classes for model in self.models if model.classes is not None]
        self.classes = _agreed(named, "class names") if named else None
        self._weights = self._checked([1.0] * len(self.models) if weights is None else weights)

    @property
    def weights(self) -> tuple[float, ...]:
        """The factors of the models' probabilities; they sum to 1."""
        return self._weights

    @weights.setter
    def weights(self, values: Sequence[float]) -> None:
        self._weights = self._checked(values)

    def __repr__(self) -> str:
        parts = ", ".join(f"{weight:.3g} {model!r}" for weight, model in zip(self.weights, self.models, strict=True))
        return f"<Ensemble: {parts}>"

    def probabilities(self, images: Any, crops: int | None = None, **options: Any) -> Float32:
        """Return the weighted mean of the models' probabilities, [count, classes].

        Parameters
        ----------
        images : images
            See `swiftalexnet.inference.prediction.predict`.
        crops, **options
            See `swiftalexnet.inference.prediction.probabilities`; they apply to every model.

        Raises
        ------
        TypeError, ValueError, OSError
            Something is not an image, or cannot be read.
        """
        views = Views(crops, options.get("dense", False), options.get("scales"), "predict")
        self._arithmetic("predict", precision=options.get("precision"))
        for model in self.models:
            views.check(model)
        return mix(
            (probabilities(model, images, crops, **options) for model in self._weighted_models), self._nonzero_weights
        )

    def predict(self, images: Any, top: int = 5, crops: int | None = None, **options: Any) -> Predictions:
        """Return the `top` likeliest classes of each image: see `swiftalexnet.inference.prediction.predict`."""
        top = as_integer(top, "top", "predict", 1)
        channels, value_range = self.models[0].preprocessing.channels, options.get("value_range")
        given = as_images(images, options.get("layout"), value_range, channels, "predict")
        table = self.probabilities(given, crops, **options)
        return likeliest(table, self.classes, top, thumbnails(given, channels, value_range))

    def evaluate(
        self,
        data: "Dataset",
        crops: int | None = None,
        batch_size: BatchSize = 64,
        progress: bool = False,
        dense: bool = False,
        scales: Sequence[int] | None = None,
        **arithmetic: Any,
    ) -> Evaluation:
        """Classify every image and compare the result with its label: see `swiftalexnet.evaluation.evaluate`.

        `arithmetic` is `precision`, `weights` and `fast_math`: models that are quantised beside others need a
        `precision`. "auto" chooses a batch size for each model.
        Images that one model cannot read are skipped for all. Needs two arrays of float32 [images, classes].
        """
        views, data = self._ready(data, crops, batch_size, dense, scales, "evaluate", arithmetic)
        readable = np.ones(len(data), np.bool_)
        with Progress(len(data) * views.passes * len(self._weighted_models), progress, "evaluate") as bar:
            tables = (_table(model, data, views, batch_size, bar, readable) for model in self._weighted_models)
            mixed = mix(tables, self._nonzero_weights)
        numbers = _numbers(readable, "evaluate")
        tally = Tally(data)
        tally.add(mixed[numbers], numbers)
        result = tally.evaluation(self, views)
        report_skipped(data, tally.missing(), "evaluate")
        return result

    def search_weights(
        self,
        validation: "Dataset",
        crops: int | None = None,
        batch_size: BatchSize = 64,
        progress: bool = False,
        dense: bool = False,
        scales: Sequence[int] | None = None,
        **arithmetic: Any,
    ) -> tuple[float, ...]:
        """Choose the weights by coordinate descent on the top-5 error, and set them.

        Starting from equal weights, each model in turn gets the best of 21 shares from 0 to 1 while the others keep
        their proportions, until nothing improves. Ties in the top-5 error are broken by the top-1 error, then by the
        loss. On `validation` the result is never worse than equal weights, and it is the same on every call. Each model
        computes its probabilities once; this needs one array of float32 [images, classes] per model.

        Parameters
        ----------
        validation : Dataset
            Images that no model was trained on.
        crops, batch_size, progress, dense, scales, **arithmetic
            See `evaluate`.

        Returns
        -------
        tuple of float
            The new `weights`.

        Raises
        ------
        ValueError, OSError
            As for `evaluate`.
        """
        views, validation = self._ready(validation, crops, batch_size, dense, scales, "search_weights", arithmetic)
        readable = np.ones(len(validation), np.bool_)
        with Progress(len(validation) * views.passes * len(self.models), progress, "search weights") as bar:
            tables = [_table(model, validation, views, batch_size, bar, readable) for model in self.models]
        numbers = _numbers(readable, "search_weights")
        report_skipped(validation, np.flatnonzero(~readable).tolist(), "search_weights")
        labels = np.ascontiguousarray(validation.labels[numbers], np.int32)
        self._weights = search([table[numbers] for table in tables], labels)
        return self._weights

    @property
    def _weighted_models(self) -> list[BaseModel]:
        """The models whose weight is not 0."""
        return [model for model, weight in zip(self.models, self._weights, strict=True) if weight]

    @property
    def _nonzero_weights(self) -> list[float]:
        return [weight for weight in self._weights if weight]

    def _ready(
        self,
        data: "Dataset",
        crops: int | None,
        batch_size: BatchSize,
        dense: bool,
        scales: Sequence[int] | None,
        work: str,
        arithmetic: dict[str, Any],
    ) -> "tuple[Views, Dataset]":
        """Check everything that can be checked in advance."""
        views = Views(crops, dense, scales, work, self._arithmetic(work, **arithmetic))
        data = check_dataset(self, data, work, same_names=True)
        for model in self.models:
            views.images_at_once(for_inference(model, batch_size, work, views.arithmetic))
            views.check(model)
        return views, data

    def _arithmetic(self, work: str, **words: Any) -> Arithmetic:
        """Return how all models compute; without a precision some may be quantised and others not."""
        chosen = [model.arithmetic(work, **words) for model in self.models]
        _agreed([PRECISIONS[each.precision] for each in chosen], "precisions of their own")
        return chosen[0]

    def _checked(self, weights: Sequence[float]) -> tuple[float, ...]:
        values = as_items(weights, "weights", "Ensemble")
        if len(values) != len(self.models):
            raise ValueError(f"Ensemble: got {len(values)} weights for {len(self.models)} models, expected as many")
        for value in values:
            check_number(value, "a weight", "Ensemble", _LARGEST)
        total = math.fsum(values)
        if not total:
            raise ValueError(f"Ensemble: weights are {values}, expected a sum above 0")
        return tuple(float(value / total) for value in values)


def _agreed(values: list[Any], what: str) -> Any:
    """Return the value that all share."""
    for value in values[1:]:
        if value != values[0]:
            raise ValueError(f"Ensemble: the models have different {what}: {values[0]} and {value}")
    return values[0]


def _table(
    model: BaseModel, data: "Dataset", views: Views, batch_size: BatchSize, bar: Progress, readable: NDArray[np.bool_]
) -> Float32:
    """Return the probabilities of all images, [count, classes]; clear `readable` where an image cannot be read."""
    table = as_output(None, (len(data), model.num_classes), views.operation)
    table[:] = 0
    read = np.zeros_like(readable)
    size = for_inference(model, batch_size, views.operation, views.arithmetic)  # earlier models have taken memory
    for numbers, rows in classify_all(model, data, views, size, bar.advance):
        table[numbers] = rows
        read[numbers] = True
    readable &= read
    return table


def _numbers(readable: NDArray[np.bool_], work: str) -> NDArray[np.int32]:
    """Return the numbers of the images that could be read; at least one."""
    numbers = np.flatnonzero(readable).astype(np.int32)
    if not len(numbers):
        raise ValueError(f"{work}: none of {len(readable)} images could be read")
    return numbers
