"""Write the small files of Keras 2 and 3 that the tests read, with the logits that Keras computes.

.venv-peers/bin/python python/tests/peers/make_keras_files.py python/tests/formats/files
"""

import os
import sys
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tf_keras

WIDTHS = (2, 3, 3, 4, 4)
CONVOLUTIONS = (2, 2, 3, 3, 3)
CLASSES = 5


def images(shape: tuple[int, ...], seed: int) -> np.ndarray:
    """Return pixels of 0 to 255 as every test makes them."""
    return np.random.default_rng(seed).integers(0, 256, (2, *shape)).astype(np.float32)


def vgg(framework: Any, top: bool = True) -> Any:
    """Return VGG-16 with the names of keras.applications and a few channels."""
    layers = framework.layers
    x = inputs = layers.Input((224, 224, 3))
    for block, (width, count) in enumerate(zip(WIDTHS, CONVOLUTIONS, strict=True), 1):
        for number in range(1, count + 1):
            name = f"block{block}_conv{number}"
            x = layers.Conv2D(width, 3, padding="same", activation="relu", name=name)(x)
        x = layers.MaxPooling2D(2, strides=2, name=f"block{block}_pool")(x)
    if top:
        x = layers.Flatten(name="flatten")(x)
        x = layers.Dense(8, activation="relu", name="fc1")(x)
        x = layers.Dense(8, activation="relu", name="fc2")(x)
        x = layers.Dense(CLASSES, activation="softmax", name="predictions")(x)
    return framework.Model(inputs, x, name="vgg16")


def alexnet(framework: Any) -> Any:
    """Return a small AlexNet that uses every layer which has rules of its own."""
    layers = framework.layers
    return framework.Sequential(
        [
            layers.Input((37, 37, 3)),
            layers.Rescaling(1 / 127.5, offset=-1),
            layers.RandomFlip("horizontal"),
            layers.ZeroPadding2D(((1, 2), (2, 0))),
            layers.Conv2D(6, 5, strides=2, activation="relu"),
            layers.BatchNormalization(),
            layers.MaxPooling2D(3, strides=2),
            layers.Conv2D(8, 4, strides=2, padding="same", groups=2, use_bias=False),
            layers.BatchNormalization(scale=False),
            layers.Activation("relu"),
            layers.AveragePooling2D(2, strides=1, padding="same"),
            layers.Conv2D(8, 3, padding="same", activation="tanh"),
            layers.MaxPooling2D(3, strides=2, padding="same"),
            layers.Flatten(),
            layers.Dense(12),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.Dropout(0.5),
            layers.Dense(CLASSES, activation="softmax"),
        ],
        name="alexnet",
    )


def transferred(framework: Any) -> Any:
    """Return a model for other classes on the convolutions of a small VGG, which lie in a model of their own."""
    layers = framework.layers
    base = framework.Sequential(
        [
            layers.Input((20, 20, 3)),
            layers.Conv2D(4, 3, padding="same", activation="relu", name="block1_conv1"),
            layers.MaxPooling2D(name="block1_pool"),
            layers.Conv2D(6, 3, padding="same", activation="relu", name="block2_conv1"),
            layers.BatchNormalization(),
        ],
        name="base",
    )
    base.trainable = False
    return framework.Sequential(
        [
            layers.Input((20, 20, 3)),
            base,
            layers.GlobalAveragePooling2D(),
            layers.Dense(7, activation="sigmoid", name="hidden"),
            layers.Dense(CLASSES, name="classes"),
        ],
        name="transferred",
    )


def randomized(model: Any, seed: int) -> Any:
    """Return the model with weights that keep its values near 1, and variances above 0."""
    generator = np.random.default_rng(seed)
    for variable in model.weights:
        shape = tuple(variable.shape)
        if "seed" in variable.name or "count" in variable.name:
            continue
        values = generator.standard_normal(shape)
        if len(shape) > 1:
            values *= np.sqrt(2 / np.prod(shape[:-1]))
        variable.assign(np.abs(values) + 0.5 if "variance" in variable.name else values)
    return model


def logits(model: Any, x: np.ndarray) -> np.ndarray:
    """Return what the model computes before its softmax."""
    last = model.layers[-1]
    if getattr(last, "activation", None) is not None and last.activation.__name__ == "softmax":
        last.activation = type(model.layers[-1])(1, activation="linear").activation
    model.make_predict_function(force=True)
    return np.asarray(model.predict(x, verbose=0))


def main(folder: Path) -> None:
    """Write all files."""
    answers = {}

    def write(name: str, model: Any, weights: bool, x: np.ndarray) -> None:
        (model.save_weights if weights else model.save)(str(folder / name))
        answers[name] = logits(model, x)

    for framework, version in ((tf_keras, "2"), (keras, "3")):
        pixels = images((224, 224, 3), 0) - np.array([103.939, 116.779, 123.68], np.float32)
        scaled = pixels / 100
        for name, weights, top in (
            ("vgg.weights.h5" if version == "3" else "vgg.h5", True, True),
            ("vgg_notop.weights.h5" if version == "3" else "vgg_notop.h5", True, False),
        ):
            write(f"keras{version}_{name}", randomized(vgg(framework, top), 1), weights, scaled)
        for end in (".h5", ".keras"):
            write(f"keras{version}_alexnet{end}", randomized(alexnet(framework), 2), False, images((37, 37, 3), 3))
            write(
                f"keras{version}_transferred{end}", randomized(transferred(framework), 4), False, images((20, 20, 3), 5)
            )
    np.savez(folder / "keras_answers.npz", **answers)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
