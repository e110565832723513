"""The learning rate and weight decay of every parameter in every step.

Each step passes all of them to the engine, and the network keeps its own factors, so nothing has to be restored when a
run ends. Every rate is computed here, in float64, and rounded once.
"""

from collections.abc import Sequence

import numpy as np

from .._support.choices import nearest
from ..network.parameters import Float32, Multipliers
from ..recipes.parameter_group import ParameterGroup
from ..recipes.recipe import Recipe
from ..recipes.schedules import Moment, Schedule, State
from ..recipes.warm_up import warm_up_factor


class Rates:
    """The rates of a recipe for the parameters of one network.

    Parameters
    ----------
    recipe : Recipe
    own : mapping of str to (float, float)
        The network's own factors of (learning rate, weight decay) by parameter name, in the engine's order: 0 freezes
        a layer.

    Raises
    ------
    ValueError
        A group's pattern matches no parameter.
    """

    def __init__(self, recipe: Recipe, own: Multipliers):
        for group in recipe.groups:
            _require_match(group, list(own))
        self._recipe = recipe
        self._parameters = {name: _factors(recipe, name, *pair) for name, pair in own.items()}

    def frozen(self) -> set[str]:
        """Return the names of the parameters whose rate is 0 in every step."""
        return {name for name, (_, rate, _) in self._parameters.items() if rate == 0}

    def scheduled(self, moment: Moment, states: Sequence[State]) -> list[float]:
        """Return the learning rate by each of `recipe.schedules`, the first of which is that of the weights."""
        rate = self._recipe.learning_rate * warm_up_factor(self._recipe, moment)
        return [rate * each.rate_factor(moment, s) for each, s in zip(self._recipe.schedules, states, strict=True)]

    def at(self, moment: Moment, states: Sequence[State]) -> Multipliers:
        """Return (learning rate, factor of the weight decay) by name; `states` are those of `recipe.schedules`."""
        scheduled = self.scheduled(moment, states)
        return {name: (scheduled[which] * rate, decay) for name, (which, rate, decay) in self._parameters.items()}

    def for_step(self, moment: Moment, states: Sequence[State]) -> tuple[Float32 | None, Float32 | None]:
        """Return the learning rates and weight decays for the engine, [parameters] each; None without parameters.

        A value that overflows float32 becomes infinite, which the engine refuses with the parameter's name.
        """
        if not self._parameters:
            return None, None
        with np.errstate(over="ignore"):
            rates, factors = np.array(list(zip(*self.at(moment, states).values(), strict=True)), np.float32)
            # A product of float32 numbers, as the engine multiplies a step's decay by a parameter's factor.
            return rates, np.float32(self._recipe.weight_decay) * factors


def _factors(recipe: Recipe, name: str, rate: float, decay: float) -> tuple[int, float, float]:
    """Return (index into `recipe.schedules`, factor of the rate, factor of the decay) of one parameter."""
    schedule: Schedule = recipe.schedule
    if name.endswith(".bias"):
        rate, decay = rate * recipe.bias_learning_rate, decay * recipe.bias_weight_decay
        schedule = recipe.bias_schedule or schedule
    for group in recipe.groups:
        if group.matches(name):
            rate, decay = rate * group.learning_rate, decay * group.weight_decay
            schedule = group.schedule or schedule
    return next(at for at, each in enumerate(recipe.schedules) if each is schedule), rate, decay


def _require_match(group: ParameterGroup, names: Sequence[str]) -> None:
    if not any(map(group.matches, names)):
        layers = [f"{name.partition('.')[0]}.*" for name in names]
        raise ValueError(
            f"fit: the group {group.pattern!r} of the recipe matches no parameter, expected a pattern for some of "
            f"{', '.join(names)}{nearest(group.pattern, [*names, *layers])}"
        )
