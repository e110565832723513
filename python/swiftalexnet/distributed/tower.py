"""One rank's tower of a network that two ranks train: forward, backward, and the update, with what passes between.

Forward, the bits are those of the whole network. Backward, what the layers behind a crossing send back to a feature map
is the sum of both towers' parts, which one machine adds within one matrix product: gradients of the last layer, and of
the layers that only its gradient reaches, have the same bits; those before are the same numbers, rounded differently.
"""

import math
from collections import deque

import numpy as np
from numpy.typing import NDArray

from .. import _native
from .._support.digests import weights_digest
from .._support.native_arguments import RULES, Arithmetic, StepOptions
from ..errors import NonFiniteError
from ..network import parameters
from ..network.base import BaseModel
from ..runtime import __version__
from . import tower_weights
from .team import Team
from .tower_agreement import require_same, require_same_batch
from .tower_cut import Cut, Segment, require_rule
from .tower_maps import joined, places, returned

Float32 = NDArray[np.float32]

_NHWC = 1


class Tower:
    """Half of a network: its segments, each a network in the engine.

    It holds the tower's weights, gradients and velocities only. All its calls are made on both ranks, in the same
    order, within `Team.telling`: if one fails on one rank, the other raises the same, and nothing has been updated.

    Parameters
    ----------
    model : BaseModel
        The whole network, from which weights and factors of rates are copied; not kept.
    team : Team
        Of two ranks.

    Raises
    ------
    ValueError
        The ranks have different networks, weights or versions.
    """

    def __init__(self, model: BaseModel, team: Team):
        self._team, self._rank = team, team.rank
        self._spec, self._cut = model.spec, Cut(model.spec)
        mine = {"version": __version__, "network": model.spec, "weights": weights_digest(model.parameters())}
        require_same(team, mine, "Towers")
        self.networks = [_native.Network(segment.spec, "zeros", 0) for segment in self._cut.towers[self._rank]]
        self._weighted = [network for network in self.networks if network.parameters()]
        self._shares = tower_weights.shares(model.parameters(), self._arrays(_native.VALUE), self._rank)
        self.scatter(model)

    # Weights

    def scatter(self, model: BaseModel) -> None:
        """Take this tower's part of a model's weights, velocities and factors."""
        self.has_trained = model.has_trained
        factors = model.multipliers()
        for which in self._states:
            whole = parameters.by_name(model.network, which)
            for network in self.networks:
                with network.hold("scatter", True):
                    for name, part in parameters.by_name(network, which).items():
                        part[...] = whole[name][self._shares[name].places[self._rank]]
        for network in self.networks:
            parameters.restore_multipliers(network, factors)

    def gather(self, model: BaseModel | None) -> None:
        """Write both towers' weights, and velocities if there are any, to a model; None: only hand over this tower's.

        Each state is written when all of it has arrived.

        Raises
        ------
        ValueError
            The model is another network; nothing has been written.
        """
        if model is not None and model.spec != self._spec:
            raise ValueError(f"gather: got {model!r}, another network than {self._spec.split()[1]}, which was cut")
        for which in self._states:
            own = self._arrays(which)
            arrays = {self._rank: own, 1 - self._rank: tower_weights.swap(self._team, self._shares, own)}
            if model is None:
                continue
            whole = parameters.by_name(model.network, which)
            with model.network.hold("gather", True):
                for tower, parts in arrays.items():
                    for name, part in parts.items():
                        whole[name][self._shares[name].places[tower]] = part
        if model is not None and self.has_trained:
            model.note_training()

    def state_dict(self) -> dict[str, Float32]:
        """Return copies of this tower's weights: of each layer its own outputs, with all the inputs these read."""
        return {name: np.array(array, order="C") for name, array in self._arrays(_native.VALUE).items()}

    @property
    def _states(self) -> tuple[int, ...]:
        return (_native.VALUE, _native.VELOCITY) if self.has_trained else (_native.VALUE,)

    def _arrays(self, which: int) -> dict[str, Float32]:
        return {name: array for each in self.networks for name, array in parameters.by_name(each, which).items()}

    # A step

    def step(self, x: Float32, layout: int, labels: NDArray[np.int32], options: StepOptions) -> tuple[float, float]:
        """Forward, loss, backward and update on both ranks, all or nothing; return (loss, top-1 error in percent).

        Parameters
        ----------
        x : array of float32, [batch, channels, height, width] or NHWC
            The same on both ranks.
        layout : int
            The engine's code.
        labels : array of int32, [batch]
        options : StepOptions
            Rates and decays in the order of the whole network's parameters.

        Raises
        ------
        UnsupportedError
            The rule is "lars".
        ValueError, NonFiniteError
            The ranks have different batches; a loss, gradient or update is not finite.
        """
        require_rule(RULES[options.rule], "train_step")
        require_same_batch(self._team, x, labels, options)
        arithmetic = Arithmetic(options.precision, fast_math=int(options.fast_math))
        output = self._forward(x, layout, True, (options.seed, options.step), arithmetic)
        gradient, outcome = None, None
        if output is not None and self._rank == 0:
            gradient, outcome = _loss(output.reshape(len(x), -1), labels, options)
        self._backward(gradient, len(x))
        for network, own in zip(self._weighted, self._options(options), strict=True):
            network.prepare_update(own)
        outcome, _ = self._team.agree(outcome)
        deque(map(_native.Network.commit_update, self._weighted), maxlen=0)  # one call of C code: not interrupted
        self.has_trained = True
        loss, error = outcome
        return loss, error

    def forward(self, x: Float32, layout: int, arithmetic: Arithmetic) -> Float32:
        """Return the logits, [batch, classes], on both ranks, without dropout."""
        output = self._forward(x, layout, False, None, arithmetic)
        logits = np.empty((len(x), math.prod(self._cut.towers[0][-1].output)), np.float32)
        if output is not None and self._rank == 0:
            logits[:] = output.reshape(logits.shape)
        nothing = np.empty(0, np.float32)
        self._team.swap(*((logits, nothing) if self._rank == 0 else (nothing, logits)))
        return logits

    def _forward(
        self, x: Float32, layout: int, keep: bool, draw: tuple[int, int] | None, arithmetic: Arithmetic
    ) -> Float32 | None:
        """Return the logits as a map on tower 0."""
        own, (seed, number) = x, draw or (0, 0)
        for step in range(self._cut.steps):
            crossing, segment = self._cut.crossing(self._rank, step), self._cut.segment(self._rank, step)
            if crossing is not None:
                own = joined(self._team, crossing, own)
            if segment is None:
                return None
            output = np.empty((len(x), math.prod(segment.output)), np.float32)
            code = layout if segment.source == "image" else _NHWC
            self.networks[step].forward(own, code, keep, draw is not None, seed, number, arithmetic, output)
            maps = output.reshape(len(x), *segment.output)
            own = np.ascontiguousarray(maps[..., places(segment.channels)])
        return own

    def _backward(self, gradient: Float32 | None, batch: int) -> None:
        """Take the logits' gradient, which tower 0 has, back to the parameters of both."""
        for step in reversed(range(self._cut.steps)):
            crossing, segment = self._cut.crossing(self._rank, step), self._cut.segment(self._rank, step)
            if segment is not None and gradient is not None:
                gradient = self._through(step, segment, gradient)
            if crossing is not None:
                before = self._cut.towers[self._rank][step - 1]
                gradient = returned(self._team, crossing, gradient, (batch, *before.output[:2]))

    def _through(self, step: int, segment: Segment, gradient: Float32) -> Float32 | None:
        """Take the gradient of a segment's own outputs back to its input; None for the first, which reads images."""
        batch = len(gradient)
        if len(segment.channels) < segment.output[-1]:
            own, gradient = gradient, np.zeros((batch, *segment.output), np.float32)
            gradient[..., places(segment.channels)] = own
        target = None if segment.source == "image" else np.empty((batch, *segment.input), np.float32)
        self.networks[step].backward(gradient.reshape(batch, -1), _NHWC, False, target)
        return target

    def _options(self, options: StepOptions) -> list[StepOptions]:
        """Return the options of the update of each segment with weights."""
        place = {name: index for index, name in enumerate(self._shares)}
        found = []
        for network in self._weighted:
            chosen = [place[name] for name in parameters.names(network)]
            rates, decays = (None if each is None else each[chosen] for each in (options.rates, options.decays))
            found.append(options._replace(rates=rates, decays=decays, sample_weight=None))
        return found


def _loss(logits: Float32, labels: NDArray[np.int32], options: StepOptions) -> tuple[Float32, tuple[float, float]]:
    """Return the logits' gradient, and the mean loss and top-1 error."""
    gradient = np.empty_like(logits)
    loss = _native.cross_entropy(logits, labels, options.sample_weight, gradient)
    if not math.isfinite(loss):
        advice = "nothing was updated: try a lower learning rate"
        raise NonFiniteError(f"train_step: the loss is {loss} in step {options.step}; {advice}")
    credit, _, _ = _native.score(logits, labels)
    return gradient, (loss, 100 * (1 - credit / len(labels)))
