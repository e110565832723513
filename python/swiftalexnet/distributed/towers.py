"""Two towers on two ranks: the 2012 paper's network as its authors trained it on two GPUs."""

from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._support.arithmetic import DIFFERENTIABLE, choose_arithmetic
from .._support.arrays import as_float32, layout_code
from .._support.kinds import require_kind
from ..network.base import BaseModel
from ..network.step_arguments import StepSettings, step_arguments
from .communicator import as_communicator
from .team import Team, require_timeout
from .tower import Tower
from .tower_cut import require_two
from .wire import wire_named

Float32 = NDArray[np.float32]


class Towers:
    """A network whose two towers are on two ranks, each with its half of every feature map and its weights only.

    As in section 3.5 of the 2012 paper, the towers read each other's channels only before conv3, fc6, fc7 and fc8; the
    last layer and the loss are tower 0's. Where a norm's window spans both towers (`paper`), they swap the channels at
    their border: two each for a window of five. Both ranks make the same calls with the same arrays, and use it as a
    context manager: Ctrl-C then takes effect between two calls' exchanges, on both.

    >>> with sa.distributed.Towers(sa.alexnet("chm145"), sa.distributed.mpi()) as towers:
    ...     loss = towers.train_step(x, labels, seed=0, step=0)
    ...     towers.gather(model)

    Parameters
    ----------
    model : Model
        The whole network, the same on both ranks. Its weights, velocities and factors of rates are copied; it is not
        kept, so that a rank whose caller drops it has half of the network in memory.
    communicator : Communicator
        Of two ranks: `swiftalexnet.distributed.mpi()`.
    timeout : float
        Seconds that a rank waits for the other before it ends with status 75.

    Raises
    ------
    TypeError
        Not a model, a communicator or a number.
    ValueError
        There are not two ranks; they have different networks, weights or versions.
    UnsupportedError
        The network has no two towers.
    """

    def __init__(self, model: BaseModel, communicator: Any, timeout: float = 30.0):
        require_kind(model, BaseModel, "model", "Towers", "Model")
        model.require_changeable("Towers")
        if as_communicator(communicator, "Towers") is None:
            raise TypeError("Towers: communicator is None, expected one: swiftalexnet.distributed.mpi() makes it")
        require_two(model, communicator.size, "Towers")
        require_timeout(timeout, "Towers")
        self._classes, self._input_shape = model.num_classes, model.input_shape
        self._team = Team(communicator, wire_named("float32"), timeout)
        self._team.__enter__()
        self._open = True
        try:
            with self._call("Towers"):
                self._tower = Tower(model, self._team)
        except BaseException:
            self.close()
            raise

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
        fast_math: bool = False,
    ) -> float:
        """Forward, loss, backward and update on both ranks, which is applied on both completely or on neither.

        Dropout's masks are those of the whole network. So are the numbers, up to rounding: see docs/distributed.md.

        Parameters
        ----------
        x, labels, learning_rate, momentum, weight_decay, rule, layout, seed, step, precision, sample_weight, fast_math
            See `Model.train_step`; the same on both ranks.

        Returns
        -------
        float
            The mean loss over the batch, by `sample_weight`, before the update.

        Raises
        ------
        TypeError, ValueError, NonFiniteError
            As `Model.train_step`, or another exception of the other rank; the ranks were given different arguments.
            Nothing has been updated.
        """
        with self._call("train_step"):
            numbers = learning_rate, momentum, weight_decay
            settings = StepSettings(*numbers, rule, seed, step, precision, fast_math=fast_math)
            array, targets, options = step_arguments(x, labels, self._classes, settings, sample_weight)
            self._require_input(array, layout, "train_step")
            return self._tower.step(array, layout_code(layout, "train_step"), targets, options)[0]

    def forward(
        self, x: ArrayLike, layout: str = "NCHW", precision: str = "float32", fast_math: bool = False
    ) -> Float32:
        """Compute logits, [batch, classes], on both ranks, without dropout.

        Parameters
        ----------
        x, layout, precision, fast_math
            See `Model.forward`.

        Raises
        ------
        TypeError, ValueError
            As `Model.forward`, on both ranks.
        """
        with self._call("forward"):
            arithmetic = choose_arithmetic("forward", precision, fast_math=fast_math, among=DIFFERENTIABLE)
            array = as_float32(x, "x", "forward", ndim=4)
            self._require_input(array, layout, "forward")
            return self._tower.forward(array, layout_code(layout, "forward"), arithmetic)

    def state_dict(self) -> dict[str, Float32]:
        """Return copies of this rank's weights: of each layer its own outputs, with all the inputs that these read."""
        return self._tower.state_dict()

    def gather(self, model: BaseModel | None = None) -> None:
        """Write both towers' weights, and their velocities, to a whole model; both ranks call it.

        Parameters
        ----------
        model : Model, optional
            Of the same network. None: this rank only hands over its weights.

        Raises
        ------
        TypeError, ValueError
            Not such a model; nothing has been written.
        """
        with self._call("gather"):
            if model is not None:
                require_kind(model, BaseModel, "model", "Towers.gather", "Model or None")
                model.require_changeable("Towers.gather")
            self._tower.gather(model)

    def close(self) -> None:
        """End the thread that speaks with the other rank; `state_dict` can be called after it."""
        self._end(None, None, None)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End on both ranks: an exception of one leaves the block of the other, too."""
        try:
            if self._open and error is None:
                self._team.gather(b"")
            elif self._open and error is not None:
                self._team.tell(error)
        finally:
            self._end(kind, error, trace)

    def _end(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._open:
            self._open = False
            self._team.__exit__(kind, error, trace)

    @contextmanager
    def _call(self, operation: str) -> Iterator[None]:
        """Tell the other rank of an exception in a call; between calls, let it wait as long as the program takes."""
        if not self._open:
            raise ValueError(f"Towers.{operation}: the towers have been closed")
        self._team.doing(operation)
        try:
            with self._team.telling():
                yield
        finally:
            self._team.doing("what the program does between two calls", for_all=True)

    def _require_input(self, x: Float32, layout: str, operation: str) -> None:
        channels, height, width = self._input_shape
        expected = (channels, height, width) if layout == "NCHW" else (height, width, channels)
        if layout in ("NCHW", "NHWC") and x.shape[1:] != expected:
            raise ValueError(f"{operation}: x has shape {x.shape}, expected [batch, {', '.join(map(str, expected))}]")
