"""What values the nodes of a network have for some images: one pass for the ranges, another to count."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from .._support.progress import Progress
from ..inference.feature_images import Given
from ..inference.feature_layers import Form, Layers, slices
from ..network.base import BaseModel
from ..network.derivatives import INPUT
from .histogram import Histogram

# Kinds of nodes without a range of their own: maxima are values of the input, probabilities are never rounded.
_SHARING, _UNROUNDED = ("max_pool",), ("softmax",)


def observe(model: BaseModel, given: Given, batch_size: int, progress: bool) -> tuple[dict[str, Histogram], int]:
    """Return the histogram of every node's output in float32, and of the input's, and the number of images.

    A max-pooling has its input's, and so has a softmax.

    Parameters
    ----------
    model : Model
    given : Given
        Images of a known number, which are read twice.
    batch_size : int
        Images at a time; of networks with large outputs fewer.
    progress : bool
        Show a bar.

    Raises
    ------
    NonFiniteError
        A value is infinite or NaN; the message names the node and the image.
    OSError, ValueError
        An image cannot be read.
    """
    rows = model.network.nodes()
    measured = [INPUT, *(name for name, kind, *_ in rows[1:] if kind not in (*_SHARING, *_UNROUNDED))]
    found = {name: Histogram() for name in measured}
    layers = Layers(model, measured, Form(), model.arithmetic("quantize", "float32"), "quantize")
    count = 0
    with Progress(2 * (given.count or 0), progress, "quantize") as bar:
        for outputs in _outputs(model, given, layers, batch_size):
            for name, values in outputs.items():
                found[name].widen(values)
            count += len(outputs[INPUT])
            bar.advance(len(outputs[INPUT]))
        for outputs in _outputs(model, given, layers, batch_size):
            for name, values in outputs.items():
                found[name].count(values)
            bar.advance(len(outputs[INPUT]))
    for name, _, _, source, *_ in rows[1:]:
        found.setdefault(name, found[source])
    return {name: found[name] for name, *_ in rows}, count


def _outputs(
    model: BaseModel, given: Given, layers: Layers, batch_size: int
) -> Iterator[dict[str, NDArray[np.float32]]]:
    """Yield the outputs of the layers for some images at a time, in the same memory."""
    size = layers.at_once(batch_size)
    kept = layers.empty(size)
    for _, numbers, squares in given.batches(model.preprocessing.geometry, size, 0):
        if len(squares):
            outputs = slices(kept, slice(0, len(squares)))
            layers.compute(squares, numbers, outputs)
            yield outputs
