"""How much each image of a training set counts in the loss: `class_weight` times `sample_weight`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._support.arrays import as_integer
from .._support.choices import nearest
from .._support.digests import array_digest
from .._support.numbers import check_number
from .._support.sample_weights import as_sample_weight, as_weights
from .._support.shown import shown
from ..data.dataset import Dataset

BALANCED = "balanced"


@dataclass(frozen=True)
class ImageWeights:
    """The weights of a training set's images, and what they were made from.

    Parameters
    ----------
    values : array of float32, [images], or None
        None: all images count the same.
    class_weight : "balanced", dict or None
        As given, by index of the class, for comparison with a checkpoint.
    sample_weight : str or None
        Digest of the images' own weights.
    """

    values: NDArray[np.float32] | None = field(default=None, repr=False)
    class_weight: str | dict[int, float] | None = None
    sample_weight: str | None = None


UNWEIGHTED = ImageWeights()


def image_weights(train: Dataset, num_classes: int, class_weight: Any, sample_weight: Any) -> ImageWeights:
    """Return the weight of every image, which is that of its class times its own.

    Parameters
    ----------
    train : Dataset
        Checked.
    num_classes : int
    class_weight : "balanced", mapping of class name or index to weight, or None
        Classes that are not named count 1. "balanced": images / (classes · images of the class), as scikit-learn
        computes it; every image counted `sample_weight` times.
    sample_weight : numbers, [images], or None

    Raises
    ------
    TypeError, ValueError
        Unknown classes; weights that are not numbers, not finite, below 0, or that sum to 0.
    """
    own = as_sample_weight(sample_weight, "fit", len(train))
    by_class = _by_class(train, num_classes, class_weight)
    if own is None and by_class is None:
        return UNWEIGHTED
    weights = np.ones(len(train)) if own is None else own.astype(np.float64)
    if isinstance(by_class, str):
        weights *= _balanced(train.labels, weights, num_classes)[train.labels]
    elif by_class is not None:
        weights *= np.array([by_class.get(label, 1.0) for label in range(num_classes)])[train.labels]
    values = as_weights(weights, "class_weight × sample_weight", "fit")
    if not values.any():
        raise ValueError(
            "fit: the weights of all images are zero, or round to it in float32, expected at least one above 0"
        )
    digest = None if own is None else array_digest(own)
    return ImageWeights(values, by_class, digest)


def _balanced(labels: NDArray[np.int32], weights: NDArray[np.float64], num_classes: int) -> NDArray[np.float64]:
    """Return weights that make all classes with images count the same."""
    counts = np.bincount(labels, weights, num_classes)
    there = counts > 0
    balanced = np.zeros(num_classes)
    np.divide(counts.sum() / max(1, there.sum()), counts, out=balanced, where=there)
    return balanced


def _by_class(train: Dataset, num_classes: int, given: Any) -> str | dict[int, float] | None:
    """Return "balanced", None, or the weights by index of the class."""
    if given is None or (isinstance(given, str) and given == BALANCED):
        return given
    if not isinstance(given, Mapping):
        kind = ValueError if isinstance(given, str) else TypeError
        raise kind(f"fit: class_weight is {shown(given)}, expected 'balanced' or {{class name or index: weight}}")
    weights: dict[int, float] = {}
    for key, weight in given.items():
        label = _label(key, train.classes, num_classes)
        check_number(weight, f"class_weight[{shown(key)}]", "fit")
        if label in weights:
            raise ValueError(f"fit: class_weight names class {label} twice, the second time as {shown(key)}")
        weights[label] = float(weight)
    return dict(sorted(weights.items()))


def _label(key: Any, classes: tuple[str, ...] | None, num_classes: int) -> int:
    """Return the index of a class that is given by name or index."""
    if not isinstance(key, str):
        return as_integer(key, "a class of class_weight", "fit", 0, num_classes - 1)
    if classes is None:
        raise ValueError(f"fit: class_weight names {shown(key)}, but the data's classes have no names: use indices")
    if key not in classes:
        known = ", ".join(classes[:20]) + (", …" if len(classes) > 20 else "")
        raise ValueError(
            f"fit: class_weight names the unknown class {shown(key)}, expected one of {known}{nearest(key, classes)}"
        )
    return classes.index(key)
