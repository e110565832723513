"""The learned numbers of a network: views, copies, and which of them learn."""

import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import _native
from .._support.kinds import as_items
from ..errors import ConcurrentUseError
from . import parameters
from .parameters import Difference, Multipliers, Views

Float32 = NDArray[np.float32]

_MOST_NAMES = 100_000


class Weights:
    """What a `Model` does with its parameters."""

    def __init__(self, network: _native.Network, variant: str | None = None):
        self._network, self._variant = network, variant
        self.has_trained = False  # gradients and velocities have their memory
        self._fitting = threading.Lock()

    @property
    def network(self) -> _native.Network:
        """The engine's network."""
        return self._network

    @property
    def variant(self) -> str | None:
        """The name of the catalogue that the network was built by, if it was."""
        return self._variant

    def parameters(self) -> Views:
        """Return the weights by name ("conv1.weight"): writable views of the engine's memory, nothing is copied.

        `parameters()["conv1.bias"][...] = array` writes; the names and the memory stay as they are. Convolutions are
        [out, in / groups, height, width], dense layers [out, in] with in = C, H, W. Strides tell the engine's order.
        """
        return parameters.views(self.network, _native.VALUE)

    def gradients(self) -> Views:
        """Return the gradients of the last `backward`, as views like those of `parameters`."""
        return parameters.views(self.network, _native.GRADIENT)

    def state_dict(self) -> dict[str, Float32]:
        """Return copies of the weights, C-contiguous in the conventional order."""
        return parameters.copies(self.network, _native.VALUE)

    def load_state_dict(self, state: Mapping[str, ArrayLike], strict: bool = True) -> Difference:
        """Replace the weights; everything is checked before anything is written.

        Names are this package's ("conv1.weight"), or torchvision's ("features.0.weight") and Keras's
        ("block1_conv1.weight") of a variant that they have; arrays are in the order of `state_dict` whatever the name.

        Weights fit the inputs that they were trained on. Caffe's networks read blue, green, red: turn the channels of
        the first convolution, `w[:, ::-1]`, for images in red, green, blue. Mean and scale belong to `preprocessing`.

        Parameters
        ----------
        state : mapping of str to array
            Floating arrays in the shapes of `state_dict`.
        strict : bool
            Refuse missing and unknown names; otherwise they are returned.

        Returns
        -------
        Difference
            The names that were missing, unknown and loaded.

        Raises
        ------
        TypeError, ValueError
            Names, shapes or types that do not fit, or values that are not finite; without `strict`, no name that fits.
        ConcurrentUseError
            The model is being trained by `fit`.
        """
        with self.exclusive("load_state_dict"):
            own = parameters.in_own_names(self.network, self.variant, state, "load_state_dict")
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
            parameters.copy_layers(source.network, self.network, layers, f"copy_layers from {source!r}")

    def freeze(self, *prefixes: str) -> None:
        """Keep the parameters whose names begin with one of `prefixes` ("conv1", "conv", "fc6.bias") as they are.

        Files keep this, copies too: a loaded model is frozen where the saved one was, until `unfreeze`.

        Raises
        ------
        ValueError
            No prefix, an empty one, or one that fits no parameter.
        """
        parameters.require_prefixes(self.network, prefixes, "freeze")
        self.set_multipliers(prefixes, learning_rate=0.0)

    def unfreeze(self, *prefixes: str) -> None:
        """Let the parameters whose names begin with one of `prefixes` learn again; without arguments, all.

        Raises
        ------
        ValueError
            An empty prefix, or one that fits no parameter.
        """
        prefixes = prefixes or tuple(self.parameters())
        parameters.require_prefixes(self.network, prefixes, "unfreeze")
        self.set_multipliers(prefixes, learning_rate=1.0)

    def set_multipliers(
        self, prefixes: Iterable[str], learning_rate: float | None = None, weight_decay: float | None = None
    ) -> None:
        """Set factors on learning rate and weight decay of the parameters whose names begin with one of `prefixes`.

        Raises
        ------
        TypeError, ValueError
            A prefix that fits no parameter, or a factor that is not a finite number of at least 0.
        """
        with self.exclusive("set_multipliers"):
            chosen = tuple(as_items(prefixes, "prefixes", "set_multipliers", _MOST_NAMES))
            parameters.set_multipliers(self.network, chosen, learning_rate, weight_decay)

    def multipliers(self) -> Multipliers:
        """Return the factors on (learning rate, weight decay) by parameter name."""
        return parameters.multipliers(self.network)

    @contextmanager
    def exclusive(self, operation: str) -> Iterator[None]:
        """Hold the model for one `fit` or one change of all its weights.

        Raises
        ------
        ConcurrentUseError
            Somebody else holds it.
        """
        if not self._fitting.acquire(blocking=False):
            raise ConcurrentUseError(f"{operation}: the model is being trained by fit, expected to have it alone")
        try:
            yield
        finally:
            self._fitting.release()
