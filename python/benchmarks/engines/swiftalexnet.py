"""swiftalexnet: numpy in, numpy out; the reordering to its inner NHWC is inside the timing."""

import numpy as np

import swiftalexnet as sa
from engines import LEARNING_RATE, MOMENTUM, WEIGHT_DECAY, Setting


class Engine:
    """The package's own tensor calls."""

    def __init__(self, setting: Setting, weights: dict[str, np.ndarray]):
        sa.set_num_threads(setting.threads)
        self.model = sa.alexnet(setting.variant, num_classes=1000, seed=0)
        if setting.variant == "paper":  # its dropout halves at test time, where the others double in training
            weights = weights | {name: 2 * weights[name] for name in ("fc7.weight", "fc8.weight")}
        self.model.load_state_dict(weights)

    def tensor(self, images: np.ndarray) -> np.ndarray:
        return images

    def forward(self, x: np.ndarray) -> np.ndarray:
        return self.model.forward(x, keep=False)

    def gradient(self, x: np.ndarray, labels: np.ndarray) -> np.ndarray:
        slope = sa.ops.softmax(self.model.forward(x))
        slope[np.arange(len(labels)), labels] -= 1
        self.model.backward(slope / np.float32(len(labels)))
        return np.array(self.model.gradients()["conv1.weight"])

    def train_step(self, x: np.ndarray, labels: np.ndarray) -> None:
        self.model.train_step(x, labels, learning_rate=LEARNING_RATE, momentum=MOMENTUM, weight_decay=WEIGHT_DECAY)
