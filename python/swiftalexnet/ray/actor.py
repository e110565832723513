"""What a callable class for `ray.data.Dataset.map_batches` is: a model read once in each actor, and rows in batches."""

import os
import sys
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np

from .._support.arrays import as_integer
from .._support.shown import shown
from ..images.levels import as_value_range
from ..model import Model, resolve
from ..runtime import set_num_threads
from .cells import PATHS, Cells, image_columns
from .rows import Column, as_rows

ERROR = "error"
AT_ONCE = 64  # crops in a pass through the network, as in `Model.predict`

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
        require_free(self.columns, [name for name in rows.names if name not in dropped], self._operation)
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

    @abstractmethod
    def _answer_names(self) -> tuple[str, ...]: ...

    @abstractmethod
    def _answers(self, data: Cells) -> dict[str, Column]: ...


def require_free(added: Sequence[str], kept: Sequence[str], operation: str) -> None:
    """Raise ValueError if a column that is kept has the name of one that is added."""
    if taken := [name for name in added if name in kept]:
        raise ValueError(
            f"{operation}: the rows already have a column {taken[0]!r}; with prefix='predicted_' the new one is "
            f"'predicted_{taken[0]}'"
        )


def _fetched(model: Any) -> Any:
    """Return a model that the driver has put into Ray's object store; anything else as it is."""
    ray = sys.modules.get("ray")
    reference = getattr(ray, "ObjectRef", None)
    return ray.get(model) if ray is not None and reference is not None and isinstance(model, reference) else model
