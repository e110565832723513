"""What the publishers of weights say that they answer to an image, from published_answers.json beside this file."""

import json
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import numpy as np

from ..preprocessing.preprocessing import Preprocessing


@dataclass(frozen=True)
class PublishedAnswer:
    """The first classes of a published model for an image.

    Attributes
    ----------
    image : str
        What the image is.
    image_sha256, image_source : str
        Of its file, and who says so.
    weights : str
        The name of the registry, for `swiftalexnet.pretrained`.
    weights_sha256, weights_source : str
        Of the file of weights, as `model.source.sha256` has it, and who says so.
    classes : tuple of int
        The likeliest first.
    probabilities : tuple of float
    preprocessing : Preprocessing
        How the source prepares the image, which may differ from what the publisher advises.
    bound : float
        The difference of a probability that passes. It is this package's: decoders of JPEG and the rounding of resized
        pixels differ, and two answers that Caffe's authors publish for one image differ by 0.0006.
    source : str
    """

    image: str
    image_sha256: str
    image_source: str
    weights: str
    weights_sha256: str
    weights_source: str
    classes: tuple[int, ...]
    probabilities: tuple[float, ...]
    preprocessing: Preprocessing
    bound: float
    source: str


@cache
def all_published_answers() -> tuple[PublishedAnswer, ...]:
    """Return the table."""
    text = (resources.files(__package__) / "published_answers.json").read_text(encoding="utf-8")
    return tuple(map(_answer, json.loads(text)))


def published_answers(image_sha256: str, weights_sha256: str | None = None) -> list[PublishedAnswer]:
    """Return what is published for an image, and for the weights in a file if they are given, by their SHA-256."""
    return [
        answer
        for answer in all_published_answers()
        if answer.image_sha256 == image_sha256 and weights_sha256 in (None, answer.weights_sha256)
    ]


def _answer(fields: dict[str, Any]) -> PublishedAnswer:
    recipe = fields["preprocessing"]
    found = {
        "classes": tuple(fields["classes"]),
        "probabilities": tuple(fields["probabilities"]),
        "preprocessing": Preprocessing(**{**recipe, "mean": np.array(recipe["mean"], np.float32)}),
    }
    return PublishedAnswer(**{**fields, **found})
