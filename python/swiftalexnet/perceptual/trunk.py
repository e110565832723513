"""The features that are compared, at any size of image, and their gradient."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..network.base import BaseModel
from ..network.derivatives import Linearization

Float32 = NDArray[np.float32]


class Trunk:
    """The convolutional part of a network, with the preprocessing that belongs to LPIPS and not to the network.

    Grey levels 0 … 255 become p = level / 127.5 - 1; version 0.1 subtracts shift and divides by scale, which version
    0.0 forgot (lpips/lpips.py, ScalingLayer).

    Parameters
    ----------
    model : Model
        It ends with the last of `layers`.
    layers : sequence of str
    scaled : bool
        Whether p is shifted and scaled.
    fast_math : bool
        See `LPIPS`.
    """

    _SHIFT, _SCALE = (-0.030, -0.088, -0.188), (0.458, 0.448, 0.450)

    def __init__(self, model: BaseModel, layers: Sequence[str], scaled: bool, fast_math: bool):
        self.model, self.layers, self._fast_math = model, tuple(layers), fast_math
        shift, scale = (np.array(self._SHIFT), np.array(self._SCALE)) if scaled else (np.zeros(3), np.ones(3))
        self._factors = (1 / (127.5 * scale)).astype(np.float32)
        self._offsets = (-(1 + shift) / scale).astype(np.float32)

    def shapes(self, height: int, width: int) -> list[tuple[int, int, int]]:
        """Return (height, width, channels) of each layer for images of a size.

        Raises
        ------
        ValueError
            The images are too small for the network.
        """
        try:
            found = [self.model.network.output_shape(layer, height, width) for layer in self.layers]
        except ValueError as error:
            raise ValueError(f"LPIPS: images of {height} × {width} pixels are too small: {error}") from None
        return [(down, across, channels) for channels, down, across in found]

    def tensor(self, levels: NDArray[np.uint8] | Float32) -> Float32:
        """Return the network's input, NHWC, of grey levels [n, height, width, 3]."""
        count, height, width, _ = levels.shape
        # Rows of the image, because numpy is slow on arrays whose last axis is short.
        x: Float32 = np.multiply(levels.reshape(-1, width * 3), np.tile(self._factors, width), dtype=np.float32)
        x += np.tile(self._offsets, width)
        return x.reshape(count, height, width, 3)

    def features(self, levels: NDArray[np.uint8] | Float32) -> list[Float32]:
        """Return the outputs of the layers, NHWC."""
        x = self.tensor(levels)
        return self._maps(self.model.activations(x, self.layers, layout="NHWC", fast_math=self._fast_math), levels)

    def linearize(self, levels: NDArray[np.uint8] | Float32) -> tuple[list[Float32], Linearization]:
        """Return the outputs of the layers, NHWC, and the pass that made them."""
        kept = self.model.linearize(self.tensor(levels), self.layers, layout="NHWC")
        return self._maps(kept.activations, levels), kept

    def gradient(self, kept: Linearization, slopes: Sequence[Float32]) -> Float32:
        """Return the gradient with respect to levels, [n, height, width, 3], of those with respect to the layers."""
        given = dict(zip(self.layers, slopes, strict=True))
        cotangents = {layer: slope.reshape(kept.activations[layer].shape) for layer, slope in given.items()}
        (gradient,) = kept.vjp(cotangents).values()
        return gradient * self._factors

    def _maps(self, outputs: dict[str, Float32], levels: NDArray[Any]) -> list[Float32]:
        """Return outputs in the order of the layers; maps of one pixel, which come as vectors, as maps."""
        shapes = self.shapes(*levels.shape[1:3])
        return [outputs[layer].reshape(-1, *shape) for layer, shape in zip(self.layers, shapes, strict=True)]
