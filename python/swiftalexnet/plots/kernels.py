"""The kernels of the first layer: figure 3 of Krizhevsky et al. 2012."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .._support.arrays import as_float32, as_integer
from ..network.base import BaseModel
from ..network.checks import require_model
from .figures import DPI, new_figure, place, text_width, verbatim

if TYPE_CHECKING:
    from matplotlib.figure import Figure


Float32 = NDArray[np.float32]

_WIDTH, _MARGIN, _LINE = 7.0, 0.1, 0.3  # inches: approximate width of the sheet, margin, height of a line of text
_MOST_DOTS = 12  # per side of a weight, so that a sheet of few columns does not become long


def plot_kernels(model: BaseModel, layer: str | None = None, columns: int = 16) -> "Figure":
    """Draw the kernels of a convolution that reads images.

    As in the authors' own tool, all weights are mapped linearly to 0 … 1, by their common minimum and maximum; kernels
    are drawn 16 per row, one pixel apart, without smoothing. If the next convolution has groups, each tower's kernels
    are drawn on a separate sheet, like those of the paper's two GPUs.

    Parameters
    ----------
    model : Model
    layer : str, optional
        By default the first convolution.
    columns : int
        Kernels per row.

    Raises
    ------
    ValueError
        The layer is not a convolution, or reads neither 1 nor 3 channels.
    ImportError
        matplotlib is not installed.
    """
    require_model(model, "plot_kernels")
    columns = as_integer(columns, "columns", "plot_kernels", 1)
    weights = {name: array for name, array in model.parameters().items() if array.ndim == 4}
    name = layer or next((key.removesuffix(".weight") for key in weights), "")
    kernels = weights.get(f"{name}.weight")
    if kernels is None or kernels.shape[1] not in (1, 3):
        raise ValueError(f"plot_kernels: {name!r} has no kernels over 1 or 3 channels")
    towers = np.array_split(_scaled(kernels), _towers(weights, f"{name}.weight"))
    sheets = [_laid_out(tower, columns) for tower in towers]
    labels = [f"{name}: {len(kernels)} kernels of {' × '.join(map(str, kernels.shape[1:]))}"]
    if len(towers) > 1:
        ends = np.cumsum([len(tower) for tower in towers])
        labels = [
            f"{name}, tower {number + 1}: kernels {end - len(tower) + 1} to {end} of {len(kernels)}"
            for number, (tower, end) in enumerate(zip(towers, ends, strict=True))
        ]
    widest = max(sheet.shape[1] for sheet in sheets)
    inches = (
        min(max(1, round(_WIDTH * DPI / widest)), _MOST_DOTS) / DPI
    )  # per weight: a whole number of dots, so that all are equally large
    heights = [inches * sheet.shape[0] for sheet in sheets]
    width = max(inches * widest, *(text_width(label, 10) for label in labels))
    figure = new_figure(width + 2 * _MARGIN, sum(heights) + len(sheets) * (_LINE + _MARGIN))
    figure.set_layout_engine("none")
    top = 0.0
    for sheet, height, label in zip(sheets, heights, labels, strict=True):
        axes = place(figure, _MARGIN, top + _LINE, inches * sheet.shape[1], height)
        axes.imshow(
            sheet if sheet.shape[2] == 3 else sheet[..., 0], cmap="gray", vmin=0, vmax=1, interpolation="nearest"
        )
        axes.set_title(verbatim(label), fontsize=10, pad=4, loc="left")
        top += _LINE + height + _MARGIN
    return figure


def kernel_sheet(kernels: Float32, columns: int = 16) -> Float32:
    """Arrange kernels [count, channels, height, width] on a white sheet [rows, columns, channels] of 0 … 1."""
    array = as_float32(kernels, "kernels", "kernel_sheet", 4)
    return _laid_out(_scaled(array), as_integer(columns, "columns", "kernel_sheet", 1))


def _scaled(kernels: Float32) -> Float32:
    """Map the weights linearly to 0 … 1."""
    raised: Float32 = kernels - kernels.min()
    raised /= max(raised.max(), np.finfo(np.float32).tiny)
    return raised


def _laid_out(kernels: Float32, columns: int) -> Float32:
    count, channels, height, width = kernels.shape
    rows = -(-count // columns)
    sheet = np.ones((rows * (height + 1) - 1, min(count, columns) * (width + 1) - 1, channels), np.float32)
    for index, kernel in enumerate(kernels):
        top, left = index // columns * (height + 1), index % columns * (width + 1)
        sheet[top : top + height, left : left + width] = kernel.transpose(1, 2, 0)
    return sheet


def _towers(weights: dict[str, Float32], name: str) -> int:
    """Return the number of groups of the next convolution, from the number of channels each of its kernels reads."""
    names = list(weights)
    following = names[names.index(name) + 1 :]
    count, read = len(weights[name]), int(weights[following[0]].shape[1]) if following else 0
    return count // read if read and count % read == 0 else 1
