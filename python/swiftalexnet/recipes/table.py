"""The recipes: the engine's table (Sources/Training/RecipeTable.swift), read into the values that `fit` takes."""

from collections.abc import Callable
from typing import Any

from .. import _native
from .._support.choices import choose
from .._support.shown import shown
from .parameter_group import ParameterGroup
from .recipe import Recipe
from .schedules import (
    ConstantSchedule,
    DexpSchedule,
    EpochSchedule,
    EpochTableSchedule,
    PlateauSchedule,
    PolynomialSchedule,
    Schedule,
    StepSchedule,
)

_SCHEDULES: dict[str, type[Schedule]] = {
    "constant": ConstantSchedule,
    "epochs": EpochSchedule,
    "epoch_table": EpochTableSchedule,
    "steps": StepSchedule,
    "plateau": PlateauSchedule,
    "dexp": DexpSchedule,
    "polynomial": PolynomialSchedule,
}


def _flag(text: str) -> bool:
    return text == "1"


def _integers(text: str) -> tuple[int, ...]:
    return tuple(map(int, text.replace(",", " ").split()))


def _fields(words: list[str]) -> dict[str, Any]:
    """Read `name=value` words; numbers are whole, or lists of them, or have a point."""
    pairs = dict(word.split("=", 1) for word in words)
    readers: dict[str, Callable[[str], Any]] = {
        "boundaries": _integers,
        "factors": lambda text: tuple(map(float, text.split(","))),
        "patience": int,
        "times": int,
        "steps": int,
    }
    return {name: readers.get(name, float)(value) for name, value in pairs.items()}


def _schedule(text: str) -> Schedule:
    kind, *words = text.split()
    return _SCHEDULES[kind](**_fields(words))


def _group(text: str) -> ParameterGroup:
    settings, _, schedule = text.partition(" schedule ")
    pattern, *words = settings.split()
    return ParameterGroup(pattern, **_fields(words), schedule=_schedule(schedule) if schedule else None)


# How a setting's text is read; all others are numbers with a point.
_READERS: dict[str, Callable[[str], Any]] = {
    **dict.fromkeys(("name", "rule", "source"), str),
    **dict.fromkeys(("batch_size", "epochs", "color_noise_epochs", "chunk", "shift"), int),
    **dict.fromkeys(("crop", "flip", "lars_biases"), _flag),
    **dict.fromkeys(("schedule", "bias_schedule"), _schedule),
    "scale": _integers,
}


def read_recipe(text: str) -> Recipe:
    """Return the recipe that the engine's text describes, one setting per line."""
    lines = [line.partition(" ")[::2] for line in text.splitlines()]
    settings = {name: _READERS.get(name, float)(value) for name, value in lines if name != "group"}
    return Recipe(**settings, groups=tuple(_group(value) for name, value in lines if name == "group"))


RECIPES = {name: read_recipe(_native.recipe(name)) for name in _native.recipe_names()}


def as_markdown() -> str:
    """Return the table and the sources of docs/training.md."""
    head = ("recipe", "batch", "rate", "decay", "schedule", "epochs", "biases and groups", "images")
    rows = [head, ("---",) * len(head), *map(_row, RECIPES.values())]
    sources = [f"- `{recipe.name}`: {recipe.source}." for recipe in RECIPES.values()]
    return "\n".join([*(f"| {' | '.join(row)} |" for row in rows), "", *sources])


def _row(recipe: Recipe) -> tuple[str, ...]:
    rule = "" if recipe.rule == "paper" else f"; rule “{recipe.rule}”"
    rate = f"{recipe.learning_rate:g}"
    if recipe.warmup_epochs:
        rate = f"{recipe.warmup_start * recipe.learning_rate:g} to {rate} over {recipe.warmup_epochs:g} epochs"
    numbers = f"{rate}{rule}", f"{recipe.weight_decay:g}", str(recipe.schedule), str(recipe.epochs)
    return f"`{recipe.name}`", str(recipe.batch_size), *numbers, _biases(recipe), _images(recipe)


def _biases(recipe: Recipe) -> str:
    factors = ("rate", recipe.bias_learning_rate), ("decay", recipe.bias_weight_decay)
    parts = [f"{what} × {factor:g}" for what, factor in factors if factor != 1]
    parts += [] if recipe.bias_schedule is None else [str(recipe.bias_schedule)]
    biases = [f"biases: {', '.join(parts)}"] if parts else []
    return "; ".join([*biases, *(str(group).replace("*", r"\*") for group in recipe.groups)])


def _images(recipe: Recipe) -> str:
    parts = ["crops"] * recipe.crop + ["mirror images"] * recipe.flip
    if recipe.color_noise:
        until = "" if recipe.color_noise_epochs is None else f" until epoch {recipe.color_noise_epochs}"
        divisor = "" if recipe.color_divisor == 1 else f", divided by {recipe.color_divisor:g}"
        parts.append(f"colour noise {recipe.color_noise:g}{until}{divisor}")
    parts += [f"turned by up to {recipe.rotation:g}°"] * (recipe.rotation != 0)
    parts += [f"shifted by up to {recipe.shift} pixels"] * (recipe.shift != 0)
    if recipe.chunk != 1:
        parts.append(f"{recipe.chunk} images share a crop")
    if recipe.scale is not None:
        low, high = recipe.scale
        parts.append(f"S = {low}" if low == high else f"S in {low} … {high}")
    return ", ".join(parts) or "as they are"


def recipe(name: str = "paper", **overrides: Any) -> Recipe:
    """Return a recipe by name, with some of its settings replaced.

    Each prints itself, with the source of its numbers and what departs from it.

    Parameters
    ----------
    name : str
        `paper` (Krizhevsky et al. 2012 as it is written), `chm145` (the authors' own run, biases and first layer at
        rates of their own), `caffe` (BVLC AlexNet), `torchvision`, `cuda-convnet2` (one GPU, an automatic schedule),
        `lars` (BVLC AlexNet with batches of 8,192 images: You, Gitman & Ginsburg 2017);
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
    return RECIPES[choose("recipe", "recipe", name, RECIPES, even_if_far=True)].replace(**overrides)


def recipe_names() -> list[str]:
    """Return the names that `recipe` knows."""
    return list(RECIPES)


def as_recipe(value: str | Recipe, epochs: int | None, batch_size: int | None) -> Recipe:
    """Return the recipe that `fit` was given, with its own epochs and batch size."""
    if not isinstance(value, (str, Recipe)):
        raise TypeError(f"fit: recipe is {shown(value)}, expected a name or a Recipe")
    chosen = recipe(value) if isinstance(value, str) else value
    changes = {"epochs": epochs, "batch_size": batch_size}
    return chosen.replace(**{name: given for name, given in changes.items() if given is not None})
