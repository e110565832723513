"""What a tensor of a graph can be: the one that goes through the network, a constant, or a step between two layers."""

from dataclasses import dataclass

from .constants import Constant
from .flow import Flow


@dataclass(frozen=True)
class Squares:
    """What a response normalisation divides by, as far as nodes have computed it: (k + alpha · m)^beta.

    m is the mean of the squares of `flow` over a window of `size`, 0 before it is taken, within maps or across
    channels. Across them a graph has a dimension of one before the channels (`is_apart`), and zeros around them.
    """

    flow: Flow
    size: int = 0
    alpha: float = 1.0
    k: float = 0.0
    beta: float = 0.0
    is_across: bool = False
    is_apart: bool = False
    margins: tuple[int, int] = (0, 0)


@dataclass(frozen=True)
class Averaged:
    """The first half of an adaptive average pool: `size` means of rows."""

    flow: Flow
    size: int


Value = Flow | Constant | Squares | Averaged
