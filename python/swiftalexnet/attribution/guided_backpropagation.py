"""Backpropagation that lets only what speaks for a unit through each ReLU."""

from typing import Any

from ..network.base import BaseModel
from .result import Attribution
from .subject import Subject, explain
from .targets import Chosen, Float32


def guided_backpropagation(
    model: BaseModel, images: Any, target: Any = None, layer: str | None = None, **options: Any
) -> Attribution:
    """Return guided backpropagation: a ReLU passes a gradient where both it and the ReLU's input are positive.

    Springenberg et al. 2014, section 3.4. Other activation functions keep their own derivatives. The method shows what
    is in the image rather than what the class needs: its results hardly depend on the last layers (Adebayo et al.
    2018).

    Parameters
    ----------
    model, images, target, layer, **options
        See `saliency`. With a layer the paper's images of single units are made: its strongest unit by default.

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
        return subject.gradient(relu="guided")

    return explain(model, images, target, layer, "guided_backpropagation", "color", work, options)
