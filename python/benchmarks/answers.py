"""Answers beside those that are expected, and how far apart each arithmetic may bring them."""

from collections.abc import Iterator

import numpy as np

from engines import Contender

# Largest difference of logits, relative to the largest logit. float32 differs by the order of sums, bfloat16 by its 8
# bits of precision, int8 weights by their 255 steps a row.
LOGITS_TOLERANCES = {"float32": 1e-4, "fast_math": 1e-4, "bfloat16": 2e-2, "int8 weights": 5e-2}
# Relative in the Euclidean norm: a rounding may switch a ReLU or a maximum, and all that flows through it, the more the
# deeper the network. Unrelated gradients differ by 1.4.
GRADIENT_TOLERANCES = {"float32": 3e-2, "bfloat16": 0.6}
# Where activations are of 8 bits too, relative in the Euclidean norm. Random networks give all images nearly the same
# logits, therefore what sets an image apart is looked at by itself: it is 0 in a network that ignores its input, which
# would be 1 off, and 1.4 off in one that mixes up its images.
INT8_LOGITS, INT8_APART = 5e-2, 0.8
INT8_CLASSES = 1 / 3  # of the images, whose first class may be another: the first two are often close


def disagreement(answer: np.ndarray, expected: np.ndarray, contender: Contender, gradient: bool) -> str | None:
    """Say how an answer differs from the expected one if it is more than the contender's arithmetic explains.

    Answers are logits, [images, classes], or gradients of any shape.
    """
    for what, difference, tolerance in _differences(answer, expected, contender, gradient):
        if not difference <= tolerance:  # nor is NaN
            return f"{what} off by {difference:.2e}, expected at most {tolerance:.2g}"
    return None


def _differences(
    answer: np.ndarray, expected: np.ndarray, contender: Contender, gradient: bool
) -> Iterator[tuple[str, float, float]]:
    """Name each difference that counts, and give it with its tolerance."""
    if contender.precision == "int8":
        yield "logits", _distance(answer, expected), INT8_LOGITS
        apart = _distance(answer - answer.mean(axis=0), expected - expected.mean(axis=0))
        yield "what sets images apart in logits", apart, INT8_APART
        yield "first classes", float(np.mean(answer.argmax(axis=1) != expected.argmax(axis=1))), INT8_CLASSES
        return
    tolerances = GRADIENT_TOLERANCES if gradient else LOGITS_TOLERANCES
    tolerance = max(tolerances[word] for word in (contender.precision, contender.form) if word in tolerances)
    if gradient:
        yield "gradient", _distance(answer, expected), tolerance
    else:
        yield "logits", _distance(answer, expected, np.inf), tolerance


def _distance(answer: np.ndarray, expected: np.ndarray, order: float | None = None) -> float:
    expected = expected.ravel()
    return float(np.linalg.norm(answer.ravel() - expected, order) / np.linalg.norm(expected, order))
