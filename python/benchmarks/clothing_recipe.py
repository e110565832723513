"""How every engine trains on the clothing photographs: one set of numbers, so that only the engines differ."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np


@dataclass(frozen=True)
class Recipe:
    """SGD as the 2012 paper writes it: v = momentum v - weight_decay rate w - rate gradient; w = w + v."""

    epochs: int = 40
    batch_size: int = 32
    size: int = 128  # side of the crop that the network sees, in pixels
    resize: int = 144  # side of the square that crops are cut from, in pixels
    threads: int = 2
    seed: int = 0
    learning_rate: float = 0.01
    momentum: float = 0.9
    weight_decay: float = 5e-4
    boundaries: tuple[int, ...] = (25, 35)  # epochs, counted from 0, at whose start the rate is multiplied by `factor`
    factor: float = 0.1

    mean: ClassVar[np.ndarray] = np.array((0.485, 0.456, 0.406), np.float32) * 255
    deviation: ClassVar[np.ndarray] = np.array((0.229, 0.224, 0.225), np.float32) * 255

    def learning_rate_at(self, epoch: int) -> float:
        """The rate in force during an epoch."""
        return self.learning_rate * self.factor ** sum(epoch >= boundary for boundary in self.boundaries)
