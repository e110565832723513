"""From a decoded picture to what a network reads: sizes, mean and scale, as a value that travels with the weights.

A picture is resized until its shorter side has `resize` pixels, and its centre square of that side is kept: this much
is done where pictures are decoded. The engine then cuts `crop` × `crop` pixels, subtracts the mean and multiplies by
the scale, all in one pass, and by the whitening matrix if there is one. Pixels are 0 … 255, channels in the order
R, G, B.
"""

from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _native
from ._arrays import as_integer, require_memory
from ._choices import choose, plain_text
from ._numbers import check_number
from ._shown import shown

RESAMPLERS = ("area", "bilinear", "opencv_bilinear", "box")  # see resampling.py
MEANS = ("image", "pixel")
MEAN_PLACES = ("center", "crop")  # by their number in the engine
# Values of a crop that can be whitened: 36 × 36 × 3 fit, and the matrix has 64 MiB at most.
MOST_WHITENED = 4096


class Geometry(NamedTuple):
    """What a data set must know to hand out decoded pictures: uint8 [size, size, channels].

    A picture is resized until its shorter side has `short` pixels (`size`, unless it is given), and `size` × `size`
    pixels are cut out of it. `place` says where: (across, down), 0 at the left and the top, 1 at the right and the
    bottom; offsets are whole pixels, and numbers spread evenly over 0 … 1 make all of them equally likely. With `warp`
    both sides are squeezed to `short`, whatever their proportion.
    """

    size: int
    channels: int
    resample: str
    short: int | None = None
    place: tuple[float, float] = (0.5, 0.5)
    warp: bool = False

    @property
    def side(self) -> int:
        """Shorter side of the resized picture."""
        return self.size if self.short is None else self.short


class Whole(NamedTuple):
    """A geometry without a square: the whole picture, its shorter side of `size` pixels, [height, width, channels]."""

    size: int
    channels: int
    resample: str
    whole: bool = True  # so that it is never equal to the Geometry of the same numbers

    @property
    def side(self) -> int:
        """Shorter side of the resized picture."""
        return self.size


def check_geometry(geometry: Any, operation: str) -> None:
    """Refuse what is neither a `Geometry` nor a `Whole`, or one whose numbers do not fit each other.

    Raises
    ------
    TypeError, ValueError
        See above.
    """
    if not isinstance(geometry, (Geometry, Whole)):
        raise TypeError(f"{operation}: geometry is of type {type(geometry).__name__}, expected a Geometry or a Whole")
    size = as_integer(geometry.size, "the geometry's size", operation, 1, 2**15)
    as_integer(geometry.side, "the geometry's shorter side", operation, size, 2**15)
    as_integer(geometry.channels, "the geometry's channels", operation, 1, 2**16)
    choose(operation, "resample", geometry.resample, RESAMPLERS)
    places = geometry.place if isinstance(geometry, Geometry) else (0, 0)
    if not isinstance(places, tuple) or len(places) != 2:
        raise TypeError(f"{operation}: the geometry's place is no pair of numbers")
    for place in places:
        check_number(place, "the geometry's place", operation)
        if place > 1:
            raise ValueError(f"{operation}: the geometry's place is {place}, expected 0 to 1")


@dataclass(frozen=True, eq=False)
class Preprocessing:
    """How pictures become the input of one network.

    Parameters
    ----------
    resize : int
        Side, in pixels, of the centre square that a picture is brought to.
    crop : int
        Side, in pixels, of what the network reads; at most `resize`.
    mean : array of float32
        What is subtracted: a value a channel, [channels], or a whole mean image, [resize, resize, channels].
    scale : array of float32, optional
        Factors after the mean, [channels].
    resample : {"area", "bilinear", "opencv_bilinear", "box"}
        "area" averages over a pixel's area when it shrinks and is bicubic when it enlarges (cuda-convnet2); "bilinear"
        is torchvision's, antialiased; "opencv_bilinear" is that of Caffe's tools, which is not; "box" averages whole
        pixels, and is what models of the first versions have.
    learn_mean : bool or {"image", "pixel"}
        The next `fit` replaces `mean` by the mean image of its training set (True or "image"), or by the mean of each
        channel over all its pixels ("pixel": Simonyan and Zisserman 2014, section 2).
    warp : bool
        Squeeze pictures to `resize` × `resize` without keeping their proportion, as Caffe's tools do, instead of
        keeping the centre square.
    whitening : array of float32, [n, n], optional
        A matrix by which every crop is multiplied after mean and scale, n = crop · crop · channels up to 4096, with
        the crop's values in the order rows, columns, channels.
    learn_whitening : float, optional
        The next `fit` replaces `whitening` by its training set's own: see `whitening.learn_whitening`, of which this
        is the regulariser ε, above 0, in squared units of the scaled pixels.
    mean_at : {"center", "crop"}
        The part of a mean image that a crop gets. "center": its centre, wherever the crop was taken and never mirrored,
        as the authors' code did. "crop": what lies under the crop, mirrored with it, so that every pixel loses its own
        mean (the 2012 paper's words; Caffe). Pictures of another size than the mean image (`scales` of evaluation) get
        the centre; a crop that is turned or shifted gets what lay under it before.

    Raises
    ------
    ValueError
        Sizes, shapes or values that do not fit each other.
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
        """Colour channels of a picture."""
        return int(self.mean.shape[-1])

    @property
    def geometry(self) -> Geometry:
        """What a data set decodes pictures to."""
        return Geometry(self.resize, self.channels, self.resample, warp=self.warp)

    def replace(self, **changes: Any) -> "Preprocessing":
        """Return a copy with some fields changed."""
        return replace(self, **changes)

    def with_pixel_mean(self) -> "Preprocessing":
        """Return a copy whose mean is a value a channel, and stays so: a mean image gives the means of its channels.

        For crops that do not come from the square that a mean image belongs to (`Recipe.scale`).
        """
        mean = self.mean if self.mean.ndim == 1 else self.mean.mean(axis=(0, 1), dtype=np.float64)
        return self.replace(mean=mean, learn_mean="pixel" if self.learn_mean else False)

    def for_engine(self) -> tuple[Any, ...]:
        """Return (crop_height, crop_width, mean, scale, mean_position) as the extension takes it."""
        return self.crop, self.crop, self.mean, self.scale, MEAN_PLACES.index(self.mean_at)

    def to_json(self) -> dict[str, Any]:
        """Return everything but the mean and the whitening matrix, which are stored as tensors."""
        scale = None if self.scale is None else [float(factor) for factor in self.scale]
        fields = {"resize": self.resize, "crop": self.crop, "resampling": self.resample}
        learned = {"learn_mean": self.learn_mean, "learn_whitening": self.learn_whitening}
        return {**fields, **learned, "warp": self.warp, "scale": scale, "mean_at": self.mean_at}

    @classmethod
    def from_json(
        cls, fields: dict[str, Any], mean: ArrayLike, whitening: NDArray[np.float32] | None = None
    ) -> "Preprocessing":
        """Rebuild from `to_json`, the mean and the whitening matrix; what an older version left out is the default.

        Older versions wrote "resample", and averaged whole pixels where it said "area": such models keep their pixels.
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


def default_preprocessing(variant: str | None, size: int, channels: int) -> Preprocessing:
    """Return what a variant's authors did, for a network that reads `size` × `size` pixels, from the engine's table.

    Sizes other than the authors' own keep their proportion of picture to crop.
    """
    text = _native.variant_preprocessing(plain_text(variant or ""), size, channels)
    words = dict(word.split("=", 1) for word in text.split())
    learned: dict[str, bool | str] = {"none": False, "image": True, "pixel": "pixel"}

    def numbers(name: str) -> NDArray[np.float32]:
        return np.resize(np.array(words[name].split(","), np.float32), channels)

    return Preprocessing(
        int(words["resize"]),
        int(words["crop"]),
        numbers("mean"),
        numbers("scale") if "scale" in words else None,
        words["resample"],
        learned[words["learn_mean"]],
        words["warp"] == "1",
        mean_at=words["mean_at"],
    )


def _constant(values: ArrayLike, name: str) -> NDArray[np.float32]:
    if isinstance(values, np.ndarray):
        require_memory(values.shape, 4, f"Preprocessing: {name}")
    try:
        array = np.array(values, np.float32)
    except (OverflowError, TypeError, ValueError):
        raise TypeError(f"Preprocessing: {name} is {shown(values)}, expected numbers") from None
    if not np.isfinite(array).all():
        raise ValueError(f"Preprocessing: {name} holds values that are not finite")
    array.flags.writeable = False
    return array


def _numbers(values: NDArray[np.float32]) -> str:
    return "(" + ", ".join(f"{value:.4g}" for value in values) + ")"
