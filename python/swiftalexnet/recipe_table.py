"""The recipes: the engine's table (Sources/Training/RecipeTable.swift), read into the values that `fit` takes."""

from collections.abc import Callable
from typing import Any

from . import _native
from .parameter_group import ParameterGroup
from .recipes import Recipe
from .schedules import (
    ConstantSchedule,
    DexpSchedule,
    EpochSchedule,
    EpochTableSchedule,
    PlateauSchedule,
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
    **dict.fromkeys(("crop", "flip"), _flag),
    **dict.fromkeys(("schedule", "bias_schedule"), _schedule),
    "scale": _integers,
}


def read_recipe(text: str) -> Recipe:
    """Return the recipe that the engine's text describes, a setting a line."""
    lines = [line.partition(" ")[::2] for line in text.splitlines()]
    settings = {name: _READERS.get(name, float)(value) for name, value in lines if name != "group"}
    return Recipe(**settings, groups=tuple(_group(value) for name, value in lines if name == "group"))


RECIPES = {name: read_recipe(_native.recipe(name)) for name in _native.recipe_names()}


def as_markdown() -> str:
    """Return the table and the sources of docs/training.md."""
    head = ("recipe", "batch", "rate", "decay", "schedule", "epochs", "biases and groups", "pictures")
    rows = [head, ("---",) * len(head), *map(_row, RECIPES.values())]
    sources = [f"- `{recipe.name}`: {recipe.source}." for recipe in RECIPES.values()]
    return "\n".join([*(f"| {' | '.join(row)} |" for row in rows), "", *sources])


def _row(recipe: Recipe) -> tuple[str, ...]:
    rule = "" if recipe.rule == "paper" else f"; rule “{recipe.rule}”"
    numbers = f"{recipe.learning_rate:g}{rule}", f"{recipe.weight_decay:g}", str(recipe.schedule), str(recipe.epochs)
    return f"`{recipe.name}`", str(recipe.batch_size), *numbers, _biases(recipe), _pictures(recipe)


def _biases(recipe: Recipe) -> str:
    factors = ("rate", recipe.bias_learning_rate), ("decay", recipe.bias_weight_decay)
    parts = [f"{what} × {factor:g}" for what, factor in factors if factor != 1]
    parts += [] if recipe.bias_schedule is None else [str(recipe.bias_schedule)]
    biases = [f"biases: {', '.join(parts)}"] if parts else []
    return "; ".join([*biases, *(str(group).replace("*", r"\*") for group in recipe.groups)])


def _pictures(recipe: Recipe) -> str:
    parts = ["crops"] * recipe.crop + ["mirror images"] * recipe.flip
    if recipe.color_noise:
        until = "" if recipe.color_noise_epochs is None else f" until epoch {recipe.color_noise_epochs}"
        divisor = "" if recipe.color_divisor == 1 else f", divided by {recipe.color_divisor:g}"
        parts.append(f"colour noise {recipe.color_noise:g}{until}{divisor}")
    parts += [f"turned by up to {recipe.rotation:g}°"] * (recipe.rotation != 0)
    parts += [f"shifted by up to {recipe.shift} pixels"] * (recipe.shift != 0)
    if recipe.chunk != 1:
        parts.append(f"{recipe.chunk} pictures share a crop")
    if recipe.scale is not None:
        low, high = recipe.scale
        parts.append(f"S = {low}" if low == high else f"S in {low} … {high}")
    return ", ".join(parts) or "as they are"
