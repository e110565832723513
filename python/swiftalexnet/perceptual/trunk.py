"""The features that are compared, at any size of image, and their gradient."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .. import _native
from ..network.base import BaseModel

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
    """

    _SHIFT, _SCALE = (-0.030, -0.088, -0.188), (0.458, 0.448, 0.450)

    def __init__(self, model: BaseModel, layers: Sequence[str], scaled: bool):
        self.model, self.layers = model, tuple(layers)
        shift, scale = (np.array(self._SHIFT), np.array(self._SCALE)) if scaled else (np.zeros(3), np.ones(3))
        self.factors = (1 / (127.5 * scale)).astype(np.float32)
        self._offsets = (-(1 + shift) / scale).astype(np.float32)
        self._nodes: list[str] = []

    def shapes(self, height: int, width: int) -> list[tuple[int, int, int]]:
        """Return (height, width, channels) of each layer for images of a size.

        Raises
        ------
        ValueError
            The images are too small; the message names the layer.
        """
        first, data, *nodes = self.model.spec.splitlines()
        text = "\n".join([first, f"data channels=3 height={height} width={width}", *nodes]) + "\n"
        try:
            lines = _native.spec_shapes(text).splitlines()
        except ValueError as error:
            raise ValueError(f"LPIPS: images of {height} × {width} pixels are too small: {error}") from None
        names = [node.split()[1] for node in nodes]
        sizes = [tuple(map(int, line.split())) for line in lines]
        found = {name: (down, across, channels) for name, (channels, down, across) in zip(names, sizes, strict=True)}
        return [found[layer] for layer in self.layers]

    def tensor(self, levels: NDArray[np.uint8] | Float32) -> Float32:
        """Return the network's input, NHWC, of grey levels [n, height, width, 3]."""
        count, height, width, _ = levels.shape
        # Rows of the image, because numpy is slow on arrays whose last axis is short.
        x: Float32 = np.multiply(levels.reshape(-1, width * 3), np.tile(self.factors, width), dtype=np.float32)
        x += np.tile(self._offsets, width)
        return x.reshape(count, height, width, 3)

    def features(self, levels: NDArray[np.uint8] | Float32) -> list[Float32]:
        """Return the outputs of the layers, NHWC."""
        outputs = self.model.activations(self.tensor(levels), list(self.layers), layout="NHWC")
        return [outputs[layer] for layer in self.layers]
