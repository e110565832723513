"""Known answers: a model's outputs for some images, kept with its weights and computed again elsewhere."""

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._support.arrays import require_memory
from .._support.shown import shown
from .._support.tables import html_table, lay_out
from ..files.source import opened_source
from ..formats.published_answers import published_answers
from ..images.inputs import as_images
from ..network.base import BaseModel
from ..network.known_answers import KnownAnswers
from .features import features
from .prediction import probabilities

_LARGEST_IMAGE = 1 << 28  # bytes of a file


class Answer(NamedTuple):
    """One image computed again."""

    input: str  # SHA-256
    difference: float  # of an output, relative to the largest; of a probability for a published answer
    output: int  # its number: the one that differs most
    expected: float
    computed: float
    bound: float
    source: str = ""  # who published it; empty for an answer of the model's own file

    @property
    def holds(self) -> bool:
        """Whether the difference is within the bound."""
        return self.difference <= self.bound


@dataclass(frozen=True)
class Verification:
    """A model's known answers, computed again; it is true if all hold.

    Attributes
    ----------
    answers : tuple of Answer
    """

    answers: tuple[Answer, ...]

    def __bool__(self) -> bool:
        return all(answer.holds for answer in self.answers)

    def __str__(self) -> str:
        holding = sum(answer.holds for answer in self.answers)
        head = f"{holding} of {len(self.answers)} known answers hold"
        return "\n".join([head, *lay_out([_HEAD, *map(_cells, self.answers)], left=(0,))])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return html_table([str(self).splitlines()[0]], _HEAD, map(_cells, self.answers))


_HEAD = ("input", "difference", "bound", "output", "expected", "computed", "", "source")


def _cells(answer: Answer) -> tuple[str, ...]:
    sizes = f"{answer.difference:.1e}", f"{answer.bound:g}"
    numbers = str(answer.output), f"{answer.expected:.6g}", f"{answer.computed:.6g}"
    return f"{answer.input[:12]}…", *sizes, *numbers, "" if answer.holds else "differs", answer.source


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
        Those that the answers are for, in any order, among others; without them the built-in test image. For a file
        whose answers by weights like these are published, such as CaffeNet's for Caffe's cat.jpg, those are compared.

    Returns
    -------
    Verification
        True if every answer is within the bound; its text says where one left it.

    Raises
    ------
    ValueError
        The model has no known answers, or none for these images.
    """
    given = [_test_image(model)] if images is None else _singles(images, model, "verify")
    digests = [(image, _digest(image)) for image in given]
    answers = [*_own(model, digests), *_published(model, digests)]
    if answers:
        return Verification(tuple(answers))
    if model.known_answers is None:
        ways = "save(path, known_answers=images) or the command swiftalexnet convert stores some"
        raise ValueError(f"verify: the model has no known answers; {ways}")
    what = "the built-in test image, so give verify the images" if images is None else "these images"
    raise ValueError(f"verify: the model has {len(model.known_answers.inputs)} known answers, none for {what}")


def _own(model: BaseModel, images: list[tuple[Any, str]]) -> list[Answer]:
    """Compare with the answers in the model's file."""
    if (known := model.known_answers) is None:
        return []
    rows = {digest: row for row, digest in enumerate(known.inputs)}
    chosen = [(image, digest) for image, digest in images if digest in rows]
    outputs = _outputs(model, [image for image, _ in chosen]) if chosen else ()
    pairs = zip(chosen, outputs, strict=True)
    return [_compared(digest, known.outputs[rows[digest]], row, known.bound) for (_, digest), row in pairs]


def _published(model: BaseModel, images: list[tuple[Any, str]]) -> list[Answer]:
    """Compare with what the publishers of such weights say, images prepared as they did it."""
    # A model that has been trained or quantised, or has other classes, still names the file that it began with.
    is_changed = model.has_trained or model.quantization is not None
    is_theirs = model.source is not None and model.has_classes and not is_changed
    weights = model.source.sha256 if is_theirs and model.source is not None else None
    found = []
    for image, digest in images:
        for published in published_answers(digest, weights) if weights else ():
            if max(published.classes) >= model.num_classes:
                continue
            own, model.preprocessing = model.preprocessing, published.preprocessing
            try:
                computed = probabilities(model, image)[0, list(published.classes)]
            finally:
                model.preprocessing = own
            differences = np.abs(computed - np.array(published.probabilities))
            place = int(differences.argmax())
            pair = published.probabilities[place], float(computed[place])
            answer = Answer(digest, float(differences[place]), published.classes[place], *pair, published.bound)
            found.append(answer._replace(source=published.source))
    return found


def _compared(digest: str, expected: NDArray[np.float32], computed: NDArray[np.float32], bound: float) -> Answer:
    differences = np.abs(expected.astype(np.float64) - computed)
    index = int(differences.argmax())
    largest = max(float(np.abs(expected).max()), float(np.finfo(np.float32).tiny))
    difference, numbers = float(differences[index]) / largest, (float(expected[index]), float(computed[index]))
    return Answer(digest, difference, index, *numbers, bound)


def _outputs(model: BaseModel, images: Sequence[Any]) -> NDArray[np.float32]:
    """Return logits, or flattened maps, [count, outputs], in float32: in int8 the last bit of a sum may be a level."""
    names = [row.name for row in model.summary().rows if row.kind != "softmax"]
    return features(model, list(images), names[-1:], precision="float32")[names[-1]].reshape(len(images), -1)


def _singles(images: Any, model: BaseModel, operation: str) -> list[Any]:
    return list(as_images(images, None, None, model.preprocessing.channels, operation).items)


def _digest(image: Any) -> str:
    """Return the SHA-256 of a file, or of the shape and pixels of an image in memory."""
    if isinstance(image, (str, os.PathLike)):
        with opened_source(image, "known answers") as file:
            if file.size > _LARGEST_IMAGE:  # a sparse file of a terabyte would be read for an hour
                came = f"{shown(os.fspath(image))} has {file.size:,} bytes"
                raise ValueError(f"known answers: {came}, expected an image file of at most {_LARGEST_IMAGE:,}")
            return file.sha256()
    pixels = np.ascontiguousarray(image)
    return hashlib.sha256(f"{pixels.dtype.str} {pixels.shape}".encode() + pixels.tobytes()).hexdigest()


def _test_image(model: BaseModel) -> NDArray[np.uint8]:
    """Return an image of the size to which the model resizes, so that no resampling touches it."""
    side, channels = model.preprocessing.resize, model.preprocessing.channels
    require_memory((side, side, channels), 2 * np.dtype(np.int64).itemsize, "known answers: the built-in test image")
    y, x, channel = np.ogrid[:side, :side, :channels]
    pattern: NDArray[np.uint8] = (7 * x + 13 * y + 29 * channel + x * y // 5).astype(np.uint8)
    return pattern
