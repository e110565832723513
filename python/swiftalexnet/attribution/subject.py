"""A batch of images whose answers are explained, and the gradients that the methods are made of."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._support.arrays import as_output, layout_code
from .._support.choices import nearest
from ..errors import NonFiniteError
from ..network.base import BaseModel
from ..network.derivatives import INPUT
from .inputs import OPTIONS, Inputs
from .result import Attribution
from .targets import Chosen, Score, cotangent

Float32 = NDArray[np.float32]


class Subject(NamedTuple):
    """A batch of images and what is explained of them.

    Attributes
    ----------
    model : Model
    x : array of float32, [batch, channels, height, width]
        The network's input.
    rows : slice
        The images' place among all images.
    score : Score
    inputs : Inputs
        Holds the arithmetic and the batch size.
    """

    model: Any
    x: Float32
    rows: slice
    score: Score
    inputs: Inputs

    def choose(self) -> Chosen:
        """Return what is explained, from a forward pass."""
        return self.score.choose(self.outputs(self.x), self.rows)

    def outputs(self, x: Float32, fast_math: bool = False) -> Float32:
        """Return the outputs of the explained node for any input of the network's form, [batch, channels, …]."""
        node, precision = self.score.node, self.inputs.precision
        outputs: Float32 = self.model.activations(x, [node], precision=precision, fast_math=fast_math)[node]
        return outputs

    def gradients(self, *asked: tuple[str, str]) -> tuple[list[Float32], Chosen, dict[str, Float32]]:
        """Return gradients of the scores, from one forward pass.

        Parameters
        ----------
        *asked : (str, str)
            A node, and the rule of ReLUs on the way back to it.

        Returns
        -------
        gradients, chosen, values
            One gradient for each that was asked for, what was chosen, and the activations of these nodes.
        """
        node, nodes = self.score.node, list(dict.fromkeys(name for name, _ in asked))
        kept = [node, *(name for name in nodes if name != INPUT)]
        passed = self.model.linearize(self.x, kept, wrt=nodes, precision=self.inputs.precision)
        outputs = passed.activations[node]
        chosen = self.score.choose(outputs, self.rows)
        start = {node: cotangent(chosen.units, outputs.shape)}
        found = [passed.vjp(start, wrt=[name], relu=rule)[name] for name, rule in asked]
        return found, chosen, passed.activations

    def gradient(self, relu: str = "standard") -> tuple[Float32, Chosen]:
        """Return the gradient of the scores with respect to the input, and what was chosen."""
        (gradient,), chosen, _ = self.gradients((INPUT, relu))
        return gradient, chosen

    def gradient_of(self, x: Float32, unit: int) -> Float32:
        """Return the gradient of one unit with respect to each of several inputs."""
        node = self.score.node
        passed = self.model.linearize(x, [node], wrt=[INPUT], precision=self.inputs.precision)
        shape = passed.activations[node].shape
        gradient: Float32 = passed.vjp({node: cotangent(np.full(len(x), unit), shape)})[INPUT]
        return gradient


Work = Callable[[Subject], tuple[Float32, Chosen]]


def explain(
    model: BaseModel, images: Any, target: Any, layer: str | None, method: str, look: str, work: Work, options: Any
) -> Attribution:
    """Apply a method to all images, a batch at a time.

    Parameters
    ----------
    model, images, target, layer
        See `Inputs` and `Score`.
    method : str
        The function's name, for messages and the result.
    look : str
        See `Attribution`.
    work : callable
        Returns the values of a `Subject`, [batch, …], and what was chosen.
    options : dict
        Of `Inputs`.

    Raises
    ------
    TypeError, ValueError, OSError
        Something that does not fit, or an image that cannot be read.
    NonFiniteError
        A value is infinite or NaN; the message names the parameter or node that caused it.
    MemoryError
        The values of all images do not fit into memory.
    """
    for name in options:
        if name not in OPTIONS:
            raise TypeError(
                f"{method}: unknown option {name!r}, expected one of {', '.join(OPTIONS)}{nearest(name, OPTIONS)}"
            )
    inputs = Inputs(model, images, method, **options)
    score = Score(model, target, layer, len(inputs), method)
    values: Float32 = np.empty(0, np.float32)
    crops: NDArray[np.uint8] | None = None
    size = (0, 0)
    targets, scores = np.empty(len(inputs), np.int64), np.empty(len(inputs), np.float32)
    for rows, x, pixels in inputs.parts():
        found, chosen = work(Subject(model, x, rows, score, inputs))
        _require_finite(model, found, chosen, x, rows, inputs, method)
        if not rows.start:
            values = as_output(None, (len(inputs), *found.shape[1:]), method)
            crops = None if pixels is None else np.empty((len(inputs), *pixels.shape[1:]), np.uint8)
        values[rows], targets[rows], scores[rows] = found, chosen.targets, chosen.scores
        if crops is not None and pixels is not None:
            crops[rows] = pixels
        size = (x.shape[2], x.shape[3])
    names = tuple(score.name(int(each)) for each in targets)
    return Attribution(method, values, targets, names, scores, score.layer, crops, size, look)


def _require_finite(
    model: BaseModel, values: Float32, chosen: Chosen, x: Float32, rows: slice, inputs: Inputs, method: str
) -> None:
    fine = np.array([np.isfinite(each).all() for each in values]) & np.isfinite(chosen.scores)
    if not fine.all():
        number = int(np.argmin(fine))
        code = layout_code("NCHW", method)
        cause = model.network.non_finite_cause(x[number : number + 1], code, inputs.arithmetic)
        raise NonFiniteError(f"{method}: the values of image {rows.start + number} are not finite: {cause}")
