"""Distances of all pairs of images from their vectors, in blocks that fit into memory."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from .._support.arrays import as_output
from ..ops import squared_distances

Float32 = NDArray[np.float32]
Embed = Callable[[NDArray[np.intp]], Float32]


def all_pairs(
    rows: tuple[int, Embed],
    columns: tuple[int, Embed] | None,
    at_once: int,
    advance: Callable[[int], None] = lambda _: None,
) -> Float32:
    """Return the squared distances of vectors that are made a block at a time.

    Parameters
    ----------
    rows, columns : (int, callable)
        How many there are, and what makes the vectors of some of them, [n, length]. Without `columns` the rows are
        compared with each other, each pair once.
    at_once : int
        Vectors in memory. If all fit, each is made once; otherwise those of one block stay while the others pass by.
    advance : callable
        Called with the number of pairs that are new.
    """
    count, embed = rows
    if columns is None:
        return _within(count, embed, at_once, advance)
    other_count, other_embed = columns
    result = as_output(None, (count, other_count), "LPIPS.cdist")
    whole = count + other_count <= at_once
    outer = _blocks(count, count if whole else max(1, at_once // 2))
    inner = _blocks(other_count, other_count if whole else max(1, at_once // 2))
    second, held = np.empty(0, np.float32), None
    for block in outer:
        first = embed(block)
        for other in inner:
            if held is not other:
                second, held = other_embed(other), other
            result[block[0] : block[-1] + 1, other[0] : other[-1] + 1] = squared_distances(first, second)
            advance(len(block) * len(other))
        inner.reverse()  # the last one is here already
    return result


def _within(count: int, embed: Embed, at_once: int, advance: Callable[[int], None]) -> Float32:
    result = as_output(None, (count, count), "LPIPS.cdist")
    blocks = _blocks(count, count if count <= at_once else max(1, at_once // 2))
    first = embed(blocks[0])
    for number, block in enumerate(blocks):
        own = slice(block[0], block[-1] + 1)
        result[own, own] = squared_distances(first)
        advance(len(block) * (len(block) - 1) // 2)
        second = first
        for other in reversed(blocks[number + 1 :]):  # the nearest comes last, and is the next first
            second = embed(other)
            theirs = slice(other[0], other[-1] + 1)
            result[own, theirs] = squared_distances(first, second)
            result[theirs, own] = result[own, theirs].T
            advance(len(block) * len(other))
        first = second
    return result


def _blocks(count: int, most: int) -> list[NDArray[np.intp]]:
    """Cut 0 … count - 1 into blocks of nearly equal length, none longer than `most`."""
    return np.array_split(np.arange(count), -(-count // most))
