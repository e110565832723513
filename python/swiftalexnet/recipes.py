"""How a network is trained, as data: hyper-parameters apart from architectures."""

from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from ._arrays import as_integer
from ._choices import choose
from ._numbers import check_number, make_plain
from .augmentation import Augmentation
from .schedules import EpochSchedule, PlateauSchedule, Schedule

RULES = ("paper", "pytorch", "caffe")  # in the order of the extension's numbers


@dataclass(frozen=True)
class Recipe:
    """Everything that decides a training run besides the data, the network and the seed.

    Parameters
    ----------
    batch_size : int
        Pictures a step; the last batch of an epoch may be smaller.
    learning_rate, momentum, weight_decay : float
        ε, μ and λ of the update. `rule` "paper": v = μv − λεw − εg, w = w + v (Krizhevsky et al. 2012, section 5);
        `rule` "pytorch": v = μv + (g + λw), w = w − εv, which differs once ε
        changes; `rule` "caffe": v = μv + ε(g + λw), w = w − v, the paper's with the velocity's sign turned.
    schedule : Schedule
        How the learning rate falls.
    bias_learning_rate, bias_weight_decay : float
        Factors for biases.
    crop, flip, color_noise : bool, bool, float
        See `Augmentation`.
    epochs : int
        Passes over the training set.
    source : str
        Where the numbers come from, and what departs from it.

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

    def __post_init__(self) -> None:
        make_plain(self)
        as_integer(self.batch_size, "batch_size", "recipe", 1, 2**20)
        as_integer(self.epochs, "epochs", "recipe", 0, 2**31 - 1)
        choose("recipe", "rule", self.rule, RULES)
        for name in ("learning_rate", "weight_decay", "bias_learning_rate", "bias_weight_decay", "color_noise"):
            check_number(getattr(self, name), name, "recipe")
        check_number(self.momentum, "momentum", "recipe", below=1)
        if not isinstance(self.schedule, Schedule):
            raise TypeError(
                f"recipe: schedule is {self.schedule!r}, expected a Schedule such as EpochSchedule((20, 30))"
            )

    @property
    def augmentation(self) -> Augmentation:
        """What is done to training images."""
        return Augmentation(bool(self.crop), bool(self.flip), float(self.color_noise))

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
        """Return what decides the run, to recognise it again; the number of epochs may grow."""
        kept = {key: value for key, value in asdict(self).items() if key not in ("epochs", "source", "name")}
        return {**kept, "schedule": self.schedule.to_json()}

    def __str__(self) -> str:
        lines = [f"recipe {self.name}: {self.source}"]
        lines += [f"  {field.name:<20}{_text(getattr(self, field.name))}" for field in fields(self)[1:-1]]
        return "\n".join(lines)


RECIPES = {
    recipe.name: recipe
    for recipe in (
        Recipe(
            "paper", 128, 0.01, 0.9, 5e-4, PlateauSchedule(0.1, patience=5, times=3), 90, color_noise=0.1,
            source="Krizhevsky et al. 2012, sections 4 and 5; the patience of the schedule is this package's",
        ),
        Recipe(
            "caffe", 256, 0.01, 0.9, 5e-4, EpochSchedule((20, 40, 60, 80)), 90, bias_learning_rate=2.0,
            bias_weight_decay=0.0,
            source="BVLC Caffe, models/bvlc_alexnet; 100,000 iterations of 256 images are 20 epochs of ILSVRC",
        ),
        Recipe(
            "torchvision", 32, 0.01, 0.9, 1e-4, EpochSchedule((30, 60)), 90, rule="pytorch",
            source="torchvision references/classification for AlexNet; 8 processes of 32 images there, one here",
        ),
    )
}  # fmt: skip


def recipe(name: str = "paper", **overrides: Any) -> Recipe:
    """Return a recipe by name, with some of its settings replaced.

    Parameters
    ----------
    name : {"paper", "caffe", "torchvision"}
    **overrides
        Fields of `Recipe`.

    Raises
    ------
    ValueError
        An unknown name or setting, or a value out of range.
    """
    return RECIPES[choose("recipe", "recipe", name, RECIPES)].replace(**overrides)


def as_recipe(value: str | Recipe, epochs: int | None, batch_size: int | None) -> Recipe:
    """Return the recipe that `fit` was given, with its own epochs and batch size."""
    if not isinstance(value, (str, Recipe)):
        raise TypeError(f"fit: recipe is {value!r}, expected a name or a Recipe")
    chosen = recipe(value) if isinstance(value, str) else value
    changes = {"epochs": epochs, "batch_size": batch_size}
    return chosen.replace(**{name: given for name, given in changes.items() if given is not None})


def _text(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
