"""The convolutional part of the networks that LPIPS stands on, with random weights: 10 MB instead of 244."""

import swiftalexnet as sa
from swiftalexnet.perceptual.backbones import BACKBONES


def trunk(net: str = "alex", seed: int = 0) -> sa.Model:
    """Return a model that ends with the last layer that is compared."""
    lines = [f"network {net}", "data channels=3 height=64 width=64", *BACKBONES[net].nodes]
    return sa.Model.from_spec("\n".join(lines) + "\n", "torchvision", seed)
