"""Feature maps on their way between two towers, and their gradients on the way back."""

import numpy as np
from numpy.typing import NDArray

from .team import Team
from .tower_cut import Crossing

Float32 = NDArray[np.float32]


def joined(team: Team, crossing: Crossing, own: Float32) -> Float32:
    """Swap channels with the other tower; return those that this one reads, beside each other.

    Parameters
    ----------
    own : array of float32, [batch, height, width, channels]
    """
    sent = np.ascontiguousarray(own[..., places(crossing.wanted, crossing.own.start)])
    came = np.empty((*own.shape[:-1], len(crossing.missing)), np.float32)
    team.swap(sent, came)
    if not came.size:
        return own
    return np.concatenate((own, came) if team.rank == 0 else (came, own), axis=-1)


def returned(team: Team, crossing: Crossing, gradient: Float32 | None, pixels: tuple[int, ...]) -> Float32:
    """Hand the other tower the gradient of its channels; return that of this one's own, the sum of both parts.

    Parameters
    ----------
    gradient : array of float32, [batch, height, width, channels], optional
        Of what this tower read; None where the other one went on alone.
    pixels : (int, int, int)
        Batch, height and width.
    """
    if gradient is None:
        sent, total = np.empty(0, np.float32), np.zeros((*pixels, len(crossing.own)), np.float32)
    else:
        first = crossing.reads.start
        sent = np.ascontiguousarray(gradient[..., places(crossing.missing, first)])
        total = np.array(gradient[..., places(crossing.own, first)], order="C")
    came = np.empty((*pixels, len(crossing.wanted)), np.float32)
    team.swap(sent, came)
    total[..., places(crossing.wanted, crossing.own.start)] += came
    return total


def places(channels: range, first: int = 0) -> slice:
    """Return where channels are in an array that begins with channel `first`."""
    return slice(channels.start - first, channels.stop - first)
