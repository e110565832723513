"""A network in the engine with its weights, preprocessing and class names, and its methods for tensors.

Tensors are float32, already preprocessed, and NCHW unless `layout="NHWC"` is given.
"""

from collections.abc import Sequence
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import _native
from .._support.arithmetic import INT8
from .._support.arrays import as_float32, as_output, as_seed, layout_code
from .._support.choices import choose
from .._support.kinds import as_items, require_kind
from .._support.shown import shown
from ..errors import UnsupportedError
from ..preprocessing.defaults import default_preprocessing
from ..preprocessing.preprocessing import Preprocessing
from .derivatives import Derivatives
from .step_arguments import StepSettings, step_arguments
from .summary import Summary, summarize

Float32 = NDArray[np.float32]

# Kinds of nodes that a network with classes may end with.
_ENDS = ("softmax", "dense", "convolution", "locally_connected", "average_pool", "adaptive_average_pool")


class BaseModel(Derivatives):
    """A network, its preprocessing and its classes, without what needs data sets: see `swiftalexnet.Model`."""

    def __init__(self, network: _native.Network, variant: str | None = None):
        require_kind(network, _native.Network, "network", "Model")
        if variant is not None and not isinstance(variant, str):
            raise TypeError(f"Model: variant is {shown(variant)}, expected a name or None")
        super().__init__(network, variant)
        nodes = network.nodes()
        self._input_shape, (self._last, self._last_kind), self._output_shape = nodes[0][4], nodes[-1][:2], nodes[-1][4]
        self._classes: tuple[str, ...] | None = None
        self._preprocessing = default_preprocessing(variant, self.input_shape[1], self.input_shape[0])

    @classmethod
    def from_spec(cls, text: str, initialization: str = "paper", seed: int = 0, variant: str | None = None) -> Self:
        """Build a network from the text of its specification, as returned by `spec`.

        Raises
        ------
        TypeError
            The text, or the name of the variant, is not a str.
        ValueError
            The text does not describe a network; the message names the line.
        MemoryError
            The network does not fit into memory.
        """
        for value, name in ((text, "text"), (variant, "variant")):
            if not isinstance(value, str) and not (name == "variant" and value is None):
                raise TypeError(f"Model.from_spec: {name} is {shown(value)}, expected a text")
        choose("Model.from_spec", "initialization", initialization, _native.initializations())
        return cls(_native.Network(text, initialization, as_seed(seed, "seed", "Model.from_spec")), variant)

    @property
    def spec(self) -> str:
        """The network's specification, one line per node."""
        return self.network.spec()

    @property
    def input_shape(self) -> tuple[int, int, int]:
        """Channels, height and width of the network's input."""
        return self._input_shape

    @property
    def num_classes(self) -> int:
        """Number of the network's outputs.

        Raises
        ------
        UnsupportedError
            The network ends with a map, such as pool5, and has no classes.
        """
        if not self.has_classes:
            raise UnsupportedError(
                f"the network ends with {self._last}, {_sizes(self._output_shape)} values, and has no classes: "
                "features() returns them, and with_classes(n) adds the layers that are missing"
            )
        return self._output_shape[0]

    @property
    def has_classes(self) -> bool:
        """Whether the network ends with a number for each class, and not with maps or hidden units."""
        return self._output_shape[1:] == (1, 1) and self._last_kind in _ENDS

    @property
    def classes(self) -> tuple[str, ...] | None:
        """Names of the network's outputs."""
        return self._classes

    @classes.setter
    def classes(self, names: Sequence[str] | None) -> None:
        self._classes = None if names is None else _class_names(names, self.num_classes)

    @property
    def preprocessing(self) -> Preprocessing:
        """How images become the network's input."""
        return self._preprocessing

    @preprocessing.setter
    def preprocessing(self, value: Preprocessing) -> None:
        if not isinstance(value, Preprocessing):
            raise TypeError(f"Model.preprocessing: got {type(value).__name__}, expected a Preprocessing")
        if (value.channels, value.crop, value.crop) != self.input_shape:
            came = f"{value.channels} × {value.crop} × {value.crop}"
            raise ValueError(f"Model.preprocessing: makes {came}, the network reads {_sizes(self.input_shape)}")
        if value.whitening is not self._preprocessing.whitening:
            self.network.set_whitening(value.whitening)
        self._preprocessing = value

    def summary(self) -> Summary:
        """Return a table of layers, output sizes, parameters and multiply-accumulates."""
        return summarize(repr(self), self.network.nodes())

    def __repr__(self) -> str:
        end = f"{self.num_classes} classes" if self.has_classes else f"{_sizes(self._output_shape)} features"
        held = "" if self.quantization is None else ", int8"
        return f"<{self.variant or 'network'}: {_sizes(self.input_shape)} pixels to {end}{held}>"

    def release_memory(self) -> None:
        """Free the memory of activations; the next call allocates it again, and the last `forward` is forgotten.

        Weights, gradients and velocities are kept. The call waits until predictions on other threads have ended, and
        Ctrl-C takes effect only then.

        Raises
        ------
        ConcurrentUseError
            The network is being trained on another thread.
        """
        self.network.release_memory()

    def forward(
        self,
        x: ArrayLike,
        layout: str = "NCHW",
        keep: bool | None = None,
        training: bool = False,
        seed: int = 0,
        step: int = 0,
        precision: str | None = None,
        weights: str = "float",
        fast_math: bool = False,
        out: Float32 | None = None,
    ) -> Float32:
        """Compute logits, the input of the softmax.

        Values that are not finite are not checked: a NaN in `x` or in the weights raises no error. Only int8, which
        cannot hold them, refuses them.

        Parameters
        ----------
        x : array of float32, [batch, channels, height, width] or NHWC
            Preprocessed images.
        layout : {"NCHW", "NHWC"}
        keep : bool, optional
            Keep what `backward` needs; such a call needs exclusive use of the network. Without it threads may share the
            network. By default yes, but not in int8, which has no `backward`.
        training : bool
            Apply dropout, drawn from (seed, step); needs `keep`.
        precision, weights, fast_math
            See `swiftalexnet.inference.prediction.probabilities`; `weights` needs keep=False. Of a quantised model
            `keep` and `training` ask for float32. `backward` computes as its `forward` did.
        out : array of float32, [batch, classes], optional
            Where to write the logits.

        Returns
        -------
        array of float32, [batch, classes]

        Raises
        ------
        TypeError, ValueError
            An array of another type or shape; precision "int8" of a model that is not quantised, or with `keep`.
        ConcurrentUseError
            The network is being trained on another thread.
        UnsupportedError
            The processor does not support the arithmetic.
        NonFiniteError
            In int8, a value of `x`, of the weights, or of a layer that computes in float32 is infinite or NaN.
        """
        if precision is None and (keep or training):
            precision = "float32"
        arithmetic = self.arithmetic("forward", precision, weights, fast_math)
        keeps = arithmetic.precision != INT8 if keep is None else bool(keep)
        array = as_float32(x, "x", "forward", ndim=4)
        logits = as_output(out, (len(array), self.num_classes), "forward")
        code, seed, step = (
            layout_code(layout, "forward"),
            as_seed(seed, "seed", "forward"),
            as_seed(step, "step", "forward"),
        )
        self.network.forward(array, code, keeps, bool(training), seed, step, arithmetic, logits)
        return logits

    def backward(
        self,
        dlogits: ArrayLike,
        layout: str = "NCHW",
        accumulate: bool = False,
        input_gradient: bool = True,
    ) -> Float32 | None:
        """Compute gradients for the last `forward` with keep=True; `gradients()` returns them afterwards.

        Each such `forward` allows one `backward`.

        Parameters
        ----------
        dlogits : array of float32, [batch, classes]
            Gradient of the loss with respect to the logits.
        layout : {"NCHW", "NHWC"}
            Layout of the result.
        accumulate : bool
            Add to the parameters' gradients instead of replacing them.
        input_gradient : bool
            Compute the gradient with respect to x as well.

        Returns
        -------
        array of float32, [batch, channels, height, width] or NHWC, or None without `input_gradient`

        Raises
        ------
        TypeError, ValueError
            An array of another type or shape, or no `forward` of that batch was kept.
        """
        slope = as_float32(dlogits, "dlogits", "backward", ndim=2)
        code = layout_code(layout, "backward")
        channels, height, width = self.input_shape
        shape = (channels, height, width) if layout == "NCHW" else (height, width, channels)
        dx = as_output(None, (len(slope), *shape), "backward") if input_gradient else None
        self.network.backward(slope, code, bool(accumulate), dx)
        return dx

    def train_step(
        self,
        x: ArrayLike,
        labels: ArrayLike,
        learning_rate: float = 0.01,
        momentum: float = 0.9,
        weight_decay: float = 5e-4,
        rule: str = "paper",
        layout: str = "NCHW",
        seed: int = 0,
        step: int = 0,
        precision: str = "float32",
        sample_weight: ArrayLike | None = None,
        trust_coefficient: float = 0.001,
        lars_biases: bool = True,
        fast_math: bool = False,
    ) -> float:
        """Forward, loss, backward and update in one call, which is applied completely or not at all.

        Parameters
        ----------
        x : array of float32, [batch, channels, height, width] or NHWC
            Preprocessed images.
        labels : integers, [batch]
        learning_rate, momentum, weight_decay, rule, trust_coefficient, lars_biases
            For the update: see `Recipe`.
        seed, step : int
            For the random numbers of dropout.
        precision : {"float32", "bfloat16", "auto"}
            Of activations and their gradients: see `swiftalexnet.training.fit`.
        sample_weight : numbers, [batch], optional
            How much each image counts in the loss, Σ w·loss / Σ w: finite and at least 0. Where they sum to 0, momentum
            and weight decay alone move the weights.
        fast_math : bool
            See `swiftalexnet.training.fit`.

        Returns
        -------
        float
            The mean loss over the batch, by `sample_weight`, before the update.

        Raises
        ------
        TypeError, ValueError
            Arrays or numbers that do not fit; a quantised model.
        NonFiniteError
            The loss, a gradient, or an updated weight or velocity is not finite: the message names the parameter, and
            nothing was updated.
        ConcurrentUseError
            The network is being trained on another thread.
        """
        self.require_changeable("train_step")
        numbers = learning_rate, momentum, weight_decay
        settings = StepSettings(*numbers, rule, seed, step, precision, trust_coefficient, lars_biases, fast_math)
        array, targets, options = step_arguments(x, labels, self.num_classes, settings, sample_weight)
        loss, _ = self.network.train_step(array, targets, layout_code(layout, "train_step"), options)
        self.note_training()
        return loss


def _class_names(names: Sequence[str], count: int) -> tuple[str, ...]:
    """Return the class names after checking that there are `count` different ones."""
    chosen = tuple(as_items(names, "classes", "Model", count))
    if not all(isinstance(name, str) for name in chosen):
        raise TypeError(f"Model: classes is {shown(names)}, expected a sequence of names")
    if len(chosen) != count:
        raise ValueError(f"Model: classes names {len(chosen)}, the network has {count}")
    if len(set(chosen)) != count:
        raise ValueError(f"Model: classes names one class twice: {', '.join(chosen)}")
    return chosen


def _sizes(shape: tuple[int, ...]) -> str:
    return " × ".join(map(str, shape))
