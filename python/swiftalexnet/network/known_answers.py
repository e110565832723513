"""Answers that a model's file keeps, to be computed again wherever it is loaded."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

# The largest difference of an output, relative to the largest output of its image. For float32 some ten times what is
# left between instruction sets, and a hundredth of what another resampling or channel order makes.
BOUND, BOUND_OF_FLOAT16 = 1e-4, 2e-3


@dataclass(frozen=True, eq=False)
class KnownAnswers:
    """Outputs for some images, as they were when the model was saved.

    Attributes
    ----------
    inputs : tuple of str
        SHA-256 of each image in hexadecimal: of the file for a path, otherwise of its pixels.
    outputs : array of float32, [count, outputs]
        The logits, or the flattened maps of a network without classes.
    bound : float
        The largest difference of an output that passes, relative to the largest output of its image.
    """

    inputs: tuple[str, ...]
    outputs: NDArray[np.float32]
    bound: float = BOUND

    def __post_init__(self) -> None:
        shape = self.outputs.shape
        if self.outputs.dtype != np.float32 or len(shape) != 2 or shape[0] != len(self.inputs):
            raise ValueError(f"known answers of shape {shape} and {self.outputs.dtype}, for {len(self.inputs)} inputs")

    def to_json(self, float16: bool) -> dict[str, Any]:
        """Return everything except the outputs, for a file whose weights may be rounded to 16 bits."""
        return {"inputs": list(self.inputs), "bound": max(self.bound, BOUND_OF_FLOAT16) if float16 else self.bound}

    @classmethod
    def from_json(cls, fields: dict[str, Any], outputs: NDArray[np.float32]) -> "KnownAnswers":
        """Rebuild from `to_json` and the outputs."""
        return cls(tuple(map(str, fields["inputs"])), outputs, float(fields["bound"]))
