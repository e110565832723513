"""A network's features as a transformer of scikit-learn."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import TransformerMixin
from sklearn.utils.validation import check_is_fitted

from .._support.arrays import as_integer
from ..inference.feature_layers import Form
from ..model import Model, resolve
from ..network.layer_names import node_name
from .estimator import ImageEstimator


class AlexNetFeatures(TransformerMixin, ImageEstimator):  # type: ignore[misc]
    """The outputs of a layer of a trained network, as features for any estimator of scikit-learn.

    `fit` reads the network and learns nothing, except the range of a table's numbers.

    Parameters
    ----------
    model : Model, path or str
        A model, which is not changed, a model file, or a name of `pretrained_models`. `clone` copies a Model, and a
        search over parameters clones often: a path or a name is lighter.
    layer : str, optional
        As for `Model.features`: "relu7", "pool5". By default what the last layer with weights reads: "relu7" of
        AlexNet and VGG.
    pool : {"avg", "max", "gem"}, optional
        The mean, the largest value or the generalised mean of each map; by default all values of all maps, in the order
        of channels, rows, columns.
    image_shape, layout, value_range
        What X is: see `AlexNetClassifier.fit`.
    batch_size : int
        Images computed at once.
    precision : {"float32", "bfloat16", "int8", "auto"}, optional
        By default float32, and int8 of a quantised model.

    Attributes
    ----------
    model_ : Model
    layer_ : str
    n_features_in_, feature_names_in_, image_shape_, value_range_
        After `fit` with a table.

    Examples
    --------
    >>> make_pipeline(sa.sklearn.AlexNetFeatures("alexnet-torchvision"), LogisticRegression()).fit(paths, labels)
    """

    def __init__(
        self,
        model: Any = "alexnet-torchvision",
        layer: Any = None,
        pool: Any = None,
        *,
        image_shape: Any = None,
        layout: Any = None,
        value_range: Any = None,
        batch_size: Any = 64,
        precision: Any = None,
        fast_math: Any = False,
    ):
        self.model = model
        self.layer = layer
        self.pool = pool
        self.image_shape = image_shape
        self.layout = layout
        self.value_range = value_range
        self.batch_size = batch_size
        self.precision = precision
        self.fast_math = fast_math

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags

    def fit(self, X: Any, y: Any = None) -> "AlexNetFeatures":
        """Read the network; X is like that of `AlexNetClassifier.fit`, y is ignored.

        Raises
        ------
        TypeError, ValueError
            X is neither images nor a table, an unknown layer, or a parameter out of range.
        OSError
            The model cannot be read.
        """
        operation = "AlexNetFeatures.fit"
        form = Form.checked(self.pool, True, "float32", operation)
        as_integer(self.batch_size, "batch_size", operation, 1, 2**20)
        self._learn(X)
        self.model_ = resolve(self.model, operation)
        shapes = {row.name: row.output for row in self.model_.summary().rows}
        self.layer_ = _last_hidden(self.model_) if self.layer is None else self.layer
        (self._n_features_out,) = form.shape(shapes[node_name(self.model_.variant, self.layer_, shapes)])
        return self

    def transform(self, X: Any) -> NDArray[np.float32]:
        """Return the features of images, [count, features], float32.

        Raises
        ------
        TypeError, ValueError, OSError
            X is not like that of `fit`, or an image cannot be read.
        NonFiniteError
            A feature is infinite or NaN.
        """
        items = self._read(X, "transform")
        model: Model = self.model_
        found: Any = model.features(
            items,
            [self.layer_],
            layout="NHWC",
            value_range=None if isinstance(items, np.ndarray) else self.value_range,
            batch_size=self.batch_size,
            precision=self.precision,
            fast_math=self.fast_math,
            pool=self.pool,
            flatten=True,
        )
        values: NDArray[np.float32] = found[self.layer_]
        return values

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[Any]:
        """Return the layer's name and a number for each feature: "relu7_0"."""
        check_is_fitted(self)
        return np.array([f"{self.layer_}_{number}" for number in range(self._n_features_out)], object)


def _last_hidden(model: Model) -> str:
    """Return what the last layer with weights reads, without the dropout that does nothing here."""
    rows = model.summary().rows
    if not model.has_classes:
        return rows[-1].name
    last = max(at for at, row in enumerate(rows) if row.parameters)
    return next(row.name for row in reversed(rows[:last]) if row.kind != "dropout")
