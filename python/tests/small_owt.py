"""Weights of a narrow `owt` by torchvision's names."""

import numpy as np


def small_owt(classes=10, dense=True):
    """Return weights of a narrow `owt` by torchvision's names."""
    random = np.random.default_rng(0)
    shapes = {"0": (4, 3, 11), "3": (6, 4, 5), "6": (8, 6, 3), "8": (6, 8, 3), "10": (5, 6, 3)}
    state = {}
    for number, (out, channels, kernel) in shapes.items():
        state[f"features.{number}.weight"] = random.normal(0, 0.1, (out, channels, kernel, kernel))
        state[f"features.{number}.bias"] = random.normal(0, 0.1, out)
    for number, (out, inputs) in {"1": (16, 180), "4": (12, 16), "6": (classes, 12)}.items():
        if dense:
            state[f"classifier.{number}.weight"] = random.normal(0, 0.1, (out, inputs))
            state[f"classifier.{number}.bias"] = random.normal(0, 0.1, out)
    return {name: array.astype(np.float32) for name, array in state.items()}
