"""Each input value times the gradient of a class's score."""

from typing import Any

from ..network.base import BaseModel
from .result import Attribution
from .subject import Subject, explain
from .targets import Chosen, Float32


def input_x_gradient(
    model: BaseModel, images: Any, target: Any = None, layer: str | None = None, **options: Any
) -> Attribution:
    """Return x · ∂S/∂x, what each value of the input adds to the score S to first order (Shrikumar et al. 2016).

    The input is that of the network, after its mean is subtracted: a pixel of the mean's colour gets nothing.

    Parameters
    ----------
    model, images, target, layer, **options
        See `saliency`.

    Returns
    -------
    Attribution
        `values` are [count, channels, height, width], with sign; its `maps` are their sums over the channels.

    Raises
    ------
    TypeError, ValueError, OSError, UnsupportedError, NonFiniteError, MemoryError
        As `saliency`.
    """

    def work(subject: Subject) -> tuple[Float32, Chosen]:
        gradient, chosen = subject.gradient()
        return subject.x * gradient, chosen

    return explain(model, images, target, layer, "input_x_gradient", "signed", work, options)
