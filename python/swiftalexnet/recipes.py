"""How a network is trained, as data: hyper-parameters apart from architectures."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from ._arrays import as_integer
from ._choices import choose, nearest
from ._numbers import check_number, make_plain
from ._shown import shown
from ._tables import html_table
from .augmentation import Augmentation
from .colors import ColorComponents
from .parameter_group import ParameterGroup
from .scale_jitter import as_scale
from .schedules import Schedule, check_schedule

RULES = ("paper", "pytorch", "caffe")  # in the order of the extension's numbers

# Fields that recipes did not always have: at their defaults they are not written, so that older checkpoints are known.
_LATER = (
    *("bias_schedule", "groups", "color_noise_epochs", "color_divisor", "color_components"),
    *("chunk", "rotation", "shift", "scale"),
)


_SHORT = {"lr": "learning_rate", "scheduler": "schedule"}  # what settings are called elsewhere


@dataclass(frozen=True)
class Recipe:
    """Everything that decides a training run besides the data, the network and the seed.

    Parameters
    ----------
    batch_size : int
        Pictures a step; the last batch of an epoch may be smaller. Gradients are means over the batch.
    learning_rate, momentum, weight_decay : float
        ε, μ and λ of the update. `rule` "paper": v = μv − λεw − εg, w = w + v (Krizhevsky et al. 2012, section 5);
        `rule` "pytorch": v = μv + (g + λw), w = w − εv, which differs once ε changes; `rule` "caffe":
        v = μv + ε(g + λw), w = w − v, the paper's with the velocity's sign turned.
    schedule : Schedule
        How the learning rate falls.
    epochs : int
        Passes over the training set.
    bias_learning_rate, bias_weight_decay : float
        Factors for biases.
    crop, flip, color_noise, color_divisor, color_components, chunk, rotation, shift
        See `Augmentation`.
    source : str
        Where the numbers come from, and what departs from it.
    bias_schedule : Schedule, optional
        How the learning rate of biases falls, if otherwise than that of the weights.
    groups : sequence of ParameterGroup
        Parameters that learn in a way of their own.
    color_noise_epochs : int, optional
        Epochs with colour noise, and so with its divisor; later ones have neither. By default all have.
    scale : (int, int), optional
        The shorter side of a training picture is brought to S pixels, low ≤ S ≤ high, every whole S equally likely and
        drawn anew each time that the picture is shown; the crop then comes from anywhere in the whole picture, and the
        mean is a value a channel (Simonyan & Zisserman 2014, section 3.1). The preprocessing's `resize` becomes the
        middle of both, at which pictures are evaluated (section 3.2). By default pictures are brought to the
        preprocessing's square.

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

    def __post_init__(self) -> None:
        make_plain(self)
        as_integer(self.batch_size, "batch_size", "recipe", 1, 2**20)
        as_integer(self.epochs, "epochs", "recipe", 0, 2**31 - 1)
        choose("recipe", "rule", self.rule, RULES)
        for name in ("learning_rate", "weight_decay", "bias_learning_rate", "bias_weight_decay"):
            check_number(getattr(self, name), name, "recipe")
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
        """What is done to training images in the first epoch."""
        return self.augmentation_in(0)

    def augmentation_in(self, epoch: int) -> Augmentation:
        """Return what is done to training images in an epoch, counted from 0."""
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
        """All schedules: of the weights, then of biases and of groups that have one of their own."""
        others = (self.bias_schedule, *(group.schedule for group in self.groups))
        return (self.schedule, *(schedule for schedule in others if schedule is not None))

    def replace(self, **changes: Any) -> "Recipe":
        """Return a copy with some fields changed.

        Raises
        ------
        ValueError
            A name that is no field.
        """
        known = [field.name for field in fields(self)]
        return replace(self, **{choose("recipe", "setting", name, known): value for name, value in changes.items()})

    def to_json(self) -> dict[str, Any]:
        """Return what decides the run, to recognise it again.

        The number of epochs may grow, unless a schedule is stretched over them.
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


def recipe(name: str = "paper", **overrides: Any) -> Recipe:
    """Return a recipe by name, with some of its settings replaced.

    Each prints itself, with the source of its numbers and what departs from it.

    Parameters
    ----------
    name : str
        `paper` (Krizhevsky et al. 2012 as it is written), `chm145` (the authors' own run, biases and first layer at
        rates of their own), `caffe` (BVLC AlexNet), `torchvision`, `cuda-convnet2` (one GPU, an automatic schedule);
        `vgg`, then `vgg-384` and `vgg-jitter` (the three stages of Simonyan & Zisserman 2014);
        `small` (a few hundred to a few thousand photographs: see `suggest`);
        `cifar-80sec`, `cifar-18pct`, `cifar-19pct`, `cifar-conv-local-13pct`, `cifar-conv-local-11pct` (cuda-convnet's
        nets for CIFAR-10).
    **overrides
        Fields of `Recipe`.

    Raises
    ------
    ValueError
        An unknown name or setting, or a value out of range.
    """
    from .recipe_table import RECIPES

    return RECIPES[choose("recipe", "recipe", name, RECIPES, even_if_far=True)].replace(**overrides)


def recipe_names() -> list[str]:
    """Return the names that `recipe` knows."""
    from .recipe_table import RECIPES

    return list(RECIPES)


def as_recipe(value: str | Recipe, epochs: int | None, batch_size: int | None) -> Recipe:
    """Return the recipe that `fit` was given, with its own epochs and batch size."""
    if not isinstance(value, (str, Recipe)):
        raise TypeError(f"fit: recipe is {shown(value)}, expected a name or a Recipe")
    chosen = recipe(value) if isinstance(value, str) else value
    changes = {"epochs": epochs, "batch_size": batch_size}
    return chosen.replace(**{name: given for name, given in changes.items() if given is not None})


def refuse_unknown(options: Iterable[str], given: Any, known: Iterable[str]) -> None:
    """Raise TypeError if `fit` was given options that it does not take; those of a recipe have their place there."""
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
    """Return what JSON can hold of a setting."""
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    return value.to_json() if hasattr(value, "to_json") else value


def _text(value: Any, between: str = "\n" + " " * 22) -> str:
    if isinstance(value, tuple):
        return (", " if value and isinstance(value[0], int) else between).join(map(_text, value)) or "–"
    if value is None:
        return "–"
    return f"{value:g}" if isinstance(value, float) else str(value)
