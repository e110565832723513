"""The update of weights by stochastic gradient descent."""

from typing import Any, Literal

from .. import _native
from .._support.arrays import as_float32, plain
from .._support.native_arguments import RULES
from ._shared import choose_code

_RULES = {rule: code for code, rule in enumerate(RULES)}


def sgd_update(
    w: Any,
    v: Any,
    g: Any,
    learning_rate: float,
    momentum: float = 0.9,
    weight_decay: float = 0.0005,
    rule: Literal["paper", "pytorch", "caffe", "lars"] = "paper",
    trust_coefficient: float = 0.001,
) -> None:
    """Update weights `w` and velocities `v` in place by the gradient `g`.

    Parameters
    ----------
    w, v : array of any shape
        C-contiguous and writable: the result is written here.
    g : array, shaped like `w`
    learning_rate, momentum, weight_decay : float
    rule : {"paper", "pytorch", "caffe", "lars"}
        "paper" (Krizhevsky et al. 2012, section 5): v ← momentum · v - rate · (decay · w + g), w ← w + v.
        "pytorch": v ← momentum · v + (g + decay · w), w ← w - rate · v.
        "caffe": v ← momentum · v + rate · (g + decay · w), w ← w - v.
        "lars" (You, Gitman & Ginsburg 2017, arXiv:1708.03888, algorithm 1): like "caffe", with the rate multiplied by
        λ = trust_coefficient · ‖w‖ / (‖g‖ + decay · ‖w‖), which is 1 where ‖w‖ or ‖g‖ is 0. The arrays are one
        parameter: the weights or the biases of a layer.
    trust_coefficient : float
        η of "lars", above 0; other rules ignore it.

    Raises
    ------
    TypeError, ValueError
        Arrays or numbers that do not fit.
    NonFiniteError
        The rate of "lars" is NaN or overflows float32; nothing was updated.
    """
    code = choose_code(_RULES, rule, "rule", "sgd_update")
    w, v = plain(w, "w", "sgd_update", "float32"), plain(v, "v", "sgd_update", "float32")
    numbers = learning_rate, momentum, weight_decay
    _native.sgd_update(w, v, as_float32(g, "g", "sgd_update"), *numbers, code, trust_coefficient)
