"""Callable classes for `ray.data.Dataset.map_batches`: a model that is read once in each actor, and rows in batches."""

import os
import sys
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._support.arithmetic import choose_arithmetic
from .._support.arrays import as_integer
from .._support.shown import shown
from ..images.levels import as_value_range
from ..inference.batches import batches
from ..inference.feature_layers import Form, Layers
from ..inference.ranking import best_first
from ..inference.views import Views, classify_all
from ..model import Model, resolve
from ..runtime import set_num_threads
from .cells import PATHS, Cells, image_columns
from .rows import Column, as_rows

ERROR = "error"
_AT_ONCE = 64  # crops in a pass through the network, as in `Model.predict`

ModelOrName = Model | str | os.PathLike[str]


class ImageActor(ABC):
    """What both classes share: rows come in, all of them go out with the columns of `answers` and `error`."""

    def __init__(
        self,
        model: ModelOrName,
        value_range: tuple[float, float] | None,
        threads: int | None,
        image: str | None,
        prefix: str,
        keep_bytes: bool,
    ):
        self._operation = f"ray.{type(self).__name__}"
        for name, text in (("image", image), ("prefix", prefix)):
            if not (isinstance(text, str) or (text is None and name == "image")):
                raise TypeError(f"{self._operation}: {name} is {shown(text)}, expected a text")
        if not isinstance(keep_bytes, (bool, np.bool_)):
            raise TypeError(f"{self._operation}: keep_bytes is {shown(keep_bytes)}, expected True or False")
        count = None if threads is None else as_integer(threads, "threads", self._operation, 1, 256)
        self._value_range = as_value_range(value_range, self._operation)
        self._image, self._prefix, self._keep_bytes = image, prefix, keep_bytes
        self._model = resolve(_fetched(model), self._operation)
        if count is not None:
            set_num_threads(count)

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns that are added."""
        return tuple(self._prefix + name for name in (*self._answer_names(), ERROR))

    def __call__(self, batch: Any) -> Any:
        """Return all rows of a batch, in their order, with the answers for their images.

        Parameters
        ----------
        batch : dict of str to array, or pyarrow.Table
            Neither is written to.

        Returns
        -------
        dict of str to array, or pyarrow.Table

        Raises
        ------
        TypeError, ValueError
            Another form of batch, no column with images, or a column that has the name of an answer.
        NonFiniteError
            The network's output is not finite.
        """
        rows = as_rows(batch, self._operation)
        columns = image_columns(rows.names, self._image, self._operation) if rows.names else ()
        dropped = () if self._keep_bytes else [name for name in columns if name not in PATHS]
        self.require_free([name for name in rows.names if name not in dropped])
        data = Cells(rows, columns, self._value_range)
        answers = self._answers(data)
        errors = np.array([data.errors.get(index, "") for index in range(len(data))], object)
        failed = np.array([index in data.errors for index in range(len(data))], np.bool_)
        added = {self._prefix + name: column for name, column in answers.items()}
        added[self._prefix + ERROR] = Column(errors, failed)
        if not {*PATHS} & {*rows.names} and any(map(rows.has_paths, dropped)):
            paths = np.array([data.path(index) for index in range(len(data))], object)
            added = {PATHS[0]: Column(paths, paths != "")} | added
        return rows.replaced(dropped, added)

    def require_free(self, names: Sequence[str]) -> None:
        """Raise ValueError if a column that is kept has the name of one that is added."""
        if taken := [name for name in self.columns if name in names]:
            raise ValueError(
                f"{self._operation}: the rows already have a column {taken[0]!r}; with prefix='predicted_' the new "
                f"one is 'predicted_{taken[0]}'"
            )

    @abstractmethod
    def _answer_names(self) -> tuple[str, ...]: ...

    @abstractmethod
    def _answers(self, data: Cells) -> dict[str, Column]: ...


class Classify(ImageActor):
    """The likeliest classes of images, for `map_batches`: columns `label`, `class`, `probability` and the top five.

    Rows hold the content of image files (`bytes` of `read_binary_files`, `image` of Hugging Face's parquet files,
    `jpg`, `jpeg`, `png`, `webp` of `read_webdataset(decoder=None)`), decoded arrays (`read_images`), or paths. Images
    are decoded in the actor. Every row comes back; one whose image cannot be read has no answers and an `error`.

    Parameters
    ----------
    model : path, str or Model
        A model file that all actors can read, a name of `pretrained_models`, or a model, which is copied to them.
    top : int
        The length of `top5_labels` and `top5_probabilities`, best first; with 3 they are called `top3_…`.
    crops, dense, scales, precision, weights, fast_math, value_range
        See `swiftalexnet.inference.prediction.probabilities`.
    threads : int, optional
        Of the engine in this process; by default what Ray grants the actor, `num_cpus`, and outside of Ray as before.
    image : str, optional
        The column with images, if it has another name.
    prefix : str
        Begins the names of the columns that are added.
    keep_bytes : bool
        Keep the column with images. A struct's path is kept in any case, as `path`.

    Attributes
    ----------
    columns : tuple of str
        `label` (int32), `class` (text), `probability` (float32), `top5_labels`, `top5_probabilities`, `error`. Without
        an answer they are null in Arrow's tables, and -1, "" and NaN in numpy's arrays; without an error it is null
        or "".

    Raises
    ------
    TypeError, ValueError, OSError, CheckpointCorruptError, UnsupportedError
        The model cannot be read, or an argument is out of range: on the driver if it is made there, or by
        `ray.classify`.

    Examples
    --------
    >>> pool = ray.data.ActorPoolStrategy(size=2)
    >>> dataset.map_batches(sa.ray.Classify, fn_constructor_args=("model.safetensors",), compute=pool, batch_size=64)
    """

    def __init__(
        self,
        model: ModelOrName,
        top: int = 5,
        crops: int | None = None,
        *,
        dense: bool = False,
        scales: Sequence[int] | None = None,
        precision: str = "float32",
        weights: str = "float",
        fast_math: bool = False,
        value_range: tuple[float, float] | None = None,
        threads: int | None = None,
        image: str | None = None,
        prefix: str = "",
        keep_bytes: bool = False,
    ):
        self._top = as_integer(top, "top", "ray.Classify", 1, 2**31 - 1)
        arithmetic = choose_arithmetic("ray.Classify", precision, weights, fast_math)
        self._views = Views(crops, dense, scales, "ray.Classify", arithmetic)
        super().__init__(model, value_range, threads, image, prefix, keep_bytes)
        self._views.check(self._model)
        names = self._model.classes or map(str, range(self._model.num_classes))
        self._classes = np.array([*names], object)

    def _answer_names(self) -> tuple[str, ...]:
        return ("label", "class", "probability", f"top{self._top}_labels", f"top{self._top}_probabilities")

    def _answers(self, data: Cells) -> dict[str, Column]:
        count, width = len(data), min(self._top, self._model.num_classes)
        labels, there = np.full((count, width), -1, np.int32), np.zeros(count, np.bool_)
        shares = np.full((count, width), np.nan, np.float32)
        names = np.full(count, "", object)
        for numbers, table in classify_all(self._model, data, self._views, _AT_ONCE) if count else ():
            best = best_first(table, width)
            labels[numbers], shares[numbers], there[numbers] = best, np.take_along_axis(table, best, 1), True
            names[numbers] = self._classes[best[:, 0]]
        values = (labels[:, 0].copy(), names, shares[:, 0].copy(), labels, shares)
        return {name: Column(each, there) for name, each in zip(self._answer_names(), values, strict=True)}


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
        precision: str = "float32",
        weights: str = "float",
        fast_math: bool = False,
        value_range: tuple[float, float] | None = None,
        threads: int | None = None,
        image: str | None = None,
        prefix: str = "",
        keep_bytes: bool = False,
    ):
        arithmetic = choose_arithmetic("ray.Features", precision, weights, fast_math)
        form = Form.checked(pool, flatten, dtype, "ray.Features")
        super().__init__(model, value_range, threads, image, prefix, keep_bytes)
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

    def _computed(self, data: Cells) -> Iterator[tuple[NDArray[np.int32], dict[str, NDArray[Any]]]]:
        """Yield the numbers of rows and their features by node, some at a time."""
        if not len(data):
            return
        for squares, numbers in batches(data, self._model.preprocessing.geometry, self._layers.at_once(_AT_ONCE)):
            part = self._layers.empty(len(numbers))
            self._layers.compute(squares, numbers, part)
            yield numbers, part


def _fetched(model: Any) -> Any:
    """Return a model that the driver has put into Ray's object store; anything else as it is."""
    ray = sys.modules.get("ray")
    reference = getattr(ray, "ObjectRef", None)
    return ray.get(model) if ray is not None and reference is not None and isinstance(model, reference) else model
