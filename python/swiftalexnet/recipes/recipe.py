"""Training recipes as data: hyperparameters, separate from architectures."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from .._support.arrays import as_integer
from .._support.choices import choose, nearest
from .._support.native_arguments import RULES
from .._support.numbers import check_number, make_plain
from .._support.shown import shown
from .._support.tables import html_table
from ..preprocessing.scale_jitter import as_scale
from .augmentation import Augmentation
from .color_components import ColorComponents
from .parameter_group import ParameterGroup
from .scaling import SCALING_RULES, require_epochs, scaled_settings
from .schedules import Schedule, check_schedule

# Later additions: not written at their defaults, so that the recipes of older checkpoints still compare equal.
_LATER = (
    *("bias_schedule", "groups", "color_noise_epochs", "color_divisor", "color_components"),
    *("chunk", "rotation", "shift", "scale"),
    *("trust_coefficient", "lars_biases", "warmup_epochs", "warmup_start"),
)


_SHORT = {"lr": "learning_rate", "scheduler": "schedule"}  # names in other libraries


@dataclass(frozen=True)
class Recipe:
    """Everything that determines a training run apart from the data, the network and the seed.

    Parameters
    ----------
    batch_size : int
        Images per step; the last batch of an epoch may be smaller. Gradients are means over the batch.
    learning_rate, momentum, weight_decay : float
        ε, μ and λ of the update. `rule` "paper": v = μv − λεw − εg, w = w + v (Krizhevsky et al. 2012, section 5);
        `rule` "pytorch": v = μv + (g + λw), w = w − εv, which differs once ε changes; `rule` "caffe":
        v = μv + ε(g + λw), w = w − v, the paper's rule with the sign of the velocity reversed; `rule` "lars": like
        "caffe", with a rate for every parameter, ε·η‖w‖ / (‖g‖ + λ‖w‖), where η is `trust_coefficient` (You, Gitman &
        Ginsburg 2017, arXiv:1708.03888, section 4, algorithm 1). Where ‖w‖ or ‖g‖ is 0, that rate is ε, as in the
        authors' code. The weights and the biases of a layer are parameters of their own.
    schedule : Schedule
        How the learning rate changes.
    epochs : int
        Passes over the training set.
    bias_learning_rate, bias_weight_decay : float
        Factors for biases.
    crop, flip, color_noise, color_divisor, color_components, chunk, rotation, shift
        See `Augmentation`.
    source : str
        Source of the numbers, and deviations from it.
    bias_schedule : Schedule, optional
        How the learning rate of biases changes; by default like that of the weights.
    groups : sequence of ParameterGroup
        Parameters with their own learning rate, weight decay or schedule.
    color_noise_epochs : int, optional
        Number of epochs with colour noise and its divisor; later epochs have neither. By default all epochs.
    scale : (int, int), optional
        (low, high): resize the shorter side of a training image to S pixels, an integer drawn uniformly from
        low … high each time the image is shown. The crop then comes from anywhere in the whole image, and the mean has
        one value per channel (Simonyan & Zisserman 2014, section 3.1). The preprocessing's `resize` becomes the middle
        of both, at which images are evaluated (section 3.2). By default crops come from the preprocessing's square.
    trust_coefficient : float
        η of the rule "lars", above 0: 0.001 for all batch sizes in its paper, section 5.
    lars_biases : bool
        Whether "lars" gives biases rates of their own too, as in its paper (table 2 has them apart) and its authors'
        code; False updates them by "caffe" at the rate ε · `bias_learning_rate`, as later implementations do. Whether
        they decay is `bias_weight_decay`.
    warmup_epochs : float
        Length of a gradual warm-up (Goyal et al. 2017, arXiv:1706.02677, section 2.2): all learning rates rise by the
        same amount in every step. Its factor multiplies those of the schedules. 0 is off.
    warmup_start : float
        The factor in the first step of the warm-up.

    Raises
    ------
    TypeError, ValueError
        A number out of its range.
    """

    name: str
    batch_size: int
    learning_rate: float
    momentum: float
    weight_decay: float
    schedule: Schedule
    epochs: int
    rule: str = "paper"
    bias_learning_rate: float = 1.0
    bias_weight_decay: float = 1.0
    crop: bool = True
    flip: bool = True
    color_noise: float = 0.0
    source: str = ""
    bias_schedule: Schedule | None = None
    groups: Sequence[ParameterGroup] = ()
    color_noise_epochs: int | None = None
    color_divisor: float = 1.0
    color_components: ColorComponents | None = None
    chunk: int = 1
    rotation: float = 0.0
    shift: int = 0
    scale: tuple[int, int] | None = None
    trust_coefficient: float = 0.001
    lars_biases: bool = True
    warmup_epochs: float = 0.0
    warmup_start: float = 0.0

    def __post_init__(self) -> None:
        make_plain(self)
        as_integer(self.batch_size, "batch_size", "recipe", 1, 2**20)
        as_integer(self.epochs, "epochs", "recipe", 0, 2**31 - 1)
        choose("recipe", "rule", self.rule, RULES)
        factors = "learning_rate", "weight_decay", "bias_learning_rate", "bias_weight_decay"
        for name in (*factors, "trust_coefficient", "warmup_epochs", "warmup_start"):
            check_number(getattr(self, name), name, "recipe")
        if not np.float32(self.trust_coefficient):
            raise ValueError(f"recipe: trust_coefficient is {self.trust_coefficient!r}, expected a number above 0")
        check_number(self.momentum, "momentum", "recipe", below=1)
        check_schedule(self.schedule, "schedule", "recipe")
        check_schedule(self.bias_schedule, "bias_schedule", "recipe", optional=True)
        if self.color_noise_epochs is not None:
            as_integer(self.color_noise_epochs, "color_noise_epochs", "recipe", 0)
        object.__setattr__(self, "groups", _checked_groups(self.groups))
        if self.scale is not None:
            object.__setattr__(self, "scale", as_scale(self.scale, "recipe"))
        self._augmentation(self.color_noise)  # which checks its own settings

    @property
    def augmentation(self) -> Augmentation:
        """Augmentation of training images in the first epoch."""
        return self.augmentation_in(0)

    def augmentation_in(self, epoch: int) -> Augmentation:
        """Return the augmentation of training images in an epoch, counted from 0."""
        colored = self.color_noise_epochs is None or epoch < self.color_noise_epochs
        return self._augmentation(self.color_noise if colored else 0.0)

    def _augmentation(self, color_noise: float) -> Augmentation:
        return Augmentation(
            bool(self.crop),
            bool(self.flip),
            color_noise,
            self.color_components,
            self.color_divisor,
            self.chunk,
            self.rotation,
            self.shift,
        )

    @property
    def schedules(self) -> tuple[Schedule, ...]:
        """All schedules: that of the weights, then those of biases and groups with their own."""
        others = (self.bias_schedule, *(group.schedule for group in self.groups))
        return (self.schedule, *(schedule for schedule in others if schedule is not None))

    def replace(self, **changes: Any) -> "Recipe":
        """Return a copy with some fields changed.

        Raises
        ------
        ValueError
            Not the name of a field.
        """
        known = [field.name for field in fields(self)]
        return replace(self, **{choose("recipe", "setting", name, known): value for name, value in changes.items()})

    def scaled(self, batch_size: int, rule: str = "goyal") -> "Recipe":
        """Return the recipe for batches k times as large (or as small, k < 1), its schedules in epochs unchanged.

        Parameters
        ----------
        batch_size : int
            The new one, k times the recipe's own.
        rule : {"krizhevsky", "goyal", "sqrt"}
            "krizhevsky": the learning rate times k, weight decay and momentum as they are: what Krizhevsky 2014
            (arXiv:1404.5997, page 5) found to work in practice, with AlexNet and batches of up to 1,024.
            "sqrt": the theory on the same page, "when multiplying the batch size by k, one should multiply the learning
            rate by √k to keep the variance in the gradient expectation constant"; the weight decay too is multiplied by
            √k, which keeps its effect over an epoch.
            "goyal": "When the minibatch size is multiplied by k, multiply the learning rate by k", all else unchanged
            (Goyal et al. 2017, arXiv:1706.02677, section 2.1), after a warm-up over the first 5 epochs from the old
            learning rate (section 2.2); without it for k ≤ 1. Their velocity does not contain the rate, as in `rule`
            "pytorch"; with the others it follows a rising rate more slowly (their section 3, remark 2).

        Raises
        ------
        TypeError, ValueError
            A batch size out of range, an unknown rule, or a schedule that counts steps.
        """
        choose("recipe.scaled", "rule", rule, SCALING_RULES)
        size = as_integer(batch_size, "batch_size", "recipe.scaled", 1, 2**20)
        require_epochs(self.schedules)
        settings = scaled_settings(rule, size / self.batch_size, self.learning_rate, self.weight_decay)
        source = f"{self.source}; {rule} for batches of {size} in place of {self.batch_size}"
        return self.replace(batch_size=size, source=source, **settings)

    def to_json(self) -> dict[str, Any]:
        """Return the settings that identify a run in a checkpoint.

        The number of epochs is not among them, so that it can be increased, unless a schedule depends on it.
        """
        given = {each.name: (getattr(self, each.name), each.default) for each in fields(self)}
        kept = {
            name: _plain(value)
            for name, (value, default) in given.items()
            if name not in ("epochs", "source", "name") and not (name in _LATER and value == default)
        }
        if any(schedule.needs_length for schedule in self.schedules):
            kept["epochs (a schedule depends on them)"] = self.epochs
        return kept

    def __str__(self) -> str:
        lines = (f"  {name:<20}{_text(value)}" for name, value in self._settings())
        return "\n".join([f"recipe {self.name}: {self.source}", *lines])

    def _repr_html_(self) -> str:
        rows = ((name, _text(value, "; ")) for name, value in self._settings())
        return html_table([f"recipe {self.name}: {self.source}"], ("setting", "value"), rows)

    def _settings(self) -> list[tuple[str, Any]]:
        return [(each.name, getattr(self, each.name)) for each in fields(self) if each.name not in ("name", "source")]


def refuse_unknown(options: Iterable[str], given: Any, known: Iterable[str]) -> None:
    """Raise TypeError if `fit` was given unknown options; for settings of a recipe the message says where they go."""
    for name in options:
        settings = [field.name for field in fields(Recipe)]
        setting = _SHORT.get(name, name)
        if setting in settings:
            recipe_name = given.name if isinstance(given, Recipe) else given if isinstance(given, str) else "paper"
            expected = f"it belongs to the recipe: recipe=swiftalexnet.recipe({recipe_name!r}, {setting}=…)"
        else:
            expected = f"expected one of {', '.join(known)}{nearest(name, known)}"
        raise TypeError(f"fit: unknown option {name!r}: {expected}")


def _checked_groups(groups: Any) -> tuple[ParameterGroup, ...]:
    if not isinstance(groups, (tuple, list)) or not all(isinstance(group, ParameterGroup) for group in groups):
        raise TypeError(f"recipe: groups is {shown(groups)}, expected a sequence of ParameterGroup")
    return tuple(groups)


def _plain(value: Any) -> Any:
    """Return a setting as a value for JSON."""
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    return value.to_json() if hasattr(value, "to_json") else value


def _text(value: Any, between: str = "\n" + " " * 22) -> str:
    if isinstance(value, tuple):
        return (", " if value and isinstance(value[0], int) else between).join(map(_text, value)) or "–"
    if value is None:
        return "–"
    return f"{value:g}" if isinstance(value, float) else str(value)
