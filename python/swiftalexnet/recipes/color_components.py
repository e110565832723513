"""Principal components of a training set's colours, along which training shifts them at random.

Krizhevsky et al. 2012, section 4.1: to every pixel of an image Σ_k α_k √λ_k p_k is added, with p_k and λ_k the
eigenvectors and eigenvalues of the covariance of red, green and blue, and α_k normal with deviation 0.1. The paper
prints λ; its authors' code takes the root, and on the scale 0 … 255 only that is in range.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import _native
from .._support.arrays import as_finite

if TYPE_CHECKING:
    pass


@dataclass(frozen=True)
class ColorComponents:
    """Directions in which the colours of images vary, and how far.

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
        vectors = as_finite(self.eigenvectors, np.float64, "eigenvectors", "ColorComponents")
        deviations = as_finite(self.deviations, np.float64, "deviations", "ColorComponents")
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


def _ilsvrc() -> ColorComponents:
    """Return the engine's: cuda-convnet2, make-data/input_meta, `color_pca`."""
    rows = [tuple(map(float, line.split())) for line in _native.color_components().splitlines()]
    return ColorComponents(tuple(row[1:] for row in rows), tuple(row[0] for row in rows))


ILSVRC = _ilsvrc()
