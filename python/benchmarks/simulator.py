"""A training step of many ranks as discrete events: what each rank computes, and what it waits for.

Each rank computes its forward pass, then the layers' gradients from the last layer to the first. Whenever a bucket of
gradients is complete, a helper thread sums it with the other ranks' by halving and doubling, one bucket after the
other, while the rank computes on. A message between two ranks begins when both are there and takes
`latency + bytes / bandwidth`. After the last bucket every rank updates its weights and begins the next step, with no
barrier but the sums themselves. Events of one kind are computed for all ranks at once.

With the wire "factors" dense layers send no gradients: every rank gathers all ranks' inputs and deltas of the layer and
multiplies them itself (Krizhevsky, One weird trick, 2014), so that each further rank costs it one more filter gradient.

Not modelled: links that several messages share (in each round every rank sends one message and receives one), and
reading images, which costs every number of ranks the same.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from swiftalexnet.distributed.buckets import buckets

Cut = Callable[[int], list[tuple[int, int]]]  # of a number of gradients: the ranges that are sent

BYTES = {"float32": 4, "bfloat16": 2, "factors": 4}  # of a number on the wire
WIRES = tuple(BYTES)


class Layer(NamedTuple):
    """The backward pass of a layer on one rank."""

    name: str
    seconds: float  # both gradients
    numbers: int  # parameters
    factors: int = 0  # of a dense layer: inputs and deltas, numbers for an image
    filter_seconds: float = 0.0  # of a dense layer: its filter gradient, which factors cost once more for each rank


class Work(NamedTuple):
    """A step of one rank without communication."""

    images: int
    forward: float  # seconds, with the input and the loss
    backward: tuple[Layer, ...]  # in the order of computation: the last layer first
    update: float  # seconds

    @property
    def seconds(self) -> float:
        """Return the time of the step."""
        return self.forward + sum(layer.seconds for layer in self.backward) + self.update

    def faster(self, factor: float) -> "Work":
        """Return the work of a computer that computes so many times as fast."""
        layers = tuple(
            layer._replace(seconds=layer.seconds / factor, filter_seconds=layer.filter_seconds / factor)
            for layer in self.backward
        )
        return Work(self.images, self.forward / factor, layers, self.update / factor)


def as_work(stored: list) -> Work:
    """Return a work that was stored as JSON."""
    images, forward, layers, update = stored
    return Work(images, forward, tuple(Layer(*layer) for layer in layers), update)


def mean(works: list[Work]) -> Work:
    """Return the mean of works of one network."""
    forward, update = (float(np.mean([getattr(work, name) for work in works])) for name in ("forward", "update"))
    backward = tuple(
        layers[0]._replace(
            seconds=float(np.mean([layer.seconds for layer in layers])),
            filter_seconds=float(np.mean([layer.filter_seconds for layer in layers])),
        )
        for layers in zip(*(work.backward for work in works), strict=True)
    )
    return Work(works[0].images, forward, backward, update)


class Link(NamedTuple):
    """What a message costs: the same for every pair of ranks, in both directions at once."""

    latency: float  # seconds
    bandwidth: float  # bytes per second
    processor: float = 0.0  # seconds that sending and receiving a byte takes from computing, if it computes meanwhile


class Transfer(NamedTuple):
    """A bucket that is summed, or factors that are gathered."""

    ready: float  # seconds after the step's begin, without delays
    bytes: float  # of the whole bucket, or of one rank's factors
    gathered: bool = False


def transfers(work: Work, wire: str, cut: Cut = buckets) -> list[Transfer]:
    """Return what a rank sends in a step, in the order in which it is ready."""
    summed, found, now, numbers, ready = [], [], work.forward, 0, []
    for layer in work.backward:
        now += layer.seconds
        if wire == "factors" and layer.factors:
            found.append(Transfer(now, BYTES[wire] * work.images * layer.factors, gathered=True))
        else:
            numbers += layer.numbers
            ready.append((numbers, now))
    for start, end in cut(numbers):
        when = next(seconds for known, seconds in ready if known >= end)
        summed.append(Transfer(when, BYTES[wire] * (end - start)))
    return sorted(found + summed, key=lambda transfer: transfer.ready)


def step_seconds(
    work: Work, ranks: int, link: Link, wire: str, slowness: NDArray[np.float64], cut: Cut = buckets
) -> NDArray[np.float64]:
    """Simulate steps.

    Parameters
    ----------
    work : Work
    ranks : int
        A power of two.
    link : Link
    wire : {"float32", "bfloat16", "factors"}
    slowness : array [steps, ranks]
        How many times as long each rank computes in each step as `work` says.
    cut : callable
        How the gradients become buckets; by default as in training.

    Returns
    -------
    array [steps]
        The time from the end of the step before to the end of the step, of the rank that ends last.
    """
    if ranks < 1 or ranks & (ranks - 1) or slowness.shape[1:] != (ranks,):
        raise ValueError(
            f"{ranks} ranks and slowness of shape {slowness.shape}, expected a power of two and its columns"
        )
    planned = transfers(work, wire, cut) if ranks > 1 else []
    backward = work.forward + sum(layer.seconds for layer in work.backward)
    more = (ranks - 1) * sum(layer.filter_seconds for layer in work.backward) if wire == "factors" else 0.0
    start, ends = np.zeros(ranks), [0.0]
    for slow in slowness:
        idle = gathered = start  # when the helper thread is free, and when all factors are there
        delay = np.zeros(ranks)  # by what communication took from computing
        for transfer in planned:
            begin = np.maximum(start + slow * transfer.ready + delay, idle)
            idle = (_gather if transfer.gathered else _sum)(begin, transfer.bytes, link)
            if transfer.gathered:
                gathered = idle
            remaining = np.maximum(start + slow * backward + delay - begin, 0)
            meanwhile = np.minimum(1, remaining / np.maximum(idle - begin, 1e-12))
            delay = delay + meanwhile * link.processor * bytes_sent(ranks, transfer)
        computed = np.maximum(start + slow * backward + delay, gathered) + slow * more
        start = np.maximum(computed, idle) + slow * work.update
        ends.append(start.max())
    return np.diff(ends)


def bytes_sent(ranks: int, transfer: Transfer) -> float:
    """Return what a rank sends, and as much it receives."""
    return transfer.bytes * ((ranks - 1) if transfer.gathered else 2 * (ranks - 1) / ranks)


def efficiency(work: Work, ranks: int, link: Link, wire: str, slowness: NDArray[np.float64]) -> float:
    """Return the speed of so many ranks as a share of as many times one rank's."""
    alone = slowness.mean() * work.seconds
    return float(alone / step_seconds(work, ranks, link, wire, slowness).mean())


def draw(measured: NDArray[np.float64], steps: int, ranks: int, seed: int = 0) -> NDArray[np.float64]:
    """Draw every rank's slowness in every step from measured steps, relative to their median."""
    relative = np.asarray(measured, np.float64) / np.median(measured)
    return np.random.default_rng(seed).choice(relative, (steps, ranks))


def _sum(begin: NDArray[np.float64], size: float, link: Link) -> NDArray[np.float64]:
    """Halve and double: partners change halves, then quarters and so on, and the same way back."""
    rounds = [2**index for index in range(len(begin).bit_length() - 1)]
    now = begin
    for distance in (*rounds, *reversed(rounds)):
        now = _exchange(now, distance, size / (2 * distance), link)
    return now


def _gather(begin: NDArray[np.float64], size: float, link: Link) -> NDArray[np.float64]:
    """Double: partners change all that they have so far."""
    now = begin
    for distance in (2**index for index in range(len(begin).bit_length() - 1)):
        now = _exchange(now, distance, size * distance, link)
    return now


def _exchange(now: NDArray[np.float64], distance: int, size: float, link: Link) -> NDArray[np.float64]:
    partner = np.arange(len(now)) ^ distance
    return np.maximum(now, now[partner]) + (link.latency + size / link.bandwidth)
