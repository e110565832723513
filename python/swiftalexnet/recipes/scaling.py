"""How learning rate and weight decay follow the batch size: the rules of `Recipe.scaled`, which has their sources."""

import math
from collections.abc import Iterable

from .schedules import Schedule, StepSchedule

SCALING_RULES = ("krizhevsky", "goyal", "sqrt")


def scaled_settings(rule: str, k: float, learning_rate: float, weight_decay: float) -> dict[str, float]:
    """Return the settings of a recipe that change with batches k times as large."""
    if rule == "sqrt":
        return {"learning_rate": learning_rate * math.sqrt(k), "weight_decay": weight_decay * math.sqrt(k)}
    warm_up = {"warmup_epochs": 5.0, "warmup_start": 1 / k} if rule == "goyal" and k > 1 else {}
    return {"learning_rate": learning_rate * k, **warm_up}


def require_epochs(schedules: Iterable[Schedule]) -> None:
    """Raise ValueError for a schedule that counts steps, of which an epoch has another number with other batches."""
    if any(isinstance(schedule, StepSchedule) for schedule in schedules):
        raise ValueError(
            "recipe.scaled: a schedule counts steps, of which an epoch has another number with other batches, expected "
            "schedules that count epochs: recipe.replace(schedule=EpochSchedule((20, 30)))"
        )
