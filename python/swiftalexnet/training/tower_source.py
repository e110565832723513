"""Images for a network whose two towers are trained on two ranks."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import _native
from .._support.native_arguments import AugmentationOptions, CropOptions, StepOptions
from ..data import loader
from ..data.dataset import Dataset
from ..distributed.tower import Tower
from ..evaluation.evaluate import Evaluation
from ..network.base import BaseModel
from .plan import Plan
from .source import ImageSource, Step

_NHWC = 1


class TowerSource(ImageSource):
    """The same batches on both ranks, each of which trains its tower.

    Both ranks read all images; if one cannot read one, they find that their batches differ and both stop.

    Parameters
    ----------
    model : BaseModel
        The whole network. It has the weights of the run only after `collect`, which a checkpoint needs and a validation
        calls; after it has been restored, the tower takes its part by `Tower.scatter`.
    plan : Plan
    tower : Tower
        Made of this model.
    """

    def __init__(self, model: BaseModel, plan: Plan, tower: Tower):
        super().__init__(model, plan)
        self._tower = tower

    def step(
        self, batch: loader.Batch, labels: NDArray[np.int32], epoch: int, options: StepOptions
    ) -> tuple[Step, tuple[Any, ...]]:
        """Return the step on augmented images."""
        _, arguments = super().step(batch, labels, epoch, options)
        return self._train, arguments

    def collect(self) -> None:
        """Write both towers' weights and velocities to the model, on both ranks."""
        self._tower.gather(self._model)

    def evaluate(self, validation: Dataset) -> Evaluation:
        """Measure the whole network, on both ranks."""
        self.collect()
        return super().evaluate(validation)

    def _train(
        self,
        images: NDArray[np.uint8],
        labels: NDArray[np.int32],
        crop: CropOptions,
        augmentation: AugmentationOptions,
        options: StepOptions,
    ) -> tuple[float, float]:
        """Take the step that the whole network would take on these images."""
        x = np.empty((len(images), crop.crop_height, crop.crop_width, images.shape[-1]), np.float32)
        _native.augment_images(images, crop, augmentation, options.seed, options.step, x)
        if self._model.preprocessing.whitening is not None:
            plain, x = x, np.empty_like(x)
            self._model.network.whiten(plain, x)
        return self._tower.step(x, _NHWC, labels, options)
