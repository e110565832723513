"""Weights of narrow networks under other frameworks' names."""

import numpy as np
from numpy.typing import NDArray

Arrays = dict[str, NDArray[np.float32]]

# torchvision's number of each weighted layer, and its shape but for widths.
ALEXNET = (("features.0", 11), ("features.3", 5), ("features.6", 3), ("features.8", 3), ("features.10", 3))
VGG11 = (
    "features.0",
    "features.3",
    "features.6",
    "features.8",
    "features.11",
    "features.13",
    "features.16",
    "features.18",
)
VGG11_BN = (
    "features.0",
    "features.4",
    "features.8",
    "features.11",
    "features.15",
    "features.18",
    "features.22",
    "features.25",
)


def torchvision_alexnet(channels: int = 3, classes: int = 5, seed: int = 0) -> Arrays:
    """Return a state dict with the names and kernels of torchvision's AlexNet, 2 to 4 channels wide."""
    layers = [(name, (2 + place % 3, kernel)) for place, (name, kernel) in enumerate(ALEXNET)]
    return _state(
        layers, [("classifier.1", 36, 8), ("classifier.4", 1, 6), ("classifier.6", 1, classes)], channels, seed
    )


def torchvision_vgg11(classes: int = 5, norm: bool = False, seed: int = 0) -> Arrays:
    """Return a state dict with the names and kernels of torchvision's VGG-11, 2 to 4 channels wide."""
    layers = [(name, (2 + place % 3, 3)) for place, name in enumerate(VGG11_BN if norm else VGG11)]
    dense = [("classifier.0", 49, 8), ("classifier.3", 1, 6), ("classifier.6", 1, classes)]
    state = _state(layers, dense, 3, seed)
    if norm:
        random = np.random.default_rng(seed + 1)
        for name, (width, _) in layers:
            norm_name = f"features.{int(name.rpartition('.')[2]) + 1}"
            for part, low, high in (
                ("weight", 0.5, 2),
                ("bias", -1, 1),
                ("running_mean", -1, 1),
                ("running_var", 0.5, 2),
            ):
                state[f"{norm_name}.{part}"] = random.uniform(low, high, width).astype(np.float32)
            state[f"{norm_name}.num_batches_tracked"] = np.array(7)
    return state


def _state(
    layers: list[tuple[str, tuple[int, int]]], dense: list[tuple[str, int, int]], channels: int, seed: int
) -> Arrays:
    random = np.random.default_rng(seed)

    def draw(*shape: int) -> NDArray[np.float32]:
        return (random.standard_normal(shape) / np.sqrt(np.prod(shape[1:] or (100,)))).astype(np.float32)

    state = {}
    for name, (width, kernel) in layers:
        state |= {f"{name}.weight": draw(width, channels, kernel, kernel), f"{name}.bias": draw(width)}
        channels = width
    for name, places, width in dense:
        state |= {f"{name}.weight": draw(width, channels * places), f"{name}.bias": draw(width)}
        channels = width
    return state
