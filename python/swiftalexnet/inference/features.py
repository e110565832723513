"""The outputs of a network's layers for images."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._support.arithmetic import choose_arithmetic
from .._support.arrays import as_integer, as_output, layout_code
from .._support.shown import shown
from ..errors import NonFiniteError
from ..images.inputs import as_images
from ..network.base import BaseModel
from ..network.batch_size import BatchSize, for_inference
from ..network.layer_names import node_name
from .batches import batches
from .inputs import network_input

Float32 = NDArray[np.float32]


def features(
    model: BaseModel,
    images: Any,
    layers: Sequence[str],
    layout: str | None = None,
    value_range: tuple[float, float] | None = None,
    batch_size: BatchSize = 64,
    precision: str = "float32",
    weights: str = "float",
    fast_math: bool = False,
) -> dict[str, Float32]:
    """Return the outputs of named layers for the centre crops of images; later layers are not computed.

    Parameters
    ----------
    model : Model
    images : images
        See `swiftalexnet.inference.prediction.predict`.
    layers : sequence of str
        Names as in `summary()`; for `owt` and VGG A, B, D, E also torchvision's ("features.6"), for VGG D and E also
        Keras's ("block1_conv1"). `conv3` is before the ReLU, `relu3` after it; `data` is the network's input.
    layout, value_range, batch_size, precision, weights, fast_math
        See `swiftalexnet.inference.prediction.probabilities`.

    Returns
    -------
    dict of str to array of float32
        [count, channels, height, width], or [count, channels] from the first dense layer on, by the given names; two
        names of one layer share its array.

    Raises
    ------
    TypeError, ValueError, OSError
        An unknown layer, or something that is not an image.
    UnsupportedError
        The processor does not support the arithmetic.
    NonFiniteError
        A value is infinite or NaN; the message names the parameter or node that caused it.
    """
    arithmetic = choose_arithmetic("features", precision, weights, fast_math)
    batch_size = for_inference(model, batch_size, "features", arithmetic, keeps_layers=True)
    size = as_integer(batch_size, "batch_size", "features", 1, 2**20)
    if isinstance(layers, str) or not layers:
        raise TypeError(f"features: layers is {shown(layers)}, expected a list of layer names")
    shapes = {row.name: row.output for row in model.summary().rows}
    nodes = {layer: node_name(model.variant, layer, shapes) for layer in layers}
    preprocessing, code = model.preprocessing, layout_code("NCHW", "features")
    given = as_images(images, layout, value_range, preprocessing.channels, "features")
    results = {node: as_output(None, (len(given), *shapes[node]), "features") for node in dict.fromkeys(nodes.values())}
    for squares, numbers in batches(given, preprocessing.geometry, size):
        x = network_input(model, squares)
        rows = slice(numbers[0], numbers[-1] + 1)
        if "data" in results:
            results["data"][rows] = x
        outputs = {node: array[rows] for node, array in results.items() if node != "data"}
        if outputs:
            model.network.capture(x, code, tuple(outputs), arithmetic, tuple(outputs.values()))
        for node, values in outputs.items():
            if not np.isfinite(values).all():
                number = int(np.argmin([np.isfinite(image).all() for image in values]))
                cause = model.network.non_finite_cause(x[number : number + 1], code, arithmetic)
                raise NonFiniteError(f"features: {node} of image {numbers[number]} is not finite: {cause}")
    return {layer: results[node] for layer, node in nodes.items()}
