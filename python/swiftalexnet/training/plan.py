"""What is known of a training run before its first step."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .._support.native_arguments import FLOAT32, Arithmetic
from ..recipes.recipe import Recipe
from .image_weights import UNWEIGHTED, ImageWeights

if TYPE_CHECKING:
    from ..data.dataset import Dataset


@dataclass(frozen=True)
class Plan:
    """The data and settings of a run.

    `shards`: in how many parts a batch is computed; None: as a whole. `wire` is how ranks send gradients.
    `towers`: two ranks have a tower of the network each.
    """

    train: "Dataset"
    validation: "Dataset | None"
    recipe: Recipe
    seed: int
    arithmetic: Arithmetic = FLOAT32
    weights: ImageWeights = UNWEIGHTED
    shards: int | None = None
    wire: str = "float32"
    towers: bool = False
