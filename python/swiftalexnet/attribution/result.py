"""What a method of attribution returns."""

import base64
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .._support.arrays import as_index
from .._support.tables import html_table
from ..images.enlarging import enlarged

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Float32 = NDArray[np.float32]

_SHOWN = 16  # images in a notebook


@dataclass(frozen=True, eq=False)
class Attribution:
    """Values for the pixels of images, or for the positions of a layer's maps.

    It has the length of its images and can be indexed and sliced like them; `numpy.asarray` gives its values.

    Attributes
    ----------
    method : str
        The function's name.
    values : array of float32
        [count, channels, height, width] of the network's input, or maps [count, height, width].
    targets : array of int64, [count]
        The classes that are explained, or the channels of `layer`.
    names : tuple of str
        Their names.
    scores : array of float32, [count]
        Their logits, or the units' activations.
    layer : str or None
        The layer of the unit that is explained or, for Grad-CAM, of the maps.
    images : array of uint8, [count, height, width, channels], or None
        The crops that the network saw; None if it was given tensors.
    size : (int, int)
        Height and width of the network's input.
    look : {"heat", "signed", "color"}
        How `plot` draws it: magnitudes or signed values over the image, or values as an image around grey.
    delta : array of float32, [count], or None
        For integrated gradients: the score's difference less the sum of the values.
    """

    method: str
    values: Float32
    targets: NDArray[np.int64]
    names: tuple[str, ...]
    scores: Float32
    layer: str | None
    images: NDArray[np.uint8] | None
    size: tuple[int, int]
    look: str
    delta: Float32 | None = None

    @property
    def maps(self) -> Float32:
        """One number a pixel, [count, height, width] of the network's input.

        Of several channels it is the sum if signs matter (`look` is "signed"), otherwise the largest magnitude; maps of
        a layer are enlarged by bilinear interpolation.
        """
        maps = self.values
        if maps.ndim == 4:
            maps = maps.sum(axis=1) if self.look == "signed" else np.abs(maps).max(axis=1)
        return maps if maps.shape[1:] == self.size else enlarged(maps, self.size)

    def plot(self, columns: int = 2, opacity: float = 0.6) -> "Figure":
        """Draw each image and beside it its map: see `swiftalexnet.plots.plot_attribution`."""
        from ..plots.attribution import plot_attribution

        return plot_attribution(self, columns, opacity)

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, index: int | slice) -> "Attribution":
        if not isinstance(index, slice):
            number = as_index(index, len(self), "Attribution")
            index = slice(number, number + 1)
        return replace(
            self,
            values=self.values[index],
            targets=self.targets[index],
            names=self.names[index],
            scores=self.scores[index],
            images=None if self.images is None else self.images[index],
            delta=None if self.delta is None else self.delta[index],
        )

    def __iter__(self) -> Iterator["Attribution"]:
        return (self[number] for number in range(len(self)))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        wanted = self.values if dtype is None else self.values.astype(dtype, copy=False)
        return wanted.copy() if copy else wanted

    def __repr__(self) -> str:
        layer = "" if self.layer is None else f", {self.layer}"
        return f"<{self.method}{layer}: {' × '.join(map(str, self.values.shape))} values>"

    def _repr_html_(self) -> str:
        rows = [
            (str(n), name, f"{score:.4g}") for n, (name, score) in enumerate(zip(self.names, self.scores, strict=True))
        ]
        caption = [repr(self), *([f"the first {_SHOWN} of {len(self)} images"] if len(self) > _SHOWN else [])]
        table = html_table(caption, ("image", "explained", "score"), rows[:_SHOWN])
        try:
            png = self[:_SHOWN].plot()._repr_png_() if len(self) else b""
        except ImportError:  # of matplotlib
            png = b""
        figure = (
            f'<img src="data:image/png;base64,{base64.b64encode(png).decode()}" style="max-width: 100%">' if png else ""
        )
        return table + figure
