"""The actor that classifies images."""

from collections.abc import Sequence

import numpy as np

from .._support.arrays import as_integer
from ..inference.ranking import best_first
from ..inference.views import Views, classify_all
from .actor import AT_ONCE, ImageActor, ModelOrName
from .cells import Cells
from .rows import Column


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
        precision: str | None = None,
        weights: str = "float",
        fast_math: bool = False,
        value_range: tuple[float, float] | None = None,
        threads: int | None = None,
        image: str | None = None,
        prefix: str = "",
        keep_bytes: bool = False,
    ):
        self._top = as_integer(top, "top", "ray.Classify", 1, 2**31 - 1)
        super().__init__(model, value_range, threads, image, prefix, keep_bytes)
        arithmetic = self._model.arithmetic("ray.Classify", precision, weights, fast_math)
        self._views = Views(crops, dense, scales, "ray.Classify", arithmetic)
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
        for numbers, table in classify_all(self._model, data, self._views, AT_ONCE) if count else ():
            best = best_first(table, width)
            labels[numbers], shares[numbers], there[numbers] = best, np.take_along_axis(table, best, 1), True
            names[numbers] = self._classes[best[:, 0]]
        values = (labels[:, 0].copy(), names, shares[:, 0].copy(), labels, shares)
        return {name: Column(each, there) for name, each in zip(self._answer_names(), values, strict=True)}
