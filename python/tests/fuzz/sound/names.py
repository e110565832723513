"""Valid values of parameters by their names, anywhere in the package."""

from collections.abc import Callable
from typing import Any

import numpy as np
from support import quick_recipe, tiny_model

import swiftalexnet as sa
from swiftalexnet.distributed import LocalCommunicator
from swiftalexnet.network.derivatives import Linearization

from ..world import CLASSES, SIDE, TINY, World

Maker = Callable[[World], Any]

MODEL_SIDE = 20  # pixels that the tiny network reads

# What a parameter of this name is, wherever it stands.
BY_NAME: dict[str, Maker] = {
    # data
    "images": lambda world: some_images(world),
    "image": lambda world: world.one_of(world.images(SIDE, SIDE, 3), world.image_file(), world.pillow()),
    "data": lambda world: some_data(world),
    "train": lambda world: some_data(world),
    "test": lambda world: world.shared.data,
    "validation": lambda world: some_data(world),
    "labels": lambda world: world.integers(4, len(CLASSES)),
    "classes": lambda world: CLASSES,
    "geometry": lambda world: world.geometry(),
    "queries": lambda world: world.images(2, SIDE, SIDE, 3),
    "index": lambda world: world.random.randrange(8),
    # several processes
    "communicator": lambda world: LocalCommunicator(),
    "shards": lambda world: world.one_of(1, 4, 8),
    "wire": lambda world: "float32",
    "towers": lambda world: False,
    "timeout": lambda world: 30.0,
    "reason": lambda world: "broken",
    # networks
    "model": lambda world: world.shared.model,
    "models": lambda world: [world.shared.model, world.shared.other],
    "network": lambda world: world.one_of(world.shared.model, TINY.format(channels=3, classes=4)),
    "from_model": lambda world: world.shared.vgg,
    "source": lambda world: world.shared.other,
    "text": lambda world: TINY.format(channels=3, classes=4),
    "state": lambda world: world.shared.other.state_dict(),
    "layers": lambda world: world.random.sample(["conv1", "relu2", "fc6", "prob"], 2),
    "target": lambda world: world.one_of(2, "low"),
    "deviation": lambda world: 0.1,
    "window": lambda world: world.one_of(5, (4, 6)),
    "stride": lambda world: world.one_of(2, (2, 1)),  # within the window, also the least that is chosen
    "layer": lambda world: world.one_of("relu6", "conv2"),
    "names": lambda world: world.random.sample(["conv1", "conv2", "fc6"], 2),
    "prefixes": lambda world: world.random.sample(["conv1", "fc", "conv2.bias"], 2),
    "initialization": lambda world: world.one_of("zeros", "glorot", "paper"),
    "activation": lambda world: world.one_of("relu", "tanh", "sigmoid"),
    "without": lambda world: ("fc6", "fc7"),
    "num_classes": lambda world: world.random.randint(1, 9),
    "in_channels": lambda world: world.random.randint(1, 4),
    "build": lambda world: lambda seed: tiny_model(seed=seed),
    # numbers and words
    "batch": lambda world: 2,
    "batch_size": lambda world: world.one_of(3, "auto"),
    "count": lambda world: 2,
    "crops": lambda world: world.one_of(1, 9, 10, 50),
    "scales": lambda world: world.one_of([20, 24], (25,)),
    "scale": lambda world: 24,
    "seed": lambda world: world.random.getrandbits(64),
    "class_weight": lambda world: world.one_of("balanced", {0: 2, 1: 0.5}),
    "random_state": lambda world: 0,
    "seeds": lambda world: [world.random.getrandbits(64), 0],
    "top": lambda world: world.random.randint(1, 4),
    "epochs": lambda world: 1,
    "out": lambda world: None,
    "x": lambda world: world.floats(3, 3, MODEL_SIDE, MODEL_SIDE),
    "dlogits": lambda world: world.floats(3, len(CLASSES)),
    "per_layer": lambda world: {"relu1": 0.5},
    "layout": lambda world: "NCHW",
    "method": lambda world: "percentile",  # the other has no percentile
    "percentile": lambda world: world.one_of(99.9, 100),
    "precision": lambda world: world.one_of("float32", "auto"),
    "weights": lambda world: world.one_of("float", "int8"),
    "value_range": lambda world: (0, 1),
    "validation_error": lambda world: 50.0,
    "moment": lambda world: sa.Moment(0, 1, 9),
    "schedule": lambda world: world.one_of(sa.ConstantSchedule(), sa.PolynomialSchedule(), sa.DexpSchedule()),
    "bias_schedule": lambda world: sa.ConstantSchedule(),
    "groups": lambda world: [sa.ParameterGroup("conv*", 0.5)],
    "components": lambda world: sa.ColorComponents(np.eye(3), (1, 2, 3)),
    "color_components": lambda world: sa.ColorComponents(np.eye(3), (1, 2, 3)),
    "color_noise_epochs": lambda world: 1,
    "augmentation": lambda world: sa.Augmentation(),
    "pretrained": lambda world: None,
    "prototxt": lambda world: None,
    "known_answers": lambda world: None,
    "history": lambda world: world.shared.history,
    "histories": lambda world: [world.shared.history, world.shared.history],
    "profile": lambda world: world.shared.profile,
    "evaluation": lambda world: world.shared.evaluation,
    "recipe": lambda world: some_recipe(world),
    "size": lambda world: 20,
    "side": lambda world: 20,
    "workers": lambda world: 2,
    "variant": lambda world: None,
    "parts": lambda world: 2,
    "channels": lambda world: 3,
    "pattern": lambda world: "conv*",
    "boundaries": lambda world: (1, 3),
    "factors": lambda world: [0.5, 0.0],
    "operation": lambda world: "fuzz",
    "other": lambda world: world.one_of(sa.ConstantSchedule(), 3),
    # the file system
    "path": lambda world: world.new_file(),
    "root": lambda world: world.shared.folder / "photos",
    "cache": lambda world: world.one_of(True, world.new_file()),
    "folder": lambda world: world.new_file(),
    "checkpoint": lambda world: world.new_file(),
    "checkpoint_every": lambda world: None,
    "on_epoch_end": lambda world: lambda row: None,
    # records
    "thumbnail": lambda world: None,
    "title": lambda world: "title",
    "rows": lambda world: list(world.shared.history.rows),
    "name": lambda world: "name",
    "mean": lambda world: world.floats(3),
    "whitening": lambda world: None,
    "learn_whitening": lambda world: None,
    "learning_rate": lambda world: 0.01,
    "momentum": lambda world: 0.9,
    "weight_decay": lambda world: 5e-4,
    "width": lambda world: 3.0,
    "height": lambda world: 2.0,
    **{name: lambda world: 1.5 for name in ("top1_error", "top5_error", "loss", "milliseconds")},
    **{name: lambda world: 1.5 for name in ("gflops_limit", "gigabytes_limit")},
    **{name: lambda world: 5 for name in ("skipped", "gradients", "velocities", "activations", "scratch")},
    **{name: lambda world: 1 for name in ("epoch", "step", "total_steps", "resize", "crop")},
    "probabilities": lambda world: (0.5, 0.5),
    "training": lambda world: world.one_of(False, True),
    "eigenvectors": lambda world: np.eye(3),
    "deviations": lambda world: (1.0, 2.0, 3.0),
    "fields": lambda world: world.shared.model.preprocessing.to_json(),
}


def some_images(world: World) -> Any:
    """Return images in one of the forms that users hold."""
    count, side = world.random.randint(1, 3), world.random.randint(4, 40)
    return world.one_of(
        world.images(count, side, side + 3, 3),
        world.images(side, side, 3),
        [world.images(side, side, 3), world.images(5, 6)],
        world.image_file(),
        [str(world.image_file()), world.image_file()],
        world.pillow(),
    )


def some_data(world: World) -> Any:
    """Return a data set: arrays, or seldom files."""
    if world.random.random() < 0.8:
        return world.shared.data
    return world.one_of(world.folder(), sa.ShardedDataset(world.shared.shards))


def some_linearization(world: World) -> Linearization:
    """Return a pass that is kept for gradients from conv2."""
    x = world.floats(3, 3, MODEL_SIDE, MODEL_SIDE)
    return world.shared.model.linearize(x, ["conv2"], ["data", "conv1"])


def some_recipe(world: World) -> sa.Recipe:
    """Return a recipe of one epoch."""
    changes: dict[str, Any] = world.one_of(
        {},
        {"rule": "pytorch"},
        {"rule": "lars", "lars_biases": False, "warmup_epochs": 0.5},
        {"color_noise": 0.1},
        {"scale": (20, 30)},
        {"rotation": 10.0, "shift": 2, "chunk": 4},
    )
    return quick_recipe(batch_size=4, epochs=1, **changes)
