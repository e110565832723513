"""Inference with Ray Data: actors that classify images or extract features, which need the extra "ray".

The classes work on batches of rows and import nothing of Ray: `Classify` and `Features` go to `map_batches`. The
functions `classify` and `features` call `map_batches` as it should be called.
"""

from .classification import Classify
from .datasets import classify, features
from .extraction import Features

__all__ = ["Classify", "Features", "classify", "features"]
