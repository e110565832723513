"""The images by which all engines choose the steps of their 8-bit activations.

Their deviation is that of `nets.batch`, which has other images.
"""

import numpy as np

from nets import IMAGE

MEAN = 128  # what preprocessing subtracts from a pixel
COUNT = 16


def images() -> np.ndarray:
    """Draw uint8 [count, 224, 224, 3]."""
    channels, height, width = IMAGE
    noise = np.random.default_rng(1).standard_normal((COUNT, height, width, channels), np.float32)
    return np.clip(np.rint(MEAN + 16 * noise), 0, 255).astype(np.uint8)


def tensors() -> np.ndarray:
    """Return the same as a network reads them, float32 [count, 3, 224, 224]."""
    return np.ascontiguousarray(images().transpose(0, 3, 1, 2).astype(np.float32) - MEAN)
