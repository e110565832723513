"""Known answers: a model's outputs for some images, kept with its weights and computed again elsewhere."""

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._support.tables import html_table, lay_out
from ..files.source import opened_source
from ..images.inputs import as_images
from ..network.base import BaseModel
from ..network.known_answers import KnownAnswers
from .features import features


class Answer(NamedTuple):
    """One image computed again."""

    input: str  # SHA-256
    difference: float  # relative to the largest output
    output: int  # its number: the one that differs most
    expected: float
    computed: float
    holds: bool  # whether the difference is within the bound


@dataclass(frozen=True)
class Verification:
    """A model's known answers, computed again; it is true if all hold.

    Attributes
    ----------
    answers : tuple of Answer
    bound : float
        See `KnownAnswers`.
    """

    answers: tuple[Answer, ...]
    bound: float

    def __bool__(self) -> bool:
        return all(answer.holds for answer in self.answers)

    def __str__(self) -> str:
        holding = sum(answer.holds for answer in self.answers)
        head = f"{holding} of {len(self.answers)} known answers hold, within {self.bound:g} of the largest output"
        return "\n".join([head, *lay_out([_HEAD, *map(_cells, self.answers)], left=(0,))])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return html_table([str(self).splitlines()[0]], _HEAD, map(_cells, self.answers))


_HEAD = ("input", "difference", "output", "expected", "computed", "")


def _cells(answer: Answer) -> tuple[str, ...]:
    numbers = f"{answer.difference:.1e}", str(answer.output), f"{answer.expected:.6g}", f"{answer.computed:.6g}"
    return f"{answer.input[:12]}…", *numbers, "" if answer.holds else "differs"


def known_answers(model: BaseModel, images: Any = True) -> KnownAnswers:
    """Compute the answers that a model's file keeps.

    Parameters
    ----------
    model : Model
    images : True or images
        True: one test image that is drawn by a formula, so that it can be checked without any file.

    Raises
    ------
    TypeError, ValueError, OSError
        Something that is not an image.
    """
    given = [_test_image(model)] if images is True else _singles(images, model, "save")
    return KnownAnswers(tuple(map(_digest, given)), _outputs(model, given))


def verify(model: BaseModel, images: Any = None) -> Verification:
    """Compute the known answers of a model again.

    Parameters
    ----------
    model : Model
        Loaded from a file that was saved with `known_answers`.
    images : images, optional
        Those that the answers are for, in any order, among others; without them the built-in test image.

    Returns
    -------
    Verification
        True if every answer is within the bound; its text says where one left it.

    Raises
    ------
    ValueError
        The model has no known answers, or none for these images.
    """
    known = model.known_answers
    if known is None:
        raise ValueError("verify: the model has no known answers; save(path, known_answers=images) stores some")
    rows = {digest: row for row, digest in enumerate(known.inputs)}
    given = [_test_image(model)] if images is None else _singles(images, model, "verify")
    chosen = [(image, digest) for image in given if (digest := _digest(image)) in rows]
    if not chosen:
        what = "the built-in test image, so give verify the images" if images is None else "these images"
        raise ValueError(f"verify: the model has {len(rows)} known answers, none for {what}")
    outputs = _outputs(model, [image for image, _ in chosen])
    pairs = zip(chosen, outputs, strict=True)
    answers = (_compared(digest, known.outputs[rows[digest]], row, known.bound) for (_, digest), row in pairs)
    return Verification(tuple(answers), known.bound)


def _compared(digest: str, expected: NDArray[np.float32], computed: NDArray[np.float32], bound: float) -> Answer:
    differences = np.abs(expected.astype(np.float64) - computed)
    index = int(differences.argmax())
    largest = max(float(np.abs(expected).max()), float(np.finfo(np.float32).tiny))
    difference, numbers = float(differences[index]) / largest, (float(expected[index]), float(computed[index]))
    return Answer(digest, difference, index, *numbers, difference <= bound)


def _outputs(model: BaseModel, images: Sequence[Any]) -> NDArray[np.float32]:
    """Return logits, or flattened maps, [count, outputs]."""
    names = [row.name for row in model.summary().rows if row.kind != "softmax"]
    return features(model, list(images), names[-1:])[names[-1]].reshape(len(images), -1)


def _singles(images: Any, model: BaseModel, operation: str) -> list[Any]:
    return list(as_images(images, None, None, model.preprocessing.channels, operation).items)


def _digest(image: Any) -> str:
    """Return the SHA-256 of a file, or of the shape and pixels of an image in memory."""
    if isinstance(image, (str, os.PathLike)):
        with opened_source(image, "known answers") as file:
            return file.sha256()
    pixels = np.ascontiguousarray(image)
    return hashlib.sha256(f"{pixels.dtype.str} {pixels.shape}".encode() + pixels.tobytes()).hexdigest()


def _test_image(model: BaseModel) -> NDArray[np.uint8]:
    """Return an image of the size to which the model resizes, so that no resampling touches it."""
    side, channels = model.preprocessing.resize, model.preprocessing.channels
    y, x, channel = np.ogrid[:side, :side, :channels]
    pattern: NDArray[np.uint8] = (7 * x + 13 * y + 29 * channel + x * y // 5).astype(np.uint8)
    return pattern
