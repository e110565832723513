"""Batches of rows as Ray hands them over, and the same rows with columns added: dicts of arrays, or Arrow's tables.

numpy has no value for "nothing": in a dict of arrays a missing integer is -1, a missing number NaN, a missing text "".
In a table they are null, but for tensors, whose numbers are NaN.
"""

from collections.abc import Callable, Collection, Mapping
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from .._support.optional import require


class Column(NamedTuple):
    """A column to add.

    Attributes
    ----------
    values : array, [rows, …]
        Numbers, or texts as objects. Where `there` is False: -1, NaN, "".
    there : array of bool, [rows]
    is_tensor : bool
        An array in every row, not a list.
    """

    values: NDArray[Any]
    there: NDArray[np.bool_]
    is_tensor: bool = False


class Rows(Protocol):
    """A batch of rows."""

    count: int
    names: list[str]

    def cells(self, name: str) -> Callable[[int], Any]:
        """Return what gives the value of a column in a row."""

    def has_paths(self, name: str) -> bool:
        """Return whether a column's values are structs with a path, as Hugging Face's images are."""

    def replaced(self, dropped: Collection[str], added: Mapping[str, Column]) -> Any:
        """Return the batch in its own form, without some columns and with others added at the end."""


def as_rows(batch: Any, operation: str) -> Rows:
    """Return a batch from `map_batches`, in either form.

    Raises
    ------
    TypeError
        Neither a dict of arrays nor a table.
    ValueError
        Columns of different lengths.
    """
    if isinstance(batch, Mapping):
        return _Arrays(batch, operation)
    if type(batch).__module__.partition(".")[0] == "pyarrow" and hasattr(batch, "append_column"):
        return _Table(batch)
    raise TypeError(
        f"{operation}: got a batch of type {type(batch).__name__}, expected a dict of arrays or a pyarrow.Table: "
        'map_batches(…, batch_format="numpy" or "pyarrow")'
    )


class _Arrays:
    """A dict of arrays by column."""

    def __init__(self, batch: Mapping[Any, Any], operation: str):
        for name, values in batch.items():
            is_array = isinstance(values, list) or (hasattr(values, "__array__") and getattr(values, "ndim", 0) > 0)
            if not (isinstance(name, str) and is_array):
                raise TypeError(f"{operation}: column {name!r} is of type {type(values).__name__}, expected an array")
        lengths = {name: len(values) for name, values in batch.items()}
        if len({*lengths.values()}) > 1:
            raise ValueError(f"{operation}: columns have different lengths: {lengths}")
        self._batch, self.names, self.count = batch, list(batch), next(iter(lengths.values()), 0)

    def cells(self, name: str) -> Callable[[int], Any]:
        return lambda index: self._batch[name][index]

    def has_paths(self, name: str) -> bool:
        return any(isinstance(value, Mapping) and "path" in value for value in self._batch[name])

    def replaced(self, dropped: Collection[str], added: Mapping[str, Column]) -> dict[str, Any]:
        kept = {name: values for name, values in self._batch.items() if name not in dropped}
        return kept | {name: column.values for name, column in added.items()}


class _Table:
    """A pyarrow.Table; its own columns are not copied."""

    def __init__(self, batch: Any):
        self._batch, self.names, self.count = batch, list(batch.column_names), int(batch.num_rows)

    def cells(self, name: str) -> Callable[[int], Any]:
        column = self._batch.column(name)
        return lambda index: column[index].as_py()

    def has_paths(self, name: str) -> bool:
        kind = self._batch.schema.field(name).type
        return bool(require("pyarrow", "ray", "ray").types.is_struct(kind)) and kind.get_field_index("path") >= 0

    def replaced(self, dropped: Collection[str], added: Mapping[str, Column]) -> Any:
        table = self._batch.drop_columns([name for name in self.names if name in dropped])
        for name, column in added.items():
            table = table.append_column(name, _arrow(column))
        return table


def _arrow(column: Column) -> Any:
    """Return a column as Arrow's array, whose type does not depend on the values: files are then alike."""
    pyarrow = require("pyarrow", "ray", "ray")
    missing = ~column.there
    if column.values.dtype == object:
        return pyarrow.array(column.values, pyarrow.string(), mask=missing)
    item = pyarrow.from_numpy_dtype(column.values.dtype)
    if column.values.ndim == 1:
        return pyarrow.array(column.values, item, mask=missing)
    if not column.is_tensor:
        rows = [values if there else None for values, there in zip(column.values, column.there, strict=True)]
        return pyarrow.array(rows, pyarrow.list_(item))
    shape = column.values.shape[1:]
    flat = pyarrow.array(column.values.reshape(-1))
    storage = pyarrow.FixedSizeListArray.from_arrays(flat, int(np.prod(shape)))
    return pyarrow.ExtensionArray.from_storage(pyarrow.fixed_shape_tensor(item, shape), storage)
