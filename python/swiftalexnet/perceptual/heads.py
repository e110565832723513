"""The weights of the layers in LPIPS, fitted to people's judgements: lpips_heads.safetensors beside this file.

They come from the package lpips (BSD-2-Clause, lpips_heads.LICENSE; python/make_lpips_heads.py wrote both files).
"""

from importlib import resources

import numpy as np
from numpy.typing import NDArray

VERSIONS = ("0.1", "0.0")
LAYERS = 5


def heads(net: str, version: str) -> list[NDArray[np.float32]]:
    """Return one weight a channel for each of the five layers, all at least 0."""
    from safetensors.numpy import load

    tensors = load((resources.files(__package__) / "lpips_heads.safetensors").read_bytes())
    return [tensors[f"{net}.{version}.{layer}"] for layer in range(LAYERS)]
