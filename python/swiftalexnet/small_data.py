"""What to train on a few photographs: network, image size, initial weights and recipe, by the number of images.

docs/small_data.md has the settings that were tried and their results.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ._support.arrays import as_integer
from .architectures import build
from .data.checks import snapshot
from .preprocessing.defaults import default_preprocessing
from .recipes.recipe import Recipe
from .recipes.schedules import EpochSchedule
from .recipes.table import recipe

if TYPE_CHECKING:
    from .data.dataset import Dataset
    from .model import Model


class _Plan(NamedTuple):
    """The settings for fewer than `images` images; larger ones did not repay their time."""

    images: float
    image_size: int
    steps: int


_PLANS = (_Plan(1000, 32, 1650), _Plan(float("inf"), 48, 3000))
_LEAST_EPOCHS, _MOST_EPOCHS = 10, 200
_AT_FULL_RATE = 0.8  # of the epochs, as in the recipe
_MARGIN = 9 / 8  # side of the decoded image over side of the crop, as 256 to 224
# 1 / deviation of photographs' pixels: the mean of torchvision's, which are for a channel each.
_SCALE = 1 / np.mean(1 / np.asarray(default_preprocessing("owt", 224, 3).scale, np.float64))


@dataclass(frozen=True)
class Suggestion:
    """How to train on a data set; made by `suggest`.

    Parameters
    ----------
    variant : str
        The network's name: see `swiftalexnet.variants`.
    image_size : int
        Side of the network's input in pixels.
    initialization : str
        How its initial weights are drawn.
    recipe : Recipe
        For `fit`.
    """

    variant: str
    image_size: int
    initialization: str
    recipe: Recipe

    def build(self, num_classes: int, in_channels: int = 3, seed: int = 0) -> "Model":
        """Return the untrained network.

        Its preprocessing squeezes the whole image to a square, so that no part of a tall photograph is lost, and scales
        pixels to a standard deviation near 1, which Glorot's weights expect.

        Parameters
        ----------
        num_classes : int
        in_channels : int
            3 for RGB, 1 for grey.
        seed : int
            Seed of the initial weights.

        Raises
        ------
        TypeError, ValueError, MemoryError
            See `swiftalexnet.alexnet`.
        """
        model = build(self.variant, num_classes, in_channels, self.image_size, seed, self.initialization)
        scale = np.full(model.input_shape[0], _SCALE, np.float32)
        resize = round(_MARGIN * self.image_size)
        model.preprocessing = model.preprocessing.replace(resize=resize, warp=True, scale=scale)
        return model


def suggest(train: "Dataset", image_size: int | None = None, epochs: int | None = None) -> Suggestion:
    """Suggest how to train on a few hundred to a few thousand images in a few minutes on two processor cores.

    The network is one of cuda-convnet's small ones, not AlexNet: with so few images it is better and far quicker. The
    fewer the images, the smaller the input and the more epochs. No image is decoded; only their number counts.

    Parameters
    ----------
    train : Dataset
        The training images.
    image_size, epochs : int, optional
        Replace the suggested ones.

    Returns
    -------
    Suggestion

    Raises
    ------
    TypeError, ValueError
        Not a data set, one without images, or numbers out of range.

    Examples
    --------
    >>> train, held_out = sa.ImageFolder("photos", cache=True).split()
    >>> suggestion = sa.suggest(train)
    >>> model = suggestion.build(len(train.classes))
    >>> history = model.fit(train, held_out, recipe=suggestion.recipe)
    """
    images = len(snapshot(train, "suggest"))
    plan = next(each for each in _PLANS if images < each.images)
    chosen = recipe("small")
    steps_an_epoch = -(-images // chosen.batch_size)
    if epochs is None:
        epochs = min(max(round(plan.steps / steps_an_epoch), _LEAST_EPOCHS), _MOST_EPOCHS)
    epochs = as_integer(epochs, "epochs", "suggest", 0, 2**31 - 1)
    side = plan.image_size if image_size is None else as_integer(image_size, "image_size", "suggest", 1, 2**15)
    schedule = EpochSchedule([max(1, round(_AT_FULL_RATE * epochs))])
    return Suggestion("cifar-conv-local-13pct", side, "glorot", chosen.replace(epochs=epochs, schedule=schedule))
