"""Activations of a network's nodes, and gradients from any of them to any other, on tensors.

With dropout inactive, as in inference: these are derivatives of what `forward` computes with keep=False.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import _native
from .._support.arithmetic import DIFFERENTIABLE, choose_arithmetic
from .._support.arrays import as_float32, as_output, layout_code
from .._support.choices import choose
from .._support.kinds import as_items
from .._support.shown import shown
from .layer_names import node_name
from .weights import Weights

Float32 = NDArray[np.float32]

INPUT = "data"  # the node that holds the network's input
RELU_RULES = ("standard", "guided", "deconvnet")  # in the order of the engine's codes

# Pixels of the images that are computed together: their activations take some hundred megabytes.
_PIXELS = 32 * 227 * 227


class Linearization:
    """A forward pass whose activations are kept, so that gradients can be taken back from them, any number of times.

    Made by `Model.linearize`. It holds the memory of its activations; changed weights end its use.
    """

    def __init__(
        self, native: _native.Linearization, batch: int, layers: Mapping[str, str], wrt: Mapping[str, str], layout: str
    ):
        self._native, self._batch, self._layers, self._wrt, self._layout = native, batch, layers, wrt, layout

    @cached_property
    def activations(self) -> dict[str, Float32]:
        """Return the outputs of the layers named: [batch, channels, height, width] or NHWC, or [batch, channels]."""
        outputs = {node: self._empty(node, "linearize") for node in self._layers.values()}
        self._native.activation(tuple(outputs), layout_code(self._layout, "linearize"), tuple(outputs.values()))
        return {name: outputs[node] for name, node in self._layers.items()}

    def vjp(
        self, cotangents: Mapping[str, ArrayLike], wrt: Iterable[str] | None = None, relu: str = "standard"
    ) -> dict[str, Float32]:
        """Return gradients of Σ cotangent · activation: see `Model.vjp`.

        Parameters
        ----------
        cotangents : dict of str to array
            For some of the layers named in `linearize`.
        wrt : iterable of str, optional
            Some of those named in `linearize`, or of its `wrt`; by default all of its `wrt`.
        relu : {"standard", "guided", "deconvnet"}

        Returns
        -------
        dict of str to array of float32
        """
        rule = RELU_RULES.index(choose("vjp", "relu", relu, RELU_RULES))
        if not isinstance(cotangents, Mapping) or not cotangents:
            raise TypeError(f"vjp: cotangents is {shown(cotangents)}, expected a dict of arrays by layer")
        known = {**self._layers, **self._wrt}
        starts = {choose("vjp", "layer", name, self._layers): value for name, value in cotangents.items()}
        ends = self._wrt if wrt is None else {choose("vjp", "wrt", name, known): known[name] for name in as_names(wrt)}
        arrays = {}
        for name, value in starts.items():
            array = as_float32(value, f"cotangent of {name}", "vjp")
            if self._layers[name] in arrays:
                raise ValueError(f"vjp: two cotangents for {self._layers[name]}, expected their sum")
            arrays[self._layers[name]] = array
        gradients = {node: self._empty(node, "vjp") for node in ends.values()}
        code = layout_code(self._layout, "vjp")
        self._native.vjp(tuple(arrays), tuple(arrays.values()), tuple(gradients), tuple(gradients.values()), code, rule)
        return {name: gradients[node] for name, node in ends.items()}

    def _empty(self, node: str, operation: str) -> Float32:
        shape = self._native.shape(node)
        return as_output(None, (self._batch, *in_layout(shape, self._layout, node)), operation)


class Derivatives(Weights):
    """The methods of `Model` for activations and their gradients."""

    def activations(
        self,
        x: ArrayLike,
        layers: Sequence[str],
        layout: str = "NCHW",
        precision: str | None = None,
        fast_math: bool = False,
        after: str | None = None,
    ) -> dict[str, Float32]:
        """Return the outputs of named layers; later layers are not computed.

        Parameters
        ----------
        x : array of float32, [batch, channels, height, width] or NHWC
            Preprocessed images. Of any size, if all layers up to the last one named fit any size: dense ones do not.
        layers : sequence of str
            Names as in `Model.features`: `conv3` is before the ReLU, `relu3` after it, `data` is `x`.
        layout : {"NCHW", "NHWC"}
            Of `x` and of the results.
        precision, fast_math
            See `swiftalexnet.inference.prediction.probabilities`.
        after : str, optional
            `x` holds the outputs of this layer, for images of the network's own size: only later layers are computed.

        Returns
        -------
        dict of str to array of float32
            [batch, channels, height, width] or NHWC, or [batch, channels] from the first dense layer on.

        Raises
        ------
        TypeError, ValueError
            An array of another type or shape, an unknown layer, or one that is not behind `after`.
        UnsupportedError
            Images of another size than the network's, and a layer on the way that fits one size only.
        """
        arithmetic = self.arithmetic("activations", precision, fast_math=fast_math)
        array, code = as_float32(x, "x", "activations", ndim=(2, 4)), layout_code(layout, "activations")
        nodes = self._nodes(layers, "activations")
        start = INPUT if after is None else self._nodes([after], "activations", "after")[after]
        if start == INPUT and array.ndim != 4:
            raise ValueError(f"activations: x has shape {array.shape}, expected 4 axes")
        height, width = _size(array, layout) if start == INPUT else self.network.nodes()[0][4][1:]
        results = {}
        for node in dict.fromkeys(nodes.values()):
            shape = array.shape[1:]
            if node != start:
                shape = in_layout(self.network.output_shape(node, height, width), layout, node)
            results[node] = as_output(None, (len(array), *shape), "activations")
        for part in _parts(len(array), height, width):
            outputs = {node: values[part] for node, values in results.items() if node != start}
            call = code, tuple(outputs), arithmetic, tuple(outputs.values())
            if outputs and start == INPUT:
                self.network.capture(array[part], *call)
            elif outputs:
                self.network.capture_features(start, array[part], *call)
        if start in results:
            results[start][...] = array
        return {name: results[node] for name, node in nodes.items()}

    def vjp(
        self,
        x: ArrayLike,
        cotangents: Mapping[str, ArrayLike],
        wrt: Sequence[str] = (INPUT,),
        relu: str = "standard",
        layout: str = "NCHW",
        precision: str = "float32",
    ) -> dict[str, Float32]:
        """Return gradients with respect to some layers, from gradients with respect to others.

        The vector-Jacobian product: the gradient of Σ cotangent · activation over all layers that have a cotangent,
        with respect to the outputs of `wrt`. Backward, no layer is computed that is not between them, and parameters
        get no gradients.

        Parameters
        ----------
        x : array of float32, [batch, channels, height, width] or NHWC
            As for `activations`.
        cotangents : dict of str to array of float32
            By layer, each of the shape of its activation. Where they depend on the activations, `linearize` computes
            both in one pass.
        wrt : sequence of str
            Layers at or before the last cotangent's, or "data", the input.
        relu : {"standard", "guided", "deconvnet"}
            How gradients pass a ReLU. "standard": where its output is positive, which is the derivative. "guided":
            where its output and they themselves are (guided backpropagation: Springenberg et al. 2015, section 3.4).
            "deconvnet": where they themselves are (Zeiler and Fergus 2014, section 2.1; their switches are the places
            of the maxima in max-pooling, where gradients go under every rule).
        layout : {"NCHW", "NHWC"}
            Of `x`, of the cotangents and of the results.
        precision : {"float32", "bfloat16", "auto"}
            Of activations and their gradients; of a quantised model these are the derivatives of its rounded weights.

        Returns
        -------
        dict of str to array of float32
            By the names in `wrt`.

        Raises
        ------
        TypeError, ValueError
            An array of another type or shape; an unknown layer; a layer behind all cotangents, whose gradient is 0.
        UnsupportedError
            As for `activations`.
        """
        array = as_float32(x, "x", "vjp", ndim=4)
        if not isinstance(cotangents, Mapping) or not cotangents:
            raise TypeError(f"vjp: cotangents is {shown(cotangents)}, expected a dict of arrays by layer")
        given = {name: as_float32(value, f"cotangent of {name}", "vjp") for name, value in cotangents.items()}
        for name, value in given.items():
            if value.ndim == 0 or len(value) != len(array):
                raise ValueError(
                    f"vjp: cotangent of {name} has shape {value.shape}, expected one for each of {len(array)} images"
                )
        found: list[dict[str, Float32]] = []
        for part in _parts(len(array), *_size(array, layout)):
            kept = self._linearize("vjp", array[part], tuple(given), wrt, layout, precision)
            found.append(kept.vjp({name: value[part] for name, value in given.items()}, relu=relu))
        if len(found) == 1:
            return found[0]
        return {name: np.concatenate([gradients[name] for gradients in found]) for name in found[0]}

    def linearize(
        self,
        x: ArrayLike,
        layers: Sequence[str],
        wrt: Sequence[str] = (INPUT,),
        layout: str = "NCHW",
        precision: str = "float32",
    ) -> Linearization:
        """Compute layers and keep what gradients need: for cotangents that depend on the activations.

        The whole batch is kept: from the logits to the input, in float32, some 5 MB an image for AlexNet `owt`, 9 MB
        for `paper` and 96 MB for VGG-16.

        Parameters
        ----------
        x, layout, precision
            As for `vjp`.
        layers : sequence of str
            Those whose activations are read, or that get a cotangent.
        wrt : sequence of str
            Layers, or "data", that gradients are taken back to.

        Returns
        -------
        Linearization
            Its `activations`, and its method `vjp`.

        Raises
        ------
        TypeError, ValueError, UnsupportedError
            As for `vjp`.
        """
        return self._linearize("linearize", x, layers, wrt, layout, precision)

    def _linearize(
        self, operation: str, x: ArrayLike, layers: Sequence[str], wrt: Sequence[str], layout: str, precision: str
    ) -> Linearization:
        arithmetic = choose_arithmetic(operation, precision, among=DIFFERENTIABLE)
        array, code = as_float32(x, "x", operation, ndim=4), layout_code(layout, operation)
        nodes, ends = self._nodes(layers, operation), self._nodes(wrt, operation, "wrt")
        if INPUT in nodes.values():
            what = "cotangents" if operation == "vjp" else "layers"
            raise ValueError(f"{operation}: {what} names {INPUT}, the input itself, expected layers; wrt may name it")
        native = self.network.linearize(
            array, code, tuple(dict.fromkeys(nodes.values())), tuple(dict.fromkeys(ends.values())), arithmetic
        )
        return Linearization(native, len(array), nodes, ends, layout)

    def _nodes(self, names: Sequence[str], operation: str, what: str = "layers") -> dict[str, str]:
        """Return the nodes by the names given for them."""
        known = [row[0] for row in self.network.nodes()]
        return {name: node_name(self.variant, name, known, operation) for name in as_names(names, operation, what)}


def as_names(names: Iterable[str], operation: str = "vjp", what: str = "wrt") -> list[str]:
    """Return a list of at least one name.

    Raises
    ------
    TypeError
        A single text, or nothing.
    """
    found = [] if isinstance(names, str) else as_items(names, what, operation)
    if not found:
        raise TypeError(f"{operation}: {what} is {shown(names)}, expected a list of layer names")
    return list(found)


def in_layout(shape: tuple[int, int, int], layout: str, node: str) -> tuple[int, ...]:
    """Return a shape (channels, height, width) as arrays have it; a vector has its channels alone."""
    channels, height, width = shape
    if (height, width) == (1, 1) and node != INPUT:
        return (channels,)
    return shape if layout == "NCHW" else (height, width, channels)


def _size(array: Float32, layout: str) -> tuple[int, int]:
    height, width = array.shape[2:] if layout == "NCHW" else array.shape[1:3]
    return height, width


def _parts(images: int, height: int, width: int) -> Iterator[slice]:
    """Yield parts of a batch whose activations fit into memory together."""
    count = max(1, _PIXELS // max(1, height * width))
    for first in range(0, images, count):
        yield slice(first, first + count)
