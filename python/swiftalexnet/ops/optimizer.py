"""The update of weights by stochastic gradient descent."""

from typing import Any, Literal

from .. import _native
from .._support.arrays import as_float32, plain
from ._shared import choose_code

_RULES = {"paper": 0, "pytorch": 1, "caffe": 2}


def sgd_update(
    w: Any,
    v: Any,
    g: Any,
    learning_rate: float,
    momentum: float = 0.9,
    weight_decay: float = 0.0005,
    rule: Literal["paper", "pytorch", "caffe"] = "paper",
) -> None:
    """Update weights `w` and velocities `v` in place by the gradient `g`.

    Parameters
    ----------
    w, v : array of any shape
        C-contiguous and writable: the result is written here.
    g : array, shaped like `w`
    learning_rate, momentum, weight_decay : float
    rule : {"paper", "pytorch", "caffe"}
        "paper" (Krizhevsky et al. 2012, section 5): v ← momentum · v - rate · (decay · w + g), w ← w + v.
        "pytorch": v ← momentum · v + (g + decay · w), w ← w - rate · v.
        "caffe": v ← momentum · v + rate · (g + decay · w), w ← w - v.
    """
    code = choose_code(_RULES, rule, "rule", "sgd_update")
    w, v = plain(w, "w", "sgd_update", "float32"), plain(v, "v", "sgd_update", "float32")
    _native.sgd_update(w, v, as_float32(g, "g", "sgd_update"), learning_rate, momentum, weight_decay, code)
