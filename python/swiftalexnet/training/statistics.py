"""The preprocessing that a run begins with: the model's, with the recipe's changes and its images' statistics."""

from functools import partial

import numpy as np
from numpy.typing import NDArray

from ..data.dataset import Dataset
from ..distributed.team import Team
from ..network.base import BaseModel
from ..preprocessing.preprocessing import Preprocessing
from ..recipes.recipe import Recipe
from ..statistics.mean_image import learn_mean
from ..statistics.whitening import learn_whitening


def learned_preprocessing(
    model: BaseModel, train: Dataset, recipe: Recipe, progress: bool, team: Team
) -> Preprocessing:
    """Return the model's preprocessing with the recipe's changes and the statistics of the training set.

    The ranks of a team share the images of the mean; a whitening matrix, whose bits depend on the order of its sums,
    is rank 0's.
    """
    preprocessing = model.preprocessing
    if recipe.scale is not None:
        # Simonyan and Zisserman 2014, section 3.2: Q = S for a fixed S, and the middle of a range.
        preprocessing = preprocessing.with_pixel_mean().replace(resize=sum(recipe.scale) // 2)
    if preprocessing.learn_mean:
        note = partial(team.doing, "reading images for their mean", for_all=True, repeats=True)
        note()
        preprocessing = learn_mean(preprocessing, train, progress, (team.rank, team.size), team.total, note)
    if preprocessing.learn_whitening is not None:
        preprocessing = _whitening_of_rank_0(preprocessing, train, progress, team)
    return preprocessing


def _whitening_of_rank_0(preprocessing: Preprocessing, train: Dataset, progress: bool, team: Team) -> Preprocessing:
    data = b""
    if team.leads:
        team.doing("computing the whitening matrix", for_all=True)
        preprocessing = learn_whitening(preprocessing, train, progress)
        data = _matrix(preprocessing).tobytes()
    came = team.gather(data)[0]
    if team.leads:
        return preprocessing
    values = np.frombuffer(came, np.float32)
    size = round(len(values) ** 0.5)
    return preprocessing.replace(whitening=values.reshape(size, size), learn_whitening=None)


def _matrix(preprocessing: Preprocessing) -> NDArray[np.float32]:
    assert preprocessing.whitening is not None  # as it has been learnt
    return np.ascontiguousarray(preprocessing.whitening)
