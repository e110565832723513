"""Distances of all pairs of images from their vectors, in blocks that fit into memory."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._support.arrays import as_output
from ..ops import squared_distances

Float32 = NDArray[np.float32]
Block = NDArray[np.intp]  # indices of consecutive images
Embed = Callable[[Block], Float32]


class Step(NamedTuple):
    """A block of rows compared with one of columns, or with itself; which of their vectors are made for it."""

    rows: Block
    columns: Block | None
    makes_rows: bool
    makes_columns: bool

    @property
    def made(self) -> int:
        """The number of vectors that are made."""
        columns = self.columns if self.makes_columns and self.columns is not None else ()
        return len(self.rows) * self.makes_rows + len(columns)


def plan(count: int, other: int | None, at_once: int) -> list[Step]:
    """Return the steps that compare all of `count` images with each other, or with `other` ones, each pair once.

    At most `at_once` vectors are in memory, but at least two. If all fit, each is made once; otherwise one block of
    rows stays while the blocks of columns pass by.
    """
    fits = count + (other or 0) <= at_once
    half = max(1, at_once // 2)
    blocks = _blocks(count, count if fits else half)
    if other is None:
        found = []
        for number, rows in enumerate(blocks):
            found.append(Step(rows, None, number == 0, False))  # later rows are the columns of the step before
            found += [Step(rows, columns, False, True) for columns in reversed(blocks[number + 1 :])]
        return found
    found, passing, held = [], _blocks(other, other if fits else half), None
    for rows in blocks:
        for place, columns in enumerate(passing):
            found.append(Step(rows, columns, place == 0, columns is not held))
            held = columns
        passing = passing[::-1]  # the last one is here already
    return found


def all_pairs(steps: list[Step], shape: tuple[int, int], rows: Embed, columns: Embed) -> Float32:
    """Return the squared distances of vectors, which `rows` and `columns` make of some images, [n, length]."""
    result = as_output(None, shape, "LPIPS.cdist")
    first = second = np.empty((0, 0), np.float32)
    for step in steps:
        own = slice(step.rows[0], step.rows[-1] + 1)
        first = rows(step.rows) if step.makes_rows else second if step.columns is None else first
        if step.columns is None:
            result[own, own] = squared_distances(first)
            continue
        second = columns(step.columns) if step.makes_columns else second
        theirs = slice(step.columns[0], step.columns[-1] + 1)
        result[own, theirs] = squared_distances(first, second)
        if steps[0].columns is None:
            result[theirs, own] = result[own, theirs].T
    return result


def _blocks(count: int, most: int) -> list[Block]:
    """Cut 0 … count - 1 into blocks of nearly equal length, none longer than `most`."""
    return np.array_split(np.arange(count), -(-count // most))
