"""Features as a table: a row an image, a column a value."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .._support.arrays import require_memory
from .._support.optional import require

if TYPE_CHECKING:
    from pandas import DataFrame


def frame(arrays: Mapping[str, NDArray[np.generic]], names: Sequence[str], operation: str) -> "DataFrame":
    """Return a pandas DataFrame of features by layer: its index is the images' names.

    Columns are `fc7[0]`, `fc7[1]` …; of maps `conv3[0,0,0]` … by channel, row and column.

    Raises
    ------
    ImportError
        pandas is not installed.
    MemoryError
        The table does not fit into free memory.
    """
    pandas = require("pandas", "frame", operation)
    width = sum(int(np.prod(array.shape[1:])) for array in arrays.values())
    require_memory((len(names) + 64, width), 4, operation)  # a column's name is some 64 bytes
    blocks = [
        pandas.DataFrame(
            np.asarray(array).reshape(len(names), -1),
            index=pandas.Index(names, name="image"),
            columns=[f"{layer}[{','.join(map(str, place))}]" for place in np.ndindex(array.shape[1:])],
        )
        for layer, array in arrays.items()
    ]
    table: DataFrame = blocks[0] if len(blocks) == 1 else pandas.concat(blocks, axis=1)
    return table
