"""The actor that takes features of images."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from ..inference.batches import batches
from ..inference.feature_layers import Form, Layers, Rows
from .actor import AT_ONCE, ImageActor, ModelOrName
from .cells import Cells
from .rows import Column


class Features(ImageActor):
    """The outputs of named layers for images, for `map_batches`: a column a layer.

    Rows and errors are as for `Classify`. Without an image the features are NaN.

    Parameters
    ----------
    model : path, str or Model
        See `Classify`.
    layers : sequence of str
        See `swiftalexnet.inference.features.features`; columns have these names.
    pool, flatten, dtype, precision, weights, fast_math, value_range
        See `swiftalexnet.inference.features.features`.
    threads, image, prefix, keep_bytes
        See `Classify`.

    Attributes
    ----------
    columns : tuple of str
        The layers, tensors [channels] or [channels, height, width] of float32 or float16, and `error`.

    Raises
    ------
    TypeError, ValueError, OSError, CheckpointCorruptError, UnsupportedError
        See `Classify`; and an unknown layer.

    Examples
    --------
    >>> pool = ray.data.ActorPoolStrategy(size=2)
    >>> dataset.map_batches(sa.ray.Features, fn_constructor_args=("model.safetensors", ["fc7"]), compute=pool)
    """

    def __init__(
        self,
        model: ModelOrName,
        layers: Sequence[str],
        *,
        pool: str | None = None,
        flatten: bool = False,
        dtype: str = "float32",
        precision: str | None = None,
        weights: str = "float",
        fast_math: bool = False,
        value_range: tuple[float, float] | None = None,
        threads: int | None = None,
        image: str | None = None,
        prefix: str = "",
        keep_bytes: bool = False,
    ):
        form = Form.checked(pool, flatten, dtype, "ray.Features")
        super().__init__(model, value_range, threads, image, prefix, keep_bytes)
        arithmetic = self._model.arithmetic("ray.Features", precision, weights, fast_math)
        self._layers = Layers(self._model, layers, form, arithmetic, "ray.Features")

    def _answer_names(self) -> tuple[str, ...]:
        return tuple(self._layers.nodes)

    def _answers(self, data: Cells) -> dict[str, Column]:
        out, there = self._layers.empty(len(data)), np.zeros(len(data), np.bool_)
        for array in out.values():
            array[...] = np.nan
        for numbers, part in self._computed(data):
            there[numbers] = True
            for node, values in part.items():
                out[node][numbers] = values
        return {name: Column(out[node], there, is_tensor=True) for name, node in self._layers.nodes.items()}

    def _computed(self, data: Cells) -> Iterator[tuple[NDArray[np.int32], Rows]]:
        """Yield the numbers of rows and their features by node, some at a time."""
        if not len(data):
            return
        for squares, numbers in batches(data, self._model.preprocessing.geometry, self._layers.at_once(AT_ONCE)):
            part = self._layers.empty(len(numbers))
            self._layers.compute(squares, numbers, part)
            yield numbers, part
