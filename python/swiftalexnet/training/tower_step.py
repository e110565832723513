"""A step of a run by two ranks, each of which has a tower of the network."""

import numpy as np

from .. import _native
from ..distributed.team import Team
from ..distributed.tower import Tower
from ..network.base import BaseModel
from .whole_step import Outcomes, WholeStep, Work

_NHWC = 1


class TowerStep(WholeStep):
    """A step by both towers, on the same whole batch.

    Both ranks read all images; if one cannot read one, they find that their batches differ, and both stop.

    Parameters
    ----------
    model : BaseModel
        The whole network, from which the first step takes the towers' weights. It has those of the run only after
        `collect`, which validation, callers and a checkpoint need.
    team : Team
        Of two ranks.
    """

    def __init__(self, model: BaseModel, team: Team):
        self._model, self._team = model, team
        self._tower: Tower | None = None
        self._collected = True

    def train(self, work: Work, outcomes: Outcomes) -> None:
        """Train on a batch of images, and append (mean loss, top-1 error in percent) to `outcomes`."""
        options = work.options
        _, (images, labels, crop, augmentation, _) = work.source.step(work.batch, work.labels, work.epoch, options)
        x = np.empty((len(images), crop.crop_height, crop.crop_width, images.shape[-1]), np.float32)
        _native.augment_images(images, crop, augmentation, options.seed, options.step, x)
        if self._model.preprocessing.whitening is not None:
            plain, x = x, np.empty_like(x)
            self._model.network.whiten(plain, x)
        if self._tower is None:
            self._model.note_training()  # a run has velocities from the beginning, and a checkpoint others than zero
            self._tower = Tower(self._model, self._team)
        self._team.doing("training its tower")
        with self._team.uninterrupted():
            outcomes.append(self._tower.step(x, _NHWC, labels, options))
            self._collected = False
        self._team.doing("reading images")

    def collect(self) -> None:
        """Write both towers' weights and velocities to the model, on both ranks, if a step has changed them."""
        if self._tower is not None and not self._collected:
            self._tower.gather(self._model)
            self._collected = True
