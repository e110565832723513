"""Which images stand for all: drawn by a seed, and not chosen by what looks well."""

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
    """Draw measured images, right and wrong ones in proportion, over as many classes as there are places.

    Of `count` images count · (wrong images) / (measured images) are wrong, rounded half to even; no class comes again
    before others have come, as far as there are images.

    Parameters
    ----------
    evaluation : Evaluation
    count : int
        How many, at most all.
    seed : int

    Returns
    -------
    array of int32, [count]
        Places in the evaluation's arrays (`evaluation.indices[places]` are places in the data), those of one class
        together.
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
    """Bring places into an order in which no class comes again before the others have come.

    `seen` are the labels of images that have come before.
    """
    times = Counter(map(int, seen))
    rounds = []
    for place in order:
        label = int(labels[place])
        rounds.append(times[label])
        times[label] += 1
    return order[np.argsort(rounds, kind="stable")]
