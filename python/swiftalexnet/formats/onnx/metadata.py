"""What our own exports say of a model besides its graph, as properties of the ONNX model."""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...network.catalog import catalog
from ...preprocessing.preprocessing import Preprocessing
from ..chain import Chain
from ..stored import Stored

PREFIX = "swiftalexnet."
VARIANT, CLASSES, PREPROCESSING, SOURCE = (PREFIX + key for key in ("variant", "classes", "preprocessing", "source"))
MEAN, WHITENING = "preprocessing.mean", "preprocessing.whitening"  # initialisers that no node reads
_LARGEST = 1 << 24  # numbers


def with_metadata(chain: Chain, properties: Mapping[str, str], tensors: Mapping[str, Stored], own: bool) -> Chain:
    """Return a chain with the variant, classes and preprocessing of a file that this package has written.

    Parameters
    ----------
    own : bool
        The graph prepares images itself: its sizes, mean and factors then hold.

    Raises
    ------
    ValueError, TypeError, KeyError
        The properties are not as this package writes them.
    """
    if VARIANT in properties and properties[VARIANT] in catalog():
        chain.variant = properties[VARIANT]
    if CLASSES in properties:
        chain.classes = tuple(json.loads(properties[CLASSES]))
    if PREPROCESSING in properties:
        fields = json.loads(properties[PREPROCESSING])
        mean = fields.pop("mean", None)
        whitening = _values(tensors, WHITENING) if WHITENING in tensors else None
        if own and (graph := chain.preprocessing) is not None:
            fields |= {"resize": graph.resize, "crop": graph.crop, "scale": graph.scale}
            mean = graph.mean
        elif MEAN in tensors:
            mean = _values(tensors, MEAN)
        said = Preprocessing.from_json(fields, mean, whitening)
        chain.preprocessing, chain.reads_bgr = said, False
    return chain


def properties_of(variant: str | None, classes: Any, source: Any, preprocessing: Preprocessing) -> dict[str, str]:
    """Return the properties for a model; the mean is a list, unless it is an image."""
    fields: dict[str, Any] = preprocessing.to_json()
    if preprocessing.mean.ndim == 1:
        fields["mean"] = [float(value) for value in preprocessing.mean]
    given = {VARIANT: variant, CLASSES: classes, SOURCE: None if source is None else source.to_json()}
    texts = {key: value if isinstance(value, str) else json.dumps(value) for key, value in given.items() if value}
    return {**texts, PREPROCESSING: json.dumps(fields, allow_nan=False)}


def _values(tensors: Mapping[str, Stored], name: str) -> NDArray[np.float32]:
    stored = tensors[name]
    if stored.size > _LARGEST:
        raise ValueError(f"{name} has {stored.size:,} numbers, expected at most {_LARGEST:,}")
    return stored.array().astype(np.float32)
