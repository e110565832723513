"""How MatConvNet prepares images, and the classes: the fields `meta`, or `normalization` and `classes` in old files."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...files.matlab.arrays import MatArray
from ...preprocessing.preprocessing import Preprocessing
from ..chain import Chain, Shape

_MOST_CLASSES = 100_000


def input_shape(network: dict[str, MatArray], place: str) -> Shape:
    """Return channels, height and width of the images that a network reads.

    Raises
    ------
    ValueError
        The file does not say.
    """
    found = _normalization(network, "imageSize")
    if found is None and (meta := network.get("meta")) is not None:
        found = meta.get("inputSize")
    if found is None or found.size < 2:
        raise ValueError(f"{place}: it does not say which images it reads: there is no normalization.imageSize")
    sizes = _numbers(found, 4)
    channels = int(sizes[2]) if len(sizes) > 2 else 3
    return channels, int(sizes[0]), int(sizes[1])


def preprocessing_of(network: dict[str, MatArray], chain: Chain, place: str) -> Preprocessing | None:
    """Return how images are prepared: resized with a border, cut, minus an image or a pixel."""
    channels, height, width = chain.input
    if height != width:
        chain.notes.append(f"images of {height} × {width} pixels are not prepared: hand in tensors")
        return None
    border = _numbers(found, 2) if (found := _normalization(network, "border")) is not None else np.zeros(1)
    if not 0 <= border[0] <= height:
        raise ValueError(f"{place}: the border is {border[0]:g} pixels, expected 0 to {height}")
    keeps_aspect = True if (keep := _normalization(network, "keepAspect")) is None else bool(_numbers(keep, 1)[0])
    filter_name = found.text if (found := _normalization(network, "interpolation")) is not None else "bilinear"
    if filter_name != "bilinear":
        chain.notes.append(f"images are resized bilinearly; the file says {filter_name}")
    resize = height + int(border[0])
    mean = _mean(_normalization(network, "averageImage"), (height, width, channels), resize, place)
    return Preprocessing(resize, height, mean, resample="bilinear", warp=not keeps_aspect)


def classes_of(network: dict[str, MatArray]) -> tuple[str, ...] | None:
    """Return the names of the outputs."""
    meta = network.get("meta")
    classes = meta.get("classes") if meta is not None else network.get("classes")
    description = classes.get("description") if classes is not None else None
    if description is None or not 0 < len(description.cells) <= _MOST_CLASSES:
        return None
    names = [cell.text for cell in description.cells]
    return None if None in names else tuple(str(name) for name in names)


def _mean(average: MatArray | None, shape: tuple[int, int, int], resize: int, place: str) -> NDArray[np.float32]:
    """Return the mean, one value a channel, or an image of `resize` × `resize` with the average image at its centre."""
    height, width, channels = shape
    if average is None:
        return np.zeros(channels, np.float32)
    if average.size == channels:
        return _numbers(average, channels).astype(np.float32)
    if average.size != height * width * channels:
        raise ValueError(f"{place}: averageImage is {average.dims}, expected {shape}")
    image = average.numbers(0, average.size).reshape(channels, width, height).transpose(2, 1, 0)
    before = (resize - height) // 2
    after = resize - height - before
    # The engine subtracts the centre of a mean image from every crop, so that its edges are never used.
    return np.pad(image, ((before, after), (before, after), (0, 0)), "edge").astype(np.float32)


def _normalization(network: dict[str, MatArray], name: str) -> MatArray | None:
    meta = network.get("meta")
    found = meta.get("normalization") if meta is not None else network.get("normalization")
    return found.get(name) if found is not None else None


def _numbers(array: MatArray, most: int) -> NDArray[Any]:
    """Return up to `most` numbers, finite and of a size that sizes and means have."""
    values = array.numbers(0, min(array.size, most)).astype(np.float64)
    if not len(values) or not (np.abs(values) < 1e6).all():
        raise ValueError(f"numbers {values} that describe images are not finite, or too large")
    return values
