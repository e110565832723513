"""The deconvolutional network of Zeiler and Fergus."""

from typing import Any

from ..network.base import BaseModel
from .result import Attribution
from .subject import Subject, explain
from .targets import Chosen, Float32


def deconvnet(
    model: BaseModel, images: Any, target: Any = None, layer: str | None = None, **options: Any
) -> Attribution:
    """Return the deconvnet's projection to pixels: a ReLU passes what is positive on the way back, whatever its input.

    Zeiler and Fergus 2013, section 2.1: kernels are transposed, and max pooling is undone with the switches of the
    forward pass. Response normalisation, which the paper leaves out, is passed back as its gradient. The projection
    starts from 1 and not from the unit's activation, which would only multiply it.

    Parameters
    ----------
    model, images, target, layer, **options
        See `saliency`. With a layer the paper's images of single feature maps are made: by default of the strongest.

    Returns
    -------
    Attribution
        `values` are [count, channels, height, width], with sign.

    Raises
    ------
    TypeError, ValueError, OSError, UnsupportedError, NonFiniteError, MemoryError
        As `saliency`.
    """

    def work(subject: Subject) -> tuple[Float32, Chosen]:
        return subject.gradient(relu="deconvnet")

    return explain(model, images, target, layer, "deconvnet", "color", work, options)
