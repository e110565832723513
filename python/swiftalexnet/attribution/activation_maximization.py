"""Images that a class or a unit answers to most."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .._support.arithmetic import DIFFERENTIABLE, PRECISIONS, choose_precision
from .._support.arrays import as_integer, as_seed
from .._support.kinds import as_items
from .._support.numbers import check_number
from .._support.tables import html_table
from ..errors import NonFiniteError
from ..network.base import BaseModel
from ..network.checks import require_model
from ..network.derivatives import INPUT
from .pixels import Pixels, blurred
from .targets import Score, cotangent, is_single

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Float32 = NDArray[np.float32]

_MOST = 256  # images made together


@dataclass(frozen=True, eq=False)
class Maximization:
    """Images made by `activation_maximization`, one for each target.

    Attributes
    ----------
    images : array of uint8, [count, height, width, channels]
    values : array of float32, [count, channels, height, width]
        The same as the network's input.
    targets : array of int64, [count]
        Classes, or channels of `layer`.
    names : tuple of str
    scores : array of float32, [steps + 1, count]
        What was maximised, before every step and after the last.
    layer : str or None
    """

    images: NDArray[np.uint8]
    values: Float32
    targets: NDArray[np.int64]
    names: tuple[str, ...]
    scores: Float32
    layer: str | None

    def plot(self, columns: int = 4) -> "Figure":
        """Draw the images: see `swiftalexnet.plots.plot_maximization`."""
        from ..plots.attribution import plot_maximization

        return plot_maximization(self, columns)

    def __len__(self) -> int:
        return len(self.images)

    def __repr__(self) -> str:
        return f"<{len(self)} images that maximise {', '.join(self.names[:5])}{', …' if len(self) > 5 else ''}>"

    def _repr_html_(self) -> str:
        columns = zip(self.names, self.scores[0], self.scores[-1], strict=True)
        rows = [(name, f"{first:.4g}", f"{last:.4g}") for name, first, last in columns]
        return html_table([repr(self)], ("maximised", "score at the start", "at the end"), rows)


def activation_maximization(
    model: BaseModel,
    target: Any = 0,
    layer: str | None = None,
    *,
    steps: int = 128,
    rate: float = 0.02,
    decay: float = 1e-4,
    blur_every: int = 4,
    shift: int = 4,
    start: float = 0.05,
    seed: int = 0,
    precision: str = "float32",
) -> Maximization:
    """Make images that maximise a class's logit or a channel's largest activation, by gradient ascent on the input.

    Erhan et al. 2009, and Simonyan et al. 2013, section 2: argmax S(x) − λ‖x‖². Blurring (Yosinski et al. 2015) and a
    random shift of each step (Mordvintsev et al. 2015) keep out the high frequencies to which networks answer.

    Parameters
    ----------
    model : Model
    target : int, str or sequence of these
        Classes by index or name, or channels of the layer; one image is made for each.
    layer : str, optional
        By default the network's classes are maximised.
    steps : int
        Up to 100,000.
    rate : float
        Root of the mean square of a step, in parts of the range from black to white.
    decay : float
        Part of the input's distance from the mean that each step takes back: the derivative of the penalty λ‖x‖².
    blur_every : int
        Steps between two blurs by the kernel (1, 2, 1) / 4; 0 for none.
    shift : int
        Most pixels by which the image is shifted for a step, down and across; 0 for none.
    start : float
        Standard deviation of the noise around the mean that the ascent starts from, in parts of the range.
    seed : int
        Of the noise and the shifts.
    precision : {"float32", "bfloat16", "auto"}
        Of activations and gradients.

    Returns
    -------
    Maximization

    Raises
    ------
    TypeError, ValueError
        An unknown layer or class, a target or number out of range.
    UnsupportedError
        The network has no classes and no layer is given; or it whitens its images.
    NonFiniteError
        A gradient is infinite or NaN.
    """
    operation = "activation_maximization"
    require_model(model, operation)
    steps = as_integer(steps, "steps", operation, 1, 100_000)
    blur_every = as_integer(blur_every, "blur_every", operation, 0)
    shift = as_integer(shift, "shift", operation, 0, min(model.input_shape[1:]))
    for value, name in ((rate, "rate"), (decay, "decay"), (start, "start")):
        check_number(value, name, operation, below=10)
    precision = PRECISIONS[choose_precision(operation, precision, DIFFERENTIABLE)]
    if target is None:
        raise TypeError(f"{operation}: target is None, expected a class or channel, or a list of these")
    targets = [target] if is_single(target) else as_items(target, "target", operation, _MOST)
    if not targets:
        raise ValueError(f"{operation}: there are no targets, expected at least one")
    count = len(targets)
    score, pixels = Score(model, targets, layer, count, operation), Pixels(model, operation)
    draw = np.random.Generator(np.random.Philox(key=as_seed(seed, "seed", operation)))
    noise = draw.standard_normal((count, *model.input_shape), np.float32)
    x = pixels.clipped(np.float32(start) * np.abs(pixels.span) * noise)
    reached = np.empty((steps + 1, count), np.float32)
    for step in range(steps + 1):
        moved = draw.integers(-shift, shift + 1, 2) if step < steps else (0, 0)
        passed = model.linearize(np.roll(x, moved, (2, 3)), [score.node], wrt=[INPUT], precision=precision)
        outputs = passed.activations[score.node]
        chosen = score.choose(outputs, slice(0, count))
        reached[step] = chosen.scores
        if step == steps:
            break
        gradient = passed.vjp({score.node: cotangent(chosen.units, outputs.shape)})[INPUT]
        size = np.sqrt((gradient**2).mean(axis=(1, 2, 3), keepdims=True))
        if not np.isfinite(size).all():
            raise NonFiniteError(f"{operation}: a gradient is not finite at step {step}")
        ascent = np.roll(gradient / np.maximum(size, np.finfo(np.float32).tiny), [-each for each in moved], (2, 3))
        x = x * np.float32(1 - decay) + np.float32(rate) * np.abs(pixels.span) * ascent
        x = pixels.clipped(blurred(x) if blur_every and step % blur_every == blur_every - 1 else x)
    names = tuple(score.name(int(each)) for each in chosen.targets)
    return Maximization(pixels.of(x), x, chosen.targets, names, reached, score.layer)
