"""How much a score falls when a part of the image is covered."""

from typing import Any

import numpy as np

from .._support.arithmetic import choose_arithmetic
from .._support.choices import choose
from ..network.base import BaseModel
from ..ops.loss import softmax
from .baselines import as_baseline, check_baseline
from .recomputation import Recomputation
from .result import Attribution
from .subject import Subject, explain
from .targets import Chosen, Float32
from .windows import as_sides, spread, windows

SCORES = ("logit", "probability")


def occlusion(
    model: BaseModel,
    images: Any,
    target: Any = None,
    layer: str | None = None,
    *,
    window: int | tuple[int, int] | None = None,
    stride: int | tuple[int, int] | None = None,
    baseline: Any = "mean",
    score: str = "logit",
    fast_math: bool = True,
    **options: Any,
) -> Attribution:
    """Return how much the score falls when a window covers each part of the image (Zeiler and Fergus 2013, figure 7).

    The windows of an image are computed `batch_size` at a time, in memory for one batch. No gradients are needed.

    Parameters
    ----------
    model, images, target, layer, **options
        See `saliency`. The target, and a unit's position, are those of the whole image.
    window : int or (int, int), optional
        Height and width in pixels of the network's input; by default an eighth of the input's.
    stride : int or (int, int), optional
        Steps of the window, at most its size; by default half of it. Windows at the border are cut off.
    baseline : {"mean", "black", "white"}, number or array
        What covers: see `integrated_gradients`. The paper's grey square is the mean.
    score : {"logit", "probability"}
        Of the class, which falls; the paper shows probabilities.
    fast_math : bool
        Compute convolutions in float32 by Winograd's method: faster, and scores are off by some 10⁻⁶ of the largest.

    Returns
    -------
    Attribution
        `values` are [count, height, width]: at each pixel, the mean fall over the windows that cover it.

    Raises
    ------
    ValueError
        A window, stride or baseline that does not fit the input.
    TypeError, ValueError, OSError, UnsupportedError, NonFiniteError, MemoryError
        As `saliency`.
    """
    choose("occlusion", "score", score, SCORES if layer is None else SCORES[:1])
    check_baseline(model, baseline, "occlusion")
    fast = bool(choose_arithmetic("occlusion", fast_math=fast_math).fast_math)

    def work(subject: Subject) -> tuple[Float32, Chosen]:
        height, width = subject.x.shape[2:]
        eighth = max(height // 8, 1), max(width // 8, 1)
        sides = as_sides(window, eighth, "window", "occlusion")
        steps = as_sides(stride, (max(sides[0] // 2, 1), max(sides[1] // 2, 1)), "stride", "occlusion")
        places = windows((height, width), sides, steps, "occlusion")
        cover = as_baseline(model, baseline, subject.x.shape[1:], "occlusion")
        outputs = subject.outputs(subject.x, fast_math=fast)
        chosen = subject.score.choose(outputs, subject.rows)
        before = _scores(outputs, chosen.units, score)
        values = np.empty((len(subject.x), height, width), np.float32)
        inputs = subject.inputs
        arithmetic = inputs.precision, fast
        parts = Recomputation(model, subject.score.node, (height, width), places, inputs.batch_size, *arithmetic)
        for number, x in enumerate(subject.x):
            after = np.empty(len(places), np.float32)
            for some, covered in parts.outputs(x, cover):
                after[some] = _scores(covered, np.full(len(some), chosen.units[number]), score)
            values[number] = spread(before[number] - after, places, (height, width))
        return values, chosen

    return explain(model, images, target, layer, "occlusion", "signed", work, options)


def _scores(outputs: Float32, units: Any, score: str) -> Float32:
    """Return one output of each row, or its softmax."""
    flat = outputs.reshape(len(outputs), -1)
    shown = softmax(np.ascontiguousarray(flat)) if score == "probability" else flat
    return np.asarray(shown[np.arange(len(flat)), units])
