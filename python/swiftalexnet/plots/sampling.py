"""Representative images, drawn at random from a seed instead of picked by hand."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._support.arrays import as_integer, as_seed
from .._support.kinds import require_kind
from ..data.order import shuffled
from ..inference.measurements import Measurements


def fair_sample(evaluation: Measurements, count: int, seed: int = 0) -> NDArray[np.int32]:
    """Draw measured images with correct and wrong answers in proportion, spread over as many classes as possible.

    Of `count` images, count · (wrong images) / (measured images) are wrong, rounded half to even; a class is repeated
    only after all others, as far as they have images.

    Parameters
    ----------
    evaluation : Evaluation
    count : int
        Number of images, limited to those that were measured.
    seed : int

    Returns
    -------
    array of int32, [count]
        Positions in the evaluation's arrays, grouped by class; `evaluation.indices[places]` are indices of the data.
    """
    require_kind(evaluation, Measurements, "evaluation", "fair_sample", "Evaluation")
    count = min(as_integer(count, "count", "fair_sample", 1), evaluation.count)
    labels, wrong = evaluation.labels, evaluation.labels != evaluation.predicted
    order = shuffled(evaluation.count, as_seed(seed, "seed", "fair_sample"), 0)
    mistakes = round(count * int(wrong.sum()) / evaluation.count)
    chosen = class_by_class(labels, order[wrong[order]])[:mistakes]
    others = class_by_class(labels, order[~wrong[order]], labels[chosen])[: count - mistakes]
    places = np.concatenate([chosen, others]).astype(np.int32)
    return places[np.argsort(labels[places], kind="stable")]


def class_by_class(labels: NDArray[Any], order: NDArray[Any], seen: Iterable[int] = ()) -> NDArray[Any]:
    """Reorder positions so that a class is repeated only after all others.

    `seen` are the labels of images that have already been chosen.
    """
    times = Counter(map(int, seen))
    rounds = []
    for place in order:
        label = int(labels[place])
        rounds.append(times[label])
        times[label] += 1
    return order[np.argsort(rounds, kind="stable")]
