"""Checks of data sets, before they are used, and of their images.

Users write their own data sets. A message names the class and what is wrong with it; exceptions from its methods are
not changed.
"""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from .._support.arrays import as_integer, as_labels, as_uint8
from .._support.shown import shown
from ..images.geometry import Geometry, Whole
from ..images.layouts import require_clear
from .dataset import Dataset


class Classifier(Protocol):
    """What a data set must fit: a model, or an ensemble, which has `models`."""

    @property
    def num_classes(self) -> int:
        """Number of classes."""

    @property
    def classes(self) -> tuple[str, ...] | None:
        """Names of the classes, if they have names."""


class Snapshot:
    """A data set with the length, labels and names that it had when it was checked, unaffected by later changes.

    Attributes
    ----------
    source : Dataset
        The data set itself, which still provides the images.
    labels : array of int32, [count]
    classes : tuple of str or None
    workers : int

    Raises
    ------
    TypeError, ValueError
        Not a data set.
    """

    def __init__(self, data: Dataset, operation: str, classes: int | None = None):
        require_dataset(data, operation)
        self.source = data
        self.labels = checked_labels(data, operation, classes).copy()
        self.classes = class_names(data, operation)
        self.workers = checked_workers(data, operation)

    def __len__(self) -> int:
        return len(self.labels)

    def __repr__(self) -> str:
        return repr(self.source)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.source, name)


def snapshot(data: Any, operation: str, classes: int | None = None) -> Dataset:
    """Return the snapshot of a data set with labels below `classes`; a snapshot is returned unchanged."""
    checked: Dataset = data if isinstance(data, Snapshot) else Snapshot(data, operation, classes)
    return checked


def source(data: Dataset) -> Dataset:
    """Return the data set itself instead of its snapshot."""
    return data.source if isinstance(data, Snapshot) else data


def check_dataset(model: Classifier, data: Dataset, operation: str, same_names: bool = False) -> Dataset:
    """Return the snapshot of a data set whose labels and number of classes fit a model, with `same_names` their names.

    Raises
    ------
    TypeError, ValueError
        Not a data set, or one that does not fit.
    """
    checked = snapshot(data, operation, model.num_classes)
    classes = checked.classes
    if classes is not None and len(classes) != model.num_classes:
        raise ValueError(f"{operation}: the data has {len(classes)} classes, the model {model.num_classes}")
    models: Sequence[Any] = getattr(model, "models", (model,))
    for each in models:
        require_clear_layout(checked, each.input_shape[0], operation)
    if same_names and None not in (classes, model.classes) and classes != model.classes:
        raise ValueError(f"{operation}: the data's classes {classes} are not the model's {model.classes}")
    return checked


def require_dataset(data: Any, operation: str) -> None:
    """Raise TypeError if an attribute of data sets is missing."""
    for attribute, there in (("__len__", type(data)), ("labels", data), ("classes", data), ("image", data)):
        if not hasattr(there, attribute):
            raise TypeError(
                f"{operation}: got {type(data).__name__}, which has no {attribute}, expected a data set such as "
                "ImageFolder or ArrayDataset"
            )


def require_clear_layout(data: Dataset, channels: int, operation: str) -> None:
    """Raise ValueError if the layout of arrays is not given and ambiguous for this number of channels."""
    if not getattr(data, "layout_is_clear", True):
        require_clear(data.images.shape, channels, operation)  # type: ignore[attr-defined]


def class_names(data: Dataset, operation: str) -> tuple[str, ...] | None:
    """Return the names of a data set's classes, or None if they have none.

    Raises
    ------
    TypeError, ValueError
        Not a sequence of distinct names.
    """
    return None if data.classes is None else as_class_names(data.classes, f"{operation}: {_name(data)}")


def as_class_names(classes: Any, owner: str) -> tuple[str, ...]:
    """Return class names as a tuple; messages begin with `owner`."""
    names = () if isinstance(classes, str) or not hasattr(classes, "__iter__") else tuple(classes)
    if not names or not all(isinstance(name, str) for name in names):
        raise TypeError(f"{owner}: classes is {shown(classes)}, expected a sequence of names")
    if len(set(names)) != len(names):
        raise ValueError(f"{owner}: classes names one class twice: {', '.join(names)}")
    return names


def checked_labels(data: Dataset, operation: str, classes: int | None = None) -> NDArray[np.int32]:
    """Return the label of every image, [count].

    Raises
    ------
    TypeError, ValueError
        They are not integers, not one per image, or not from 0 to below `classes`; or there is no image.
    """
    count = as_integer(type(data).__len__(data), f"the length of {_name(data)}", operation, 0, 2**40)
    if count == 0:
        raise ValueError(f"{operation}: {_name(data)} holds no images, expected at least 1")
    return as_labels(data.labels, f"{_name(data)}.labels", operation, count, classes)


def checked_workers(data: Dataset, operation: str) -> int:
    """Return the number of decoding threads, 1 if the data set does not say."""
    return as_integer(getattr(data, "workers", 1), f"{_name(data)}.workers", operation, 1, 256)


def checked_image(image: Any, data: Dataset, geometry: Geometry | Whole) -> NDArray[np.uint8] | None:
    """Return the result of the data set's `image`; None for an image that is left out.

    Raises
    ------
    TypeError, ValueError
        It is not an array of uint8, or does not have the size and the channels of `geometry`.
    """
    if image is None:
        return None
    name = f"{_name(data)}.image(index, geometry)"
    pixels = as_uint8(image, f"the result of {name}", "loading", 3)
    if isinstance(geometry, Whole):
        expected = f"(height, width, {geometry.channels}), the shorter side {geometry.side}"
        fits = min(pixels.shape[:2]) == geometry.side and pixels.shape[2] == geometry.channels
    else:
        shape = geometry.size, geometry.size, geometry.channels
        expected, fits = str(shape), pixels.shape == shape
    if not fits:
        raise ValueError(
            f"loading: {name} gave {pixels.shape}, expected {expected} for its geometry: "
            "swiftalexnet.images.decoding.array_to_square(image, geometry) resizes an image to it"
        )
    return pixels


def _name(data: Dataset) -> str:
    return type(source(data)).__name__
