"""What is known of a training run before its first step."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..recipes.recipe import Recipe
from .image_weights import UNWEIGHTED, ImageWeights

if TYPE_CHECKING:
    from ..data.dataset import Dataset


@dataclass(frozen=True)
class Plan:
    """The data and settings of a run."""

    train: "Dataset"
    validation: "Dataset | None"
    recipe: Recipe
    seed: int
    precision: int = 0  # its place in PRECISIONS
    weights: ImageWeights = UNWEIGHTED
