"""swiftalexnet: numpy in, numpy out; the reordering to its inner NHWC is inside the timing."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np

import calibration
import nets
import swiftalexnet as sa
from engines import LEARNING_RATE, MOMENTUM, WEIGHT_DECAY, Contender, Setting, UnavailableError
from swiftalexnet.runtime import fma_limits

BUILDERS: dict[str, Callable[[], sa.Model]] = {
    "paper": lambda: sa.alexnet("paper", num_classes=1000, seed=0),
    "owt": lambda: sa.alexnet("owt", num_classes=1000, seed=0),
    "vgg16": lambda: sa.vgg("D", num_classes=1000, seed=0),
}


class Engine:
    """The package's own tensor calls."""

    def __init__(self, setting: Setting, weights: dict[str, np.ndarray]):
        sa.set_num_threads(setting.threads)
        self.arithmetic = arithmetic(setting.contender)
        self.model = BUILDERS[setting.variant]()
        if "form=paper2012" in self.model.spec:  # this dropout halves at test time, the peers' doubles in training
            weights = weights | {name: 2 * weights[name] for name in ("fc7.weight", "fc8.weight")}
        self.model.load_state_dict(weights)
        if setting.contender.precision == "int8":
            self._quantize()

    def tensor(self, images: np.ndarray) -> np.ndarray:
        return images

    def forward(self, x: np.ndarray) -> np.ndarray:
        with _where_it_can(self.arithmetic):
            return self.model.forward(x, keep=False, **self.arithmetic)

    def _quantize(self) -> None:
        """Choose the steps of 8-bit activations by images that preprocessing turns into the peers' tensors."""
        channels, _, side = nets.IMAGE
        self.model.preprocessing = sa.Preprocessing(side, side, np.full(channels, calibration.MEAN, np.float32))
        with _where_it_can(self.arithmetic):
            self.model = self.model.quantize(calibration.images())

    def gradient(self, x: np.ndarray, labels: np.ndarray) -> np.ndarray:
        with _where_it_can(self.arithmetic):
            slope = sa.ops.softmax(self.model.forward(x, **self.arithmetic))
        slope[np.arange(len(labels)), labels] -= 1
        self.model.backward(slope / np.float32(len(labels)))
        return np.array(next(iter(self.model.gradients().values())))

    def train_step(self, x: np.ndarray, labels: np.ndarray) -> None:
        with _where_it_can(self.arithmetic):
            self.model.train_step(
                x, labels, learning_rate=LEARNING_RATE, momentum=MOMENTUM, weight_decay=WEIGHT_DECAY, **self.arithmetic
            )

    def limits(self) -> dict[str, float]:
        return {precision: 1e9 * limit for precision, limit in fma_limits().items()}


def arithmetic(contender: Contender) -> dict:
    """Return the keywords that ask for a contender's arithmetic; float32 needs none."""
    precision = {} if contender.precision == "float32" else {"precision": contender.precision}
    forms = {"": {}, "int8 weights": {"weights": "int8"}, "fast_math": {"fast_math": True}}
    return precision | forms[contender.form]


@contextmanager
def _where_it_can(asked: dict) -> Iterator[None]:
    """Tell an arithmetic that this machine has no instructions for from an error."""
    try:
        yield
    except sa.UnsupportedError as error:
        raise UnavailableError(f"{asked}: {error}") from error
