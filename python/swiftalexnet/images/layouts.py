"""Find the channel axis of an image array from its shape; refuse ambiguous shapes.

An axis can be the channels if the network can read that many: 1 or 3 if it reads 1 or 3, otherwise as many as it reads.
Channels come last (NHWC) unless the caller gives NCHW. An ambiguous layout is never guessed.
"""

from typing import Any

from numpy.typing import NDArray

from .._support.arrays import LAYOUTS
from .._support.choices import choose

_WHICH = "give layout='NCHW' if the channels come first, layout='NHWC' if they come last"


def as_layout(layout: str | None, operation: str) -> str | None:
    """Return a checked layout, or None if none was given."""
    return None if layout is None else choose(operation, "layout", layout, LAYOUTS)


def channel_axis(shape: tuple[int, ...], layout: str | None, channels: int, operation: str) -> int | None:
    """Return the channel axis of one image or a batch, −1 or −3; None for grey images without one.

    Raises
    ------
    ValueError
        A batch has no such axis; or, without `layout`, both axes are possible; or the first of three axes is possible,
        so that it is one image in NCHW or several grey ones.
    """
    if len(shape) == 2:
        return None
    colors, axis = _readable(channels), -3 if layout == "NCHW" else -1
    first, last = shape[-3] in colors, shape[-1] in colors
    if layout is None and first and (last or len(shape) == 4):
        raise ValueError(f"{operation}: images have shape {shape}: {_WHICH}")
    if shape[axis] in colors:
        return axis
    if len(shape) == 4:
        raise ValueError(
            f"{operation}: images have {shape[axis]} channels in {layout or 'NHWC'}, expected {channels}: shape {shape}"
        )
    if first and shape[0] != 1:  # one grey image is the same either way
        raise ValueError(
            f"{operation}: images have shape {shape}: give layout='NCHW' if this is one image with channels first; "
            f"{shape[0]} grey images are [{shape[0]}, height, width, 1]"
        )
    return None


def channels_last(images: NDArray[Any], layout: str | None, operation: str) -> NDArray[Any]:
    """Return a batch of images for any network with its channels last.

    Raises
    ------
    ValueError
        Without `layout`, an order that is not NHWC; `require_clear` checks the rest once the network is known.
    """
    if images.ndim != 4:
        return images
    if layout is None and images.shape[1] in (1, 3) and min(images.shape[2:]) > 4:
        raise ValueError(f"{operation}: images have shape {images.shape}: {_WHICH}")
    return images.transpose(0, 2, 3, 1) if layout == "NCHW" else images


def require_clear(shape: tuple[int, ...], channels: int, operation: str) -> None:
    """Refuse a batch without a given layout, taken as NHWC, that could be NCHW for this number of channels."""
    if shape[1] in _readable(channels):
        raise ValueError(f"{operation}: images have shape {shape}: {_WHICH}")


def _readable(channels: int) -> tuple[int, ...]:
    return (1, 3) if channels in (1, 3) else (channels,)
