"""A network as a classifier of scikit-learn."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin
from sklearn.utils import check_random_state, column_or_1d
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import assert_all_finite, check_consistent_length

from .._support.arrays import require_memory
from .._support.choices import nearest
from .._support.shown import shown
from ..data.array import ArrayDataset
from ..data.dataset import Dataset
from ..images.inputs import Images
from ..images.levels import as_value_range
from ..inference.batches import batches
from ..inference.prediction import probabilities
from ..model import Model, resolve
from ..training.image_weights import BALANCED, image_weights
from .estimator import ImageEstimator
from .inputs import Items
from .networks import chosen_recipe, new_network, suggestion, tuned_network

_OPERATION = "AlexNetClassifier.fit"
_DECODED_AT_ONCE = 64
_MOST_KEPT = 2**30  # bytes of decoded images; more are decoded anew in every epoch


class AlexNetClassifier(ClassifierMixin, ImageEstimator):  # type: ignore[misc]
    """Train a network on images, or tune one, with scikit-learn's interface.

    By default the network, the size of its input, the initial weights and the recipe are those that
    `swiftalexnet.suggest` gives for so many images; arrays smaller than that are read in their own size, of at least 8
    pixels. The images of a table are not cropped, mirrored, turned or coloured unless a recipe is given.

    Parameters
    ----------
    variant : str, optional
        Another network by name: see `swiftalexnet.variants`.
    model : Model, path or str, optional
        What to start from, instead of `variant`: a model, which is not changed, a model file, or a name of
        `pretrained_models`. Its last layer is replaced unless it has these very classes.
    image_size : int, optional
        Side of a new network's input in pixels.
    image_shape, layout, value_range
        What X is: see `fit`.
    recipe : str or Recipe, optional
        See `swiftalexnet.recipe`.
    epochs, batch_size : int, optional
    learning_rate : float, optional
        These replace the recipe's.
    class_weight : "balanced" or dict of class to weight, optional
        How much an image of each class counts in the loss; classes that are not named count 1.
    old_rate : float
        The learning rate of the layers of `model`, as a factor of the new layer's.
    freeze : str or tuple of str
        Layers of `model` that do not learn, by the beginnings of their names: "conv".
    crops : {1, 9, 10, 50}, optional
        Views of an image whose probabilities are averaged: see `swiftalexnet.Views`.
    precision : {"float32", "bfloat16", "auto"}
    fast_math : bool
        See `swiftalexnet.training.fit`.
    random_state : int, RandomState or None
        For the initial weights, shuffling, augmentation and dropout: see scikit-learn's glossary.
    verbose : bool
        Show a bar and a line per epoch.

    Attributes
    ----------
    classes_ : array
        The distinct values of y, sorted.
    model_ : Model
        The trained network; its classes are those of `classes_` as text.
    history_ : History
    n_iter_ : int
        Number of epochs.
    n_features_in_, feature_names_in_, image_shape_, value_range_
        After `fit` with a table.

    Examples
    --------
    >>> classifier = sa.sklearn.AlexNetClassifier(epochs=20, random_state=0)
    >>> cross_val_score(classifier, paths, labels)
    """

    def __init__(
        self,
        variant: Any = None,
        *,
        model: Any = None,
        image_size: Any = None,
        image_shape: Any = None,
        layout: Any = None,
        value_range: Any = None,
        recipe: Any = None,
        epochs: Any = None,
        batch_size: Any = None,
        learning_rate: Any = None,
        class_weight: Any = None,
        old_rate: Any = 0.1,
        freeze: Any = (),
        crops: Any = None,
        precision: Any = "float32",
        fast_math: Any = False,
        random_state: Any = None,
        verbose: Any = False,
    ):
        self.variant = variant
        self.model = model
        self.image_size = image_size
        self.image_shape = image_shape
        self.layout = layout
        self.value_range = value_range
        self.recipe = recipe
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.class_weight = class_weight
        self.old_rate = old_rate
        self.freeze = freeze
        self.crops = crops
        self.precision = precision
        self.fast_math = fast_math
        self.random_state = random_state
        self.verbose = verbose

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> "AlexNetClassifier":
        """Train on images and their classes.

        Parameters
        ----------
        X : images or table
            An array [count, height, width] or [count, height, width, channels] of bytes, or of other numbers with
            `value_range`; NCHW with `layout="NCHW"`. Or a list of paths, Pillow images and arrays, mixed as you like.
            Or a table [count, features], a row for an image in reading order: its shape is `image_shape`, (height,
            width) or (height, width, channels), by default the smallest square that holds it. The values of black and
            white are `value_range`, by default the smallest and the largest of X, and (0, 255) for bytes.
        y : array-like, [count]
            Numbers or texts.
        sample_weight : numbers, [count], optional
            How much each image counts in the loss of its batch, Σ w·loss / Σ w: finite and at least 0. In a batch of
            all images, whole weights act as so many copies, dropout, augmentation and the mean image aside.

        Raises
        ------
        TypeError, ValueError
            Before any work: X and y that do not fit each other, weights that sum to zero, or a parameter out of range.
        OSError
            An image, or the model, cannot be read.
        NonFiniteError
            The training diverged: try a lower `learning_rate`.
        """
        items, target = self._learn(X, y)
        target = column_or_1d(target, warn=True)
        assert_all_finite(target, input_name="y")
        check_consistent_length(items, target)
        check_classification_targets(target)
        self.classes_, labels = np.unique(target, return_inverse=True)
        names = tuple(map(str, self.classes_.tolist()))
        class_weight = self._weights_by_index(target)
        given = _labelled(items, labels, names, as_value_range(self.value_range, _OPERATION))
        image_weights(given, len(names), class_weight, sample_weight)  # refuses what does not fit, before any work

        seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        of_table = hasattr(self, "n_features_in_")
        suggested = suggestion(items, self.image_size, self.epochs)
        recipe = chosen_recipe(suggested, self.recipe, of_table, self._changes())
        model = self._network(suggested, items, names, seed)
        self.history_ = model.fit(
            given if recipe.scale else _decoded(given, model),
            recipe=recipe,
            seed=seed,
            progress=bool(self.verbose),
            precision=self.precision,
            fast_math=self.fast_math,
            class_weight=class_weight,
            sample_weight=sample_weight,
        )
        model.set_multipliers(list(model.parameters()), 1, 1)
        self.model_, self.n_iter_ = model, len(self.history_)
        return self

    def predict_proba(self, X: Any) -> NDArray[np.float32]:
        """Return the probability of every class, [count, classes], in the order of `classes_`.

        Raises
        ------
        TypeError, ValueError, OSError
            X is not like that of `fit`, or an image cannot be read.
        """
        items = self._read(X, "predict_proba")
        value_range = None if isinstance(items, np.ndarray) else self.value_range
        how = {"precision": self.precision, "fast_math": self.fast_math}
        return probabilities(self.model_, items, self.crops, "NHWC", value_range, **how)

    def predict(self, X: Any) -> NDArray[Any]:
        """Return the likeliest class of every image; X is like that of `fit`."""
        rows = self.predict_proba(X)
        classes: NDArray[Any] = self.classes_[rows.argmax(axis=1)]
        return classes

    def _weights_by_index(self, target: NDArray[Any]) -> Any:
        """Return `class_weight` by the index of the class, after scikit-learn's checks."""
        if self.class_weight is None or (isinstance(self.class_weight, str) and self.class_weight == BALANCED):
            return self.class_weight
        known = self.classes_.tolist()
        if isinstance(self.class_weight, Mapping) and not all(name in self.class_weight for name in known):
            for name in self.class_weight:
                if name not in known:
                    end = nearest(name, [each for each in known if isinstance(each, str)])
                    raise ValueError(
                        f"{_OPERATION}: class_weight names the unknown class {shown(name)}, expected one of "
                        f"{shown(known)}{end}"
                    )
        weights = compute_class_weight(self.class_weight, classes=self.classes_, y=target)
        return dict(enumerate(weights.tolist()))

    def _changes(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in ("epochs", "batch_size", "learning_rate")}

    def _network(self, suggested: Any, items: Items, names: tuple[str, ...], seed: int) -> Model:
        if self.model is None:
            of_table = hasattr(self, "n_features_in_")
            return new_network(suggested, self.variant, self.image_size, items, of_table, len(names), seed)
        for name in ("variant", "image_size"):
            if getattr(self, name) is not None:
                raise ValueError(f"{_OPERATION}: {name} cannot be used with model, which has its own: expected None")
        return tuned_network(resolve(self.model, _OPERATION), names, self.old_rate, self.freeze, seed)


def _labelled(items: Items, labels: NDArray[Any], names: tuple[str, ...], value_range: Any) -> Dataset:
    """Return images with their labels as a data set."""
    labels = labels.astype(np.int32)
    if isinstance(items, np.ndarray):
        return ArrayDataset(items, labels, names, "NHWC")
    given: Any = Images(items, value_range)
    given.labels, given.classes = labels, names
    return given  # type: ignore[no-any-return]


def _decoded(data: Dataset, model: Model) -> Dataset:
    """Return the images in the size that the network's crops come from, so that an epoch does not decode them again."""
    geometry = model.preprocessing.geometry
    shape = (len(data), geometry.size, geometry.size, geometry.channels)
    if np.prod(shape, dtype=object) > _MOST_KEPT:
        return data
    require_memory(shape, 1, f"{_OPERATION}: the decoded images")
    squares = np.empty(shape, np.uint8)
    for images, numbers in batches(data, geometry, _DECODED_AT_ONCE):
        squares[numbers] = images
    return ArrayDataset(squares, data.labels, data.classes, "NHWC")
