"""Augmentation of training images: random crops, mirroring, rotation, shifts, colour noise."""

from dataclasses import dataclass

import numpy as np

from .._support.arrays import as_integer
from .._support.native_arguments import AugmentationOptions
from .._support.numbers import check_number, make_plain
from .._support.shown import shown
from .color_components import ILSVRC, ColorComponents


@dataclass(frozen=True)
class Augmentation:
    """Random changes of training images; each image of each step has its own, which depend only on the seed.

    Parameters
    ----------
    crop : bool
        Take the crop anywhere in the resized square instead of at its centre.
    flip : bool
        Mirror the crop left to right with a probability of one half.
    color_noise : float
        Standard deviation of the coefficients of the colour shift along the principal components of RGB
        (Krizhevsky et al. 2012, section 4.1: 0.1); 0 is off. It is ignored by networks that do not read RGB.
    components : ColorComponents, optional
        The principal components, for example from `color_components(train)`; by default those of ILSVRC.
    color_divisor : float
        Divisor of an image with colour noise, applied after the mean is subtracted; 1 is off. The authors' code
        divides by 1.1 (computerhistory/AlexNet-Source-Code, convdata_jpeg.py).
    chunk : int
        Number of consecutive images of a batch that share one crop offset and one flip: 1 in the paper, 32 in the
        authors' own run. Colour noise, rotation and shift are drawn for each image.
    rotation : float
        Rotate about the crop's centre by an angle drawn uniformly from ± `rotation` degrees, 0 to 180, with bilinear
        interpolation.
    shift : int
        Move the crop vertically and horizontally by whole pixels drawn uniformly from ± `shift`; at most the crop's
        side.

    For `rotation` and `shift` the edge pixels of the decoded square are repeated beyond its border.

    Raises
    ------
    TypeError, ValueError
        A number out of its range.
    """

    crop: bool = True
    flip: bool = True
    color_noise: float = 0.0
    components: ColorComponents | None = None
    color_divisor: float = 1.0
    chunk: int = 1
    rotation: float = 0.0
    shift: int = 0

    def __post_init__(self) -> None:
        make_plain(self)
        for name in ("color_noise", "color_divisor", "rotation"):
            check_number(getattr(self, name), name, "Augmentation")
        if self.color_divisor < 1e-30:
            raise ValueError(f"Augmentation: color_divisor is {self.color_divisor}, expected a number above 0")
        if self.rotation > 180:
            raise ValueError(f"Augmentation: rotation is {self.rotation}, expected 0 to 180 degrees")
        as_integer(self.chunk, "chunk", "Augmentation", 1, 2**31 - 1)
        as_integer(self.shift, "shift", "Augmentation", 0, 2**15)
        if not isinstance(self.components, ColorComponents | None):
            raise TypeError(f"Augmentation: components is {shown(self.components)}, expected ColorComponents or None")

    def for_engine(self, channels: int) -> AugmentationOptions:
        """Return the options for the extension, for images with this number of channels."""
        moves = self.chunk, self.color_divisor, self.rotation, self.shift
        if channels == 3 and self.color_noise:
            components = ILSVRC if self.components is None else self.components
            vectors = np.array(components.eigenvectors, np.float32)
            deviations = np.array(components.deviations, np.float32)
            return AugmentationOptions(self.crop, self.flip, self.color_noise, vectors, deviations, *moves)
        return AugmentationOptions(self.crop, self.flip, 0.0, None, None, *moves)
