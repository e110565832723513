"""From a decoded image to the input of a network: sizes, mean and scale, saved with the weights.

When an image is decoded, its shorter side is resized to `resize` pixels and its centre square of that side is kept.
The engine then cuts `crop` × `crop` pixels, subtracts the mean and multiplies by the scale, all in one pass, and
multiplies by the whitening matrix if there is one. Pixels are 0 … 255, channels in the order R, G, B.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._support.arrays import as_finite, as_integer
from .._support.choices import choose
from .._support.native_arguments import CropOptions
from .._support.numbers import check_number
from .._support.shown import shown
from ..images.geometry import RESAMPLERS, Geometry

MEANS = ("image", "pixel")
MEAN_PLACES = ("center", "crop")  # by their number in the engine
# Most values of a crop that can be whitened: 36 × 36 × 3 fit, and the matrix has at most 64 MiB.
MOST_WHITENED = 4096


@dataclass(frozen=True, eq=False)
class Preprocessing:
    """How images become the input of one network.

    Parameters
    ----------
    resize : int
        Side of the resized centre square in pixels.
    crop : int
        Side of the network's input in pixels; at most `resize`.
    mean : array of float32
        Subtracted from the image: one value per channel, [channels], or a mean image, [resize, resize, channels].
    scale : array of float32, optional
        Factors after the mean is subtracted, [channels].
    resample : {"area", "bilinear", "opencv_bilinear", "box"}
        "area" averages over a pixel's area to shrink and is bicubic to enlarge (cuda-convnet2); "bilinear" is
        torchvision's, antialiased; "opencv_bilinear" is that of Caffe's tools, not antialiased; "box" averages whole
        pixels, and is used by models of the first versions.
    learn_mean : bool or {"image", "pixel"}
        The next `fit` replaces `mean` with the mean image of its training set (True or "image"), or with the mean of
        each channel over all pixels ("pixel": Simonyan and Zisserman 2014, section 2).
    warp : bool
        Squeeze images to `resize` × `resize` without keeping their proportions, as Caffe's tools do, instead of taking
        the centre square.
    whitening : array of float32, [n, n], optional
        A matrix that multiplies every crop after mean and scale, n = crop · crop · channels up to 4096; the values of
        the crop are ordered by rows, columns, channels.
    learn_whitening : float, optional
        The next `fit` replaces `whitening` with the matrix of its training set: see `whitening.learn_whitening`. The
        value is the regulariser ε, above 0, in squared units of the scaled pixels.
    mean_at : {"center", "crop"}
        The part of a mean image that is subtracted from a crop. "center": its centre, wherever the crop is taken and
        never mirrored, as in the authors' code. "crop": the same part as the crop, mirrored with it, so that the mean
        of each pixel is subtracted (as in the 2012 paper's text and in Caffe). Images whose size is not the mean
        image's (`scales` of evaluation) use the centre; a rotated or shifted crop uses the part before the movement.

    Raises
    ------
    ValueError
        Sizes, shapes or values are inconsistent.
    """

    resize: int
    crop: int
    mean: NDArray[np.float32]
    scale: NDArray[np.float32] | None = None
    resample: str = "area"
    learn_mean: bool | str = False
    warp: bool = False
    whitening: NDArray[np.float32] | None = None
    learn_whitening: float | None = None
    mean_at: str = "center"

    def __post_init__(self) -> None:
        as_integer(self.crop, "crop", "Preprocessing", 1, 2**15)
        as_integer(self.resize, "resize", "Preprocessing", self.crop, 2**15)
        choose("Preprocessing", "resample", self.resample, RESAMPLERS)
        choose("Preprocessing", "mean_at", self.mean_at, MEAN_PLACES)
        object.__setattr__(self, "mean", _constant(self.mean, "mean"))
        channels = self.mean.shape[-1] if self.mean.ndim else 0
        if self.mean.shape not in ((channels,), (self.resize, self.resize, channels)) or not channels:
            image = (self.resize, self.resize, "channels")
            raise ValueError(f"Preprocessing: mean has shape {self.mean.shape}, expected (channels,) or {image}")
        if self.scale is not None:
            object.__setattr__(self, "scale", _constant(self.scale, "scale"))
            if self.scale.shape != (channels,) or not self.scale.all():
                raise ValueError(f"Preprocessing: scale is {self.scale}, expected {channels} factors other than 0")
        if not isinstance(self.learn_mean, bool):
            choose("Preprocessing", "learn_mean", self.learn_mean, MEANS)
        if not isinstance(self.warp, bool):
            raise TypeError(f"Preprocessing: warp is {shown(self.warp)}, expected True or False")
        self._check_whitening()

    def _check_whitening(self) -> None:
        values = self.crop**2 * self.channels
        if self.learn_whitening is not None:
            check_number(self.learn_whitening, "learn_whitening", "Preprocessing")
            if self.learn_whitening == 0:
                raise ValueError("Preprocessing: learn_whitening is 0, expected a number above 0")
        elif self.whitening is None:
            return
        if values > MOST_WHITENED:
            crop = f"{self.crop} × {self.crop} × {self.channels} = {values}"
            raise ValueError(f"Preprocessing: whitening of {crop} values, expected at most {MOST_WHITENED}")
        if self.whitening is not None:
            object.__setattr__(self, "whitening", _constant(self.whitening, "whitening"))
            if self.whitening.shape != (values, values):
                expected = f"{(values, values)}: crop · crop · channels"
                raise ValueError(f"Preprocessing: whitening has shape {self.whitening.shape}, expected {expected}")

    @property
    def channels(self) -> int:
        """Number of colour channels of an image."""
        return int(self.mean.shape[-1])

    @property
    def geometry(self) -> Geometry:
        """The geometry that a data set decodes images to."""
        return Geometry(self.resize, self.channels, self.resample, warp=self.warp)

    def replace(self, **changes: Any) -> "Preprocessing":
        """Return a copy with some fields changed."""
        return replace(self, **changes)

    def with_pixel_mean(self) -> "Preprocessing":
        """Return a copy whose mean, now and after `fit`, has one value per channel; a mean image is averaged.

        For crops that are not cut from the square of a mean image (`Recipe.scale`).
        """
        mean = self.mean if self.mean.ndim == 1 else self.mean.mean(axis=(0, 1), dtype=np.float64)
        return self.replace(mean=mean, learn_mean="pixel" if self.learn_mean else False)

    def for_engine(self) -> CropOptions:
        """Return the options for the extension."""
        return CropOptions(self.crop, self.crop, self.mean, self.scale, MEAN_PLACES.index(self.mean_at))

    def to_json(self) -> dict[str, Any]:
        """Return everything except the mean and the whitening matrix, which are stored as tensors."""
        scale = None if self.scale is None else [float(factor) for factor in self.scale]
        fields = {"resize": self.resize, "crop": self.crop, "resampling": self.resample}
        learned = {"learn_mean": self.learn_mean, "learn_whitening": self.learn_whitening}
        return {**fields, **learned, "warp": self.warp, "scale": scale, "mean_at": self.mean_at}

    @classmethod
    def from_json(
        cls, fields: dict[str, Any], mean: ArrayLike, whitening: NDArray[np.float32] | None = None
    ) -> "Preprocessing":
        """Rebuild from `to_json`, the mean and the whitening matrix; fields missing in older files get defaults.

        Older versions wrote "resample", and "area" then meant averages of whole pixels: such models keep their pixels.
        """
        fields = dict(fields)
        if "resampling" in fields:
            resample = fields.pop("resampling")
        else:
            resample = fields.pop("resample", "area")
            resample = "box" if resample == "area" else resample
        return cls(mean=np.asarray(mean), whitening=whitening, resample=resample, **fields)

    def __repr__(self) -> str:
        mean = f"a mean image at the {self.mean_at}" if self.mean.ndim == 3 else f"mean {_numbers(self.mean)}"
        scale = "" if self.scale is None else f", scale {_numbers(self.scale)}"
        later = " until fit learns it" if self.learn_mean else ""
        how = f"{self.resample}, warped" if self.warp else self.resample
        white = ", whitened" if self.whitening is not None else ""
        white += ", to be whitened by fit" if self.learn_whitening is not None else ""
        return f"<resize {self.resize} ({how}), crop {self.crop}, {mean}{later}{scale}{white}>"


def _constant(values: ArrayLike, name: str) -> NDArray[np.float32]:
    array = as_finite(values, np.float32, name, "Preprocessing")
    array.flags.writeable = False
    return array


def _numbers(values: NDArray[np.float32]) -> str:
    return "(" + ", ".join(f"{value:.4g}" for value in values) + ")"
