"""What both estimators share: reading X."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted, validate_data

from .._support.arrays import as_finite, require_memory
from ..images.levels import as_value_range
from .inputs import Items, as_items_of, is_table, range_of_rows, rows_to_images, shape_of_rows

_OF_TABLES = ("n_features_in_", "feature_names_in_", "image_shape_", "value_range_")


class ImageEstimator(BaseEstimator):  # type: ignore[misc]
    """An estimator with the parameters `image_shape`, `layout` and `value_range`, for images or tables of them.

    A table is any X of two dimensions: a row is an image in reading order, of `image_shape`, by default grey and the
    smallest square that holds it. Its numbers become bytes: `value_range` is black and white, by default the smallest
    and the largest number of the training set, and (0, 255) for bytes. What lies outside is black or white.

    Anything else is images: an array of three or four dimensions, [count, height, width] or [count, height, width,
    channels], or a list of paths, Pillow images and arrays.

    Attributes
    ----------
    n_features_in_, feature_names_in_, image_shape_, value_range_
        After `fit` with a table.
    """

    image_shape: Any
    layout: Any
    value_range: Any

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        return tags

    def _learn(self, X: Any, y: Any = "no_validation") -> tuple[Items, Any]:
        """Return X as images, and y as scikit-learn checks it with a table; forget what was learned before."""
        for name in _OF_TABLES:
            self.__dict__.pop(name, None)
        operation = f"{type(self).__name__}.fit"
        value_range = as_value_range(self.value_range, operation)
        if not is_table(X):
            return as_items_of(X, self.layout, value_range, operation), y
        rows, target = self._checked(X, operation, y=y)
        self.image_shape_ = shape_of_rows(rows.shape[1], self.image_shape, operation)
        self.value_range_ = value_range or range_of_rows(rows)
        return rows_to_images(rows, self.image_shape_, self.value_range_, operation), target

    def _read(self, X: Any, method: str) -> Items:
        """Return X as images, like those that `fit` has seen."""
        check_is_fitted(self)
        operation = f"{type(self).__name__}.{method}"
        of_tables = hasattr(self, "n_features_in_")
        if is_table(X):
            if not of_tables:
                raise ValueError(f"{operation}: X is a table, but fit had images: Reshape your data to images")
            rows, _ = self._checked(X, operation, reset=False)
            return rows_to_images(rows, self.image_shape_, self.value_range_, operation)
        if of_tables:
            expected = f"{self.n_features_in_} features, a row of numbers for each image"
            raise ValueError(f"{operation}: X is images, but fit had a table: expected {expected}")
        return as_items_of(X, self.layout, as_value_range(self.value_range, operation), operation)

    def _checked(self, X: Any, operation: str, **options: Any) -> tuple[NDArray[Any], Any]:
        """Return a table as scikit-learn checks it, which asks nobody for the memory, and y if it was given."""
        if isinstance(X, np.ndarray):
            require_memory(X.shape, 8, f"{operation}: X")
        checked = validate_data(self, X, **options)
        rows, y = checked if isinstance(checked, tuple) else (checked, None)
        # Whole numbers beyond 64 bits are objects still.
        return (rows if rows.dtype.kind in "biuf" else as_finite(rows, np.float64, "X", operation)), y
