"""A step of a run by two ranks, each of which has a tower of the network."""

import numpy as np
from numpy.typing import NDArray

from .. import _native
from .._support.native_arguments import StepOptions
from ..distributed.team import Team
from ..distributed.tower import Tower
from ..network.base import BaseModel
from .portion import Portion
from .source import Batch, Source
from .whole_step import Counted, Outcomes, WholeStep

_NHWC = 1


class TowerStep(WholeStep):
    """A step by both towers, on the same whole batch.

    Both ranks read all images; if one cannot read one, they find that their batches differ, and both stop.

    Parameters
    ----------
    model : BaseModel
        The whole network. It has the weights of the run only after `collect`, which validation and a checkpoint need;
        `Tower.scatter` is the way back, after it has been restored from one.
    tower : Tower
        Made of this model.
    team : Team
    """

    def __init__(self, model: BaseModel, tower: Tower, team: Team):
        self._model, self._tower, self._team = model, tower, team

    def train(
        self,
        source: Source,
        batch: Batch,
        labels: NDArray[np.int32],
        epoch: int,
        options: StepOptions,
        portion: Portion,
        counted: Counted,
        outcomes: Outcomes,
    ) -> None:
        """Train on a batch of images, and append (mean loss, top-1 error in percent) to `outcomes`."""
        _, (images, labels, crop, augmentation, _) = source.step(batch, labels, epoch, options)
        x = np.empty((len(images), crop.crop_height, crop.crop_width, images.shape[-1]), np.float32)
        _native.augment_images(images, crop, augmentation, options.seed, options.step, x)
        if self._model.preprocessing.whitening is not None:
            plain, x = x, np.empty_like(x)
            self._model.network.whiten(plain, x)
        with self._team.uninterrupted():
            outcomes.append(self._tower.step(x, _NHWC, labels, options))

    def collect(self) -> None:
        """Write both towers' weights and velocities to the model, on both ranks."""
        self._tower.gather(self._model)
