"""The beginning of a run, while all learning rates rise."""

from .recipe import Recipe
from .schedules import Moment


def warm_up_factor(recipe: Recipe, moment: Moment) -> float:
    """Return the factor on all rates in the step at `moment`, which the schedules' factors multiply.

    Gradual warm-up (Goyal et al. 2017, arXiv:1706.02677, section 2.2): the rate begins at `warmup_start` times the
    recipe's, rises by the same amount in every step, and reaches it after `warmup_epochs` epochs.
    """
    if not recipe.warmup_epochs:
        return 1.0
    steps = recipe.warmup_epochs * (moment.total_steps / recipe.epochs)
    if moment.step >= steps:
        return 1.0
    return recipe.warmup_start + (1 - recipe.warmup_start) * (moment.step / steps)
