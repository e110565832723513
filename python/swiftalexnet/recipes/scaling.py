"""How learning rate and weight decay follow the batch size."""

import math
from typing import TYPE_CHECKING, Any

from .._support.arrays import as_integer
from .._support.choices import choose
from .schedules import StepSchedule

if TYPE_CHECKING:
    from .recipe import Recipe

SCALING_RULES = ("krizhevsky", "goyal", "sqrt")


def scaled_settings(recipe: "Recipe", batch_size: int, rule: str) -> dict[str, Any]:
    """Return the settings that change in a recipe for batches of another size: see `Recipe.scaled`."""
    choose("recipe.scaled", "rule", rule, SCALING_RULES)
    size = as_integer(batch_size, "batch_size", "recipe.scaled", 1, 2**20)
    if any(isinstance(schedule, StepSchedule) for schedule in recipe.schedules):
        raise ValueError(
            f"recipe.scaled: a schedule of recipe {recipe.name} counts steps, of which an epoch has another number "
            f"with batches of {size}, expected schedules that count epochs: schedule=EpochSchedule((20, 30))"
        )
    k = size / recipe.batch_size
    root = math.sqrt(k)
    changes: dict[str, Any] = {
        "batch_size": size,
        "source": f"{recipe.source}; {rule} for batches of {size} in place of {recipe.batch_size}",
    }
    if rule == "sqrt":
        return changes | {"learning_rate": recipe.learning_rate * root, "weight_decay": recipe.weight_decay * root}
    warm_up = {"warmup_epochs": 5.0, "warmup_start": 1 / k} if rule == "goyal" and k > 1 else {}
    return changes | {"learning_rate": recipe.learning_rate * k} | warm_up
