"""Principal components of a training set's colours, along which training shifts them at random.

Krizhevsky et al. 2012, section 4.1: to every pixel of a picture Σ_k α_k √λ_k p_k is added, with p_k and λ_k the
eigenvectors and eigenvalues of the covariance of red, green and blue, and α_k normal with deviation 0.1. The paper
prints λ; its authors' code takes the root, and on the scale 0 … 255 only that is in range.
"""

from contextlib import closing
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from . import _native
from ._arrays import as_integer, require_memory
from ._shown import shown
from .dataset_checks import snapshot, source

if TYPE_CHECKING:
    from .data import Dataset

_BATCH = 16


@dataclass(frozen=True)
class ColorComponents:
    """Directions in which the colours of pictures vary, and how far.

    Parameters
    ----------
    eigenvectors : three rows of three numbers
        Row k is p_k in red, green, blue, of length 1.
    deviations : three numbers
        √λ_k, on the scale 0 … 255.

    Raises
    ------
    TypeError, ValueError
        Other shapes, numbers that are not finite, or deviations below 0.
    """

    eigenvectors: tuple[tuple[float, ...], ...]
    deviations: tuple[float, ...]

    def __post_init__(self) -> None:
        vectors, deviations = (_numbers(getattr(self, name), name) for name in ("eigenvectors", "deviations"))
        if vectors.shape != (3, 3) or deviations.shape != (3,):
            shapes = f"{vectors.shape} and {deviations.shape}"
            raise ValueError(
                f"ColorComponents: eigenvectors and deviations have shapes {shapes}, expected (3, 3), (3,)"
            )
        if deviations.min() < 0:
            raise ValueError(f"ColorComponents: deviations are {tuple(deviations)}, expected numbers of at least 0")
        object.__setattr__(self, "eigenvectors", tuple(tuple(map(float, row)) for row in vectors))
        object.__setattr__(self, "deviations", tuple(map(float, deviations)))

    def to_json(self) -> dict[str, Any]:
        """Return {"eigenvectors": …, "deviations": …}, from which `ColorComponents(**…)` makes the same value."""
        return {"eigenvectors": [list(row) for row in self.eigenvectors], "deviations": list(self.deviations)}

    def __str__(self) -> str:
        lines = ["deviation     red   green    blue"]
        for deviation, row in zip(self.deviations, self.eigenvectors, strict=True):
            lines.append(f"{deviation:9.3f} " + " ".join(f"{value:7.4f}" for value in row))
        return "\n".join(lines)


def color_components(data: "Dataset", size: int | None = None, progress: bool = False) -> ColorComponents:
    """Return the principal components of the red, green and blue of all pixels of a training set.

    Sums of values and of products of values are whole numbers, exact whatever the order; only the eigenvectors of
    their covariance are computed in floating point. The component of largest size comes first. Of each eigenvector
    the entry of largest magnitude is positive (which of the two directions is meant changes nothing: α is symmetric).

    Parameters
    ----------
    data : Dataset
        Pictures in colour; all of them are read.
    size : int, optional
        Side of the centre square of each picture that is looked at, in pixels, after resizing its shorter side to
        that. By default the shorter side of an `ArrayDataset`, whose pixels then stay as they are, and 256 for files.
    progress : bool
        Show a bar.

    Raises
    ------
    ValueError
        Grey pictures, or none that can be read.
    OSError
        A picture cannot be read.
    """
    from .data import ArrayDataset
    from .loading import read_pictures
    from .preprocessing import Geometry

    data = snapshot(data, "color_components")
    own_data = source(data)
    arrays = own_data.images if isinstance(own_data, ArrayDataset) else None
    if arrays is not None and arrays.shape[-1] != 3:
        raise ValueError(f"color_components: pictures have {arrays.shape[-1]} channels, expected 3: red, green, blue")
    own = 256 if arrays is None else min(arrays.shape[1:3])
    side = own if size is None else as_integer(size, "size", "color_components", 1, 2**15)
    sums, products, count = np.zeros(3, object), np.zeros((3, 3), object), 0  # Python's integers
    shown, geometry = (progress, "colours"), Geometry(side, 3, "area")
    with closing(read_pictures(data, np.arange(len(data)), _BATCH, geometry, shown, "color_components")) as batches:
        for image in chain.from_iterable(batches):
            # Products are below 2¹⁶ and pixels of a picture at most 2³⁰: sums below 2⁵³ are exact in float64.
            pixels = image.reshape(-1, 3).astype(np.float64)
            sums += pixels.sum(axis=0).astype(np.int64)
            products += (pixels.T @ pixels).astype(np.int64)
            count += len(pixels)
    if products.min() == products.max():  # Σ(r − g)² = Σr² − 2Σrg + Σg² = 0, and so on
        raise ValueError("color_components: the pictures are grey, expected colours")
    return _principal(_covariance(sums, products, count))


def _covariance(sums: NDArray[np.object_], products: NDArray[np.object_], count: int) -> NDArray[np.float64]:
    """Return (Σxy · n − Σx Σy) / n², rounded once."""
    covariance = np.empty((3, 3))
    for row, column in np.ndindex(3, 3):
        exact = int(products[row, column]) * count - int(sums[row]) * int(sums[column])
        covariance[row, column] = exact / count**2
    return covariance


def _principal(covariance: NDArray[np.float64]) -> ColorComponents:
    values, columns = np.linalg.eigh(covariance)
    rows = columns.T[::-1]
    # Rounded, so that of entries that are equal but for the last bits always the first decides.
    largest = np.abs(rows).round(9).argmax(axis=1)
    rows = rows * np.sign(rows[np.arange(3), largest])[:, None]
    return ColorComponents(rows, np.sqrt(values[::-1].clip(0)))


def _numbers(values: Any, name: str) -> NDArray[np.float64]:
    if isinstance(values, np.ndarray):
        require_memory(values.shape, 8, f"ColorComponents: {name}")
    try:
        array = np.array(values, np.float64)
    except (OverflowError, TypeError, ValueError):
        raise TypeError(f"ColorComponents: {name} is {shown(values)}, expected numbers") from None
    if not np.isfinite(array).all():
        raise ValueError(f"ColorComponents: {name} holds values that are not finite")
    return array


def _ilsvrc() -> ColorComponents:
    """Return the engine's: cuda-convnet2, make-data/input_meta, `color_pca`."""
    rows = [tuple(map(float, line.split())) for line in _native.color_components().splitlines()]
    return ColorComponents(tuple(row[1:] for row in rows), tuple(row[0] for row in rows))


ILSVRC = _ilsvrc()
