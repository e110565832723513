"""Factors of the dense layers' gradients, gathered in place of the gradients.

The gradient of a dense layer is Xᵀ · dY over the images of a batch: what the layer reads, and the gradient of its sums.
For AlexNet these are 26,600 numbers an image, the gradients 58.6 million: for a batch of 128, 14 MB in place of 234.
Every rank gathers the factors of the whole batch and multiplies them, which gives all of them the bits of the sum of
their gradients. Convolutions, which compute much with few weights, are data-parallel as ever: the division of work of
Krizhevsky 2014 ("One weird trick for parallelizing convolutional neural networks", section 3), whose dense layers see
all images, too. Each rank computes the dense layers' gradients of all images: what that costs grows with the number of
ranks.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .. import _native
from .communicator import Communicator
from .tree import Exchange, Pending

_ALIGNED = 16  # gradients begin at multiples of so many floats


def gather_rows(communicator: Communicator, rows: NDArray[np.uint8], edges: list[int], tag: int) -> Exchange[None]:
    """Bring every rank's rows of a matrix of factors to all of them.

    Partners at distance 1, 2, 4 … swap all rows that they have (recursive doubling).

    Parameters
    ----------
    communicator : Communicator
        Its size is a power of two.
    rows : array of uint8, [images, bytes]
        With this rank's own rows.
    edges : list of int, [ranks + 1]
        Rank r has the rows edges[r] to edges[r + 1], at least one.
    tag : int
        The first of `ROUNDS` tags that no other message uses.
    """
    rank, bit = communicator.rank, 1
    while bit < communicator.size:
        partner, first = rank ^ bit, rank & -bit  # the ranks whose rows are here begin at `first`
        other = first ^ bit
        came, sent = rows[edges[other] : edges[other + bit]], rows[edges[first] : edges[first + bit]]
        yield [
            Pending(communicator.receive(came, partner, tag), partner),
            Pending(communicator.send(sent, partner, tag), partner),
        ]
        bit, tag = bit << 1, tag + 1


class DenseLayers(NamedTuple):
    """The layers whose gradients are given as factors.

    `floats` is the length of their gradients, which stand first in the gradients' memory, and `widths` are the numbers
    of a row of each of their factors: of the last layer what it reads and the gradient of its sums, and so on.
    """

    floats: int
    widths: list[int]


def dense_layers(network: _native.Network, rates: NDArray[np.float32]) -> DenseLayers:
    """Return the dense layers at the end of a network, from the first layer on that is trained.

    Parameters
    ----------
    network : Network
    rates : array of float32, [parameters]
        A step's learning rates: gradients are taken back to the first parameter that has one above 0.
    """
    kinds = {name: kind for name, kind, *_ in network.nodes()}
    parameters = network.parameters()
    trained = parameters[int(np.argmax(rates > 0))][0].rpartition(".")[0] if (rates > 0).any() else None
    floats, outputs, widths = 0, 0, list[int]()
    for name, shape in reversed(parameters):
        node = name.rpartition(".")[0]
        if kinds[node] != "dense":
            break
        count = math.prod(shape)
        floats += -(-count // _ALIGNED) * _ALIGNED
        if name.endswith(".bias"):
            outputs = count
            continue
        widths += [count // outputs, outputs]
        if node == trained:
            break
    return DenseLayers(floats, widths)
