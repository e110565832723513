"""What training does to pictures on top of preprocessing: random crops, mirroring, colour noise."""

from dataclasses import dataclass
from typing import Any

import numpy as np

# Principal components of the RGB values of ILSVRC, 0 … 255: cuda-convnet2, make-data/input_meta, `color_pca`.
EIGENVECTORS = np.array(
    (
        (-0.56351045, -0.57618440, -0.59200296),
        (-0.71257945, -0.02354167, 0.70119634),
        (0.41795513, -0.81698062, 0.39731118),
    ),
    np.float32,
)
DEVIATIONS = np.array((121.78006099, 37.09388853, 19.72083305), np.float32)  # square roots of the eigenvalues


@dataclass(frozen=True)
class Augmentation:
    """How training images vary; every draw belongs to one image of one step and depends on the seed alone.

    Parameters
    ----------
    crop : bool
        Take the crop anywhere in the resized square; otherwise at its centre.
    flip : bool
        Mirror left and right with probability one half.
    color_noise : float
        Standard deviation of the coefficients of the colour shift along the principal components of RGB
        (Krizhevsky et al. 2012, section 4.1: 0.1); 0 is off. Networks that do not read RGB train without it.
    """

    crop: bool = True
    flip: bool = True
    color_noise: float = 0.0

    def for_engine(self, channels: int) -> tuple[Any, ...]:
        """Return (random_crop, flip, color_noise, eigenvectors, deviations) as the extension takes it."""
        if channels == 3 and self.color_noise:
            return self.crop, self.flip, self.color_noise, EIGENVECTORS, DEVIATIONS
        return self.crop, self.flip, 0.0, None, None
