"""Files as Keras writes them, made with h5py alone, for what Keras itself would never write."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from support import needs

h5py = needs("h5py")


def layer(kind: str, name: str, **options: Any) -> dict[str, Any]:
    """Return a layer of a description."""
    return {"class_name": kind, "config": {"name": name, **options}}


def convolution(name: str = "conv", **options: Any) -> dict[str, Any]:
    """Return a convolution of two channels."""
    return layer(
        "Conv2D", name, **{"filters": 2, "kernel_size": [3, 3], "strides": [1, 1], "padding": "same"} | options
    )


def entrance(shape: tuple[int | None, ...] = (8, 8, 3)) -> dict[str, Any]:
    """Return the layer that says which images a model reads."""
    return layer("InputLayer", "input", batch_input_shape=[None, *shape])


def write_model(path: Path, layers: list[dict[str, Any]], weights: dict[str, dict[str, Any]]) -> Path:
    """Write a Sequential model, with weights by layer and name."""
    return write(path, json.dumps({"class_name": "Sequential", "config": {"layers": layers}}), weights)


def write(path: Path, config: str | None, weights: dict[str, dict[str, Any]]) -> Path:
    """Write a description and weights."""
    with h5py.File(path, "w") as file:
        group = file
        if config is not None:
            file.attrs["model_config"] = config
            group = file.create_group("model_weights")
        group.attrs["layer_names"] = list(weights)
        for name, arrays in weights.items():
            inner = group.create_group(name)
            inner.attrs["weight_names"] = [f"{name}/{role}:0" for role in arrays]
            for role, array in arrays.items():
                inner[f"{name}/{role}:0"] = array
    return path


def kernel(shape: tuple[int, ...], seed: int = 0) -> dict[str, Any]:
    """Return a kernel in Keras's order, and a bias."""
    generator = np.random.default_rng(seed)
    arrays = {"kernel": generator.standard_normal(shape), "bias": generator.standard_normal(shape[-1])}
    return {role: array.astype(np.float32) for role, array in arrays.items()}
