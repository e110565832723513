"""The parameters of a network: access, copies, and which of them are trained."""

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import _native
from .._support.arithmetic import choose_arithmetic
from .._support.kinds import as_items, require_kind
from .._support.native_arguments import Arithmetic
from ..errors import ConcurrentUseError
from . import freezing, parameters
from .known_answers import KnownAnswers
from .parameters import Difference, Multipliers, ParameterArrays
from .quantization import Quantization
from .rounded_weights import rounded_parameters
from .source import Source

Float32 = NDArray[np.float32]

_MOST_NAMES = 100_000


class Weights:
    """The methods of `Model` for its parameters."""

    def __init__(self, network: _native.Network, variant: str | None = None):
        self._network, self._variant = network, variant
        self.has_trained = False  # whether gradients and velocities are allocated
        self.source: Source | None = None
        self.known_answers: KnownAnswers | None = None  # of the weights as they were loaded; training forgets them
        self._fitting = threading.Lock()
        self._quantization: Quantization | None = None

    def note_training(self) -> None:
        """Remember that the network has been trained: it has velocities, and its known answers no longer hold."""
        self.has_trained, self.known_answers = True, None

    @property
    def network(self) -> _native.Network:
        """The engine's network."""
        return self._network

    @property
    def variant(self) -> str | None:
        """The catalogue's name of the network, if it was built from it."""
        return self._variant

    @property
    def quantization(self) -> Quantization | None:
        """How the model computes in 8 bits; None for one that is not quantised.

        `Model.quantize` makes a quantised model. Setting None makes this one an ordinary model of float32, with the
        weights that rounding has left.

        Raises
        ------
        TypeError, ValueError
            Set to something else, or to the quantisation of another network.
        """
        return self._quantization

    @quantization.setter
    def quantization(self, value: Quantization | None) -> None:
        scales = zero_points = None
        if value is not None:
            require_kind(value, Quantization, "quantization", "Model", "Quantization or None")
            nodes, arrays = [node for node, *_ in self.network.nodes()], self.parameters()
            value.require_nodes(nodes, {name: len(arrays[name]) for name in rounded_parameters(self.network)})
            scales, zero_points = value.in_order(nodes)
        self.network.set_quantization(scales, zero_points)
        self._quantization = value

    @property
    def precision(self) -> str:
        """The precision of inference where none is given: "int8" of a quantised model, otherwise "float32"."""
        return "float32" if self._quantization is None else "int8"

    def arithmetic(
        self, operation: str, precision: str | None = None, weights: str = "float", fast_math: bool = False
    ) -> Arithmetic:
        """Return the arithmetic of a call for inference, in the model's own precision if none is given.

        Parameters
        ----------
        operation : str
            The beginning of messages.
        precision, weights, fast_math
            See `swiftalexnet.inference.prediction.probabilities`.

        Raises
        ------
        TypeError, ValueError
            Unknown words, or some that exclude each other.
        UnsupportedError
            The processor does not support the arithmetic.
        """
        return choose_arithmetic(operation, self.precision if precision is None else precision, weights, fast_math)

    def require_changeable(self, operation: str) -> None:
        """Raise ValueError for a quantised model, whose weights and ranges belong together."""
        if self._quantization is not None:
            raise ValueError(
                f"{operation}: the model is quantised, expected one of float32: train the original and quantize() it "
                "again, or set quantization to None, which leaves the rounded weights"
            )

    def parameters(self) -> ParameterArrays:
        """Return the weights by name ("conv1.weight"): writable arrays in the engine's memory, not copies.

        `parameters()["conv1.bias"][...] = array` sets values; names and arrays cannot be replaced. Convolutions are
        [out, in / groups, height, width], dense layers [out, in] with in = C, H, W. Strides follow the engine's order.
        """
        return parameters.by_name(self.network, _native.VALUE)

    def gradients(self) -> ParameterArrays:
        """Return the gradients of the last `backward`, as arrays in the engine's memory like `parameters`."""
        return parameters.by_name(self.network, _native.GRADIENT)

    def state_dict(self) -> dict[str, Float32]:
        """Return copies of the weights, C-contiguous in the conventional order."""
        return parameters.copies(self.network, _native.VALUE)

    def load_state_dict(self, state: Mapping[str, ArrayLike], strict: bool = True) -> Difference:
        """Replace the weights; everything is checked before anything is written.

        Names are this package's ("conv1.weight"), or for a variant that torchvision or Keras has, theirs
        ("features.0.weight", "block1_conv1.weight"); arrays are in the order of `state_dict` whatever the name.

        Weights need the inputs that they were trained on. Caffe's networks read blue, green, red: reverse the channels
        of the first convolution, `w[:, ::-1]`, for images in red, green, blue. Mean and scale go to `preprocessing`.

        Parameters
        ----------
        state : mapping of str to array
            Floating-point arrays with the shapes of `state_dict`.
        strict : bool
            Refuse missing and unknown names instead of returning them.

        Returns
        -------
        Difference
            The names that were missing, unknown and loaded.

        Raises
        ------
        TypeError, ValueError
            Names, shapes or types do not fit, or values are not finite; without `strict`, no name matches.
        ConcurrentUseError
            The model is being trained by `fit`.
        """
        with self.exclusive("load_state_dict"):
            own = parameters.in_own_names(self.network, self.variant, state, "load_state_dict")
            self.known_answers = None
            return parameters.load(self.network, _native.VALUE, own, strict, "load_state_dict")

    def copy_layers(self, source: "Weights", names: Iterable[str]) -> None:
        """Copy the weights and biases of layers from another model; everything is checked before anything is written.

        Parameters
        ----------
        source : Model
        names : iterable of str
            Layers that both models have: "conv1", "fc6".

        Raises
        ------
        TypeError, ValueError
            A name that is not a layer with weights of both models, or layers of different shapes.
        ConcurrentUseError
            The model is being trained by `fit`.
        """
        if not isinstance(source, Weights):
            raise TypeError(f"copy_layers: source is of type {type(source).__name__}, expected a Model")
        with self.exclusive("copy_layers"):
            layers = tuple(as_items(names, "names", "copy_layers", _MOST_NAMES))
            self.known_answers = None
            parameters.copy_layers(source.network, self.network, layers, f"copy_layers from {source!r}")

    def freeze(self, *prefixes: str | Sequence[str], up_to: str | None = None) -> None:
        """Freeze parameters: training leaves them as they are, and ends its backward pass before the first layers.

        Saved files and copies keep this: the same parameters of a loaded model are frozen until `unfreeze`.

        Parameters
        ----------
        *prefixes : str, or sequence of str
            Beginnings of names: "conv1", "conv" (all convolutions), "fc6.bias". Where no name begins so, torchvision's
            and Keras's names of layers and blocks count: "features", "block5_conv1".
        up_to : str, optional
            All parameters up to and including this layer, such as "pool5".

        Raises
        ------
        ValueError
            No prefix, an empty one, or one that matches no parameter; `up_to` is no layer, or one before all
            parameters. The message names the nearest.
        """
        chosen = freezing.beginnings(self.network, self.variant, prefixes, "freeze")
        if up_to is not None:
            chosen += freezing.parameters_up_to(self.network, self.variant, up_to, "freeze")
        parameters.require_prefixes(self.network, chosen, "freeze")
        self.set_multipliers(chosen, learning_rate=0.0)

    def unfreeze(self, *prefixes: str | Sequence[str]) -> None:
        """Train the parameters whose names begin with one of `prefixes` again; without arguments, all of them.

        Raises
        ------
        ValueError
            An empty prefix, or one that matches no parameter.
        """
        given = freezing.beginnings(self.network, self.variant, prefixes, "unfreeze")
        chosen = given if prefixes else tuple(self.parameters())
        parameters.require_prefixes(self.network, chosen, "unfreeze")
        self.set_multipliers(chosen, learning_rate=1.0)

    def set_multipliers(
        self, prefixes: Iterable[str], learning_rate: float | None = None, weight_decay: float | None = None
    ) -> None:
        """Set factors of the learning rate and weight decay of parameters whose names begin with one of `prefixes`.

        Raises
        ------
        TypeError, ValueError
            A prefix that matches no parameter, or a factor that is not a finite number of at least 0.
        """
        with self.exclusive("set_multipliers"):
            chosen = tuple(as_items(prefixes, "prefixes", "set_multipliers", _MOST_NAMES))
            parameters.set_multipliers(self.network, chosen, learning_rate, weight_decay)

    def multipliers(self) -> Multipliers:
        """Return the factors of (learning rate, weight decay) by parameter name."""
        return parameters.multipliers(self.network)

    @contextmanager
    def exclusive(self, operation: str) -> Iterator[None]:
        """Reserve the model for one `fit` or one change of all its weights.

        Raises
        ------
        ConcurrentUseError
            The model is already reserved.
        ValueError
            It is quantised.
        """
        self.require_changeable(operation)
        if not self._fitting.acquire(blocking=False):
            raise ConcurrentUseError(f"{operation}: the model is being trained by fit")
        try:
            yield
        finally:
            self._fitting.release()
