"""How distances are computed: features in batches of bounded memory, compared layer by layer."""

import math
from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from .. import _native, ops
from .._support.arrays import as_output
from ..errors import NonFiniteError
from ..images.enlarging import enlarged
from .inputs import Levels, Size, batches_of
from .trunk import Trunk

Float32 = NDArray[np.float32]

_AT_ONCE = 128 << 20  # bytes of the features that are computed together; at least those of one pair
_KEPT = 8  # a pass that keeps what its gradient needs takes several times as much
_NHWC = 1


class Measure:
    """Compares features.

    Parameters
    ----------
    trunk : Trunk
    heads : sequence of array, [channels]
        The weights of each layer.
    """

    def __init__(self, trunk: Trunk, heads: Sequence[Float32]):
        self._trunk, self._heads = trunk, heads

    def compare(
        self, left: Levels, right: Levels, sizes: list[Size], spatial: bool
    ) -> tuple[Float32, Float32, list[Float32] | None]:
        """Return distances [n], what each layer contributes [n, layers], and maps."""
        parts, maps = np.empty((len(sizes), len(self._heads)), np.float32), []
        batches = self._batches(sizes, 2)
        for batch, *features in zip(batches, self._side(left, batches), self._side(right, batches), strict=True):
            total = np.zeros((len(batch), *sizes[batch[0]]), np.float32) if spatial else None
            for layer, (x, y, weights) in enumerate(zip(*features, self._heads, strict=True)):
                means, per_pixel = np.empty(len(batch), np.float32), np.empty(x.shape[:3], np.float32)
                _native.perceptual_distance(x, y, weights, _NHWC, per_pixel, means)
                parts[batch, layer] = means
                if total is not None:
                    total += enlarged(per_pixel, total.shape[1:])
            maps += [] if total is None else list(total)
        values = parts.sum(axis=1, dtype=np.float64).astype(np.float32)
        require_finite(values, "the distance of pair")
        return values, parts, maps if spatial else None

    def gradients(self, left: Levels, right: Levels, sizes: list[Size]) -> tuple[Float32, list[Float32]]:
        """Return distances [n], and the gradient of each with respect to the levels of its left image."""
        values, gradients = np.empty(len(sizes), np.float32), []
        batches = self._batches(sizes, _KEPT)
        for batch, levels, second in zip(batches, left.read(batches), self._side(right, batches), strict=True):
            first, kept = self._trunk.linearize(levels)
            total, slopes = np.zeros(len(batch)), []
            ones = np.ones(len(batch), np.float32)
            for x, y, weights in zip(first, second, self._heads, strict=True):
                total += ops.perceptual_distance(x, y, weights, layout="NHWC")
                slopes.append(ops.perceptual_distance_backward(ones, x, y, weights, layout="NHWC"))
            values[batch] = total
            gradients += list(self._trunk.gradient(kept, slopes))
        require_finite(values, "the distance of pair")
        return values, gradients

    def length(self, size: Size) -> int:
        """Return the length of the vector of an image."""
        return sum(map(math.prod, self._trunk.shapes(*size)))

    def embed(
        self, levels: Levels, chosen: NDArray[np.intp], advance: Callable[[int], None] = lambda _: None
    ) -> Float32:
        """Return the vectors of some images, all of one size; `advance` is called with the number of each batch."""
        size = levels.one_size()
        result = as_output(None, (len(chosen), self.length(size)), "LPIPS.embed")
        batches = [chosen[batch] for batch in self._batches([size] * len(chosen), 2)]
        done = 0
        for features in map(self._trunk.features, levels.read(batches)):
            start, count = 0, len(features[0])
            for x, weights in zip(features, self._heads, strict=True):
                # A distance is a mean over the layer's pixels.
                shares = weights / np.float32(x.shape[1] * x.shape[2])
                vectors = ops.perceptual_embedding(x, shares, layout="NHWC").reshape(count, -1)
                result[done : done + count, start : start + vectors.shape[1]] = vectors
                start += vectors.shape[1]
            done += count
            advance(count)
        return result

    def _batches(self, sizes: Sequence[Size], copies: int) -> list[NDArray[np.intp]]:
        """Cut images into batches of one size whose features, so many times over, fit into `_AT_ONCE`."""
        most = {size: max(1, _AT_ONCE // (4 * copies * self.length(size))) for size in set(sizes)}
        return batches_of(sizes, most)

    def _side(self, levels: Levels, batches: list[NDArray[np.intp]]) -> Iterator[list[Float32]]:
        """Yield the features of each batch; those of a single image are computed once."""
        if len(levels) > 1:
            yield from map(self._trunk.features, levels.read(batches))
            return
        (image,) = levels.read([np.zeros(1, np.intp)])
        features = self._trunk.features(image)
        for batch in batches:
            yield [np.repeat(each, len(batch), axis=0) for each in features]


def require_finite(values: Float32, what: str) -> None:
    """Raise NonFiniteError if one of some numbers is infinite or NaN; the message has its index."""
    if not np.isfinite(values).all():
        at = int(np.isfinite(values).argmin())
        raise NonFiniteError(f"LPIPS: {what} {at} is not finite, because features of its images are not")
