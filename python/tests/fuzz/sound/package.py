"""Valid arguments of entry points that do not follow from the names of their parameters."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import swiftalexnet as sa
from swiftalexnet.training.history import COLUMNS

from ..entries import Entry
from ..world import CLASSES, SIDE, World
from .names import MODEL_SIDE, some_images, some_recipe

WEIGHTS = Path(__file__).parents[2] / "formats" / "files"  # of other frameworks
_AS_IT_IS = {"in_channels": None, "image_size": None, "activation": "relu", "without": (), "ceil_mode": None}


def some_weights(world: World) -> dict[str, Any]:
    """Return a small file of another framework, with what it needs."""
    name = world.one_of("torch_vgg11.pth", "torch_alexnet_legacy.pth", "onnx_vgg11_bn_script.onnx", "keras2_vgg.h5")
    return world.one_of(
        {"path": WEIGHTS / name, "prototxt": None},
        {"path": WEIGHTS / "caffe_alexnet.caffemodel", "prototxt": WEIGHTS / "caffe_alexnet.prototxt"},
    )


def _layout_of_images(world: World) -> dict[str, Any]:
    """Return images with the options that they need."""
    return world.one_of(
        {"images": some_images(world), "layout": "NHWC", "value_range": None},
        {"images": world.images(2, 3, SIDE, SIDE), "layout": "NCHW", "value_range": None},
        {"images": np.clip(world.floats(2, SIDE, SIDE, 3), 0, 1), "layout": "NHWC", "value_range": (0, 1)},
    )


_SMALL = {"initialization": "zeros", "without": ("fc6", "fc7")}  # networks of no more than 100 MB

# Of the procedures of evaluation, those that every image and network can be put to.
_VIEWS = ({}, {"crops": 10}, {"dense": True}, {"scales": [24]})

# What an entry, or every method of that name, needs instead.
BY_ENTRY: dict[str, Callable[[World], dict[str, Any]]] = {
    "after_epoch": lambda world: {"state": {"best": 101.0, "waited": 0, "reductions": 0}},
    "rate_factor": lambda world: {"state": {"best": 101.0, "waited": 0, "reductions": 0}},
    "ArrayDataset": lambda world: {"images": world.images(4, SIDE, SIDE, 3)},
    "ArrayDataset.image": lambda world: {"index": world.random.randrange(8)},
    "Augmentation": lambda world: {"crop": True},
    "Ensemble": lambda world: {"weights": [1, 2.5]},
    "Evaluation": lambda world: dict(vars(world.shared.evaluation)),
    "ImageFolder.workers =": lambda world: {"value": 2},
    "Evaluation.plot_worst": lambda world: {"data": world.shared.data},
    "plots.plot_worst": lambda world: {"data": world.shared.data},
    "Model.load_state_dict": lambda world: {"strict": True},
    "Suggestion": lambda world: vars(sa.suggest(world.shared.data)),
    "Model.classes =": lambda world: {"value": CLASSES},
    "Ensemble.weights =": lambda world: {"value": [1, 2.5]},
    "History.column": lambda world: {"name": world.one_of(*COLUMNS)},
    "History.__getitem__": lambda world: {"index": world.one_of(0, -1, slice(1))},
    "ImageFolder.cache_to": lambda world: {"channels": world.one_of(1, 3), "value_range": None},
    "Memory": lambda world: {"weights": 3},
    "Model": lambda world: {"network": world.network()},
    "Model.backward": lambda world: {"dlogits": world.model().forward(world.floats(3, 3, MODEL_SIDE, MODEL_SIDE))},
    "Model.fit": lambda world: (
        {"recipe": some_recipe(world), "epochs": 1, "checkpoint": None, "resume": False}
        | world.one_of({}, {"checkpoint": world.new_file()})
    ),
    "Model.forward": lambda world: {"training": False, "weights": "float", "fast_math": False},
    "Model.preprocessing =": lambda world: {"value": world.shared.model.preprocessing.replace(mean=world.floats(3))},
    "Model.profile": lambda world: {"batch": world.one_of(1, world.images(1, SIDE, SIDE, 3)), "repeats": 1},
    "Model.export": lambda world: (
        {"path": world.new_file(".onnx"), "format": "onnx", "preprocessing": world.one_of(False, True)}
    ),
    "Model.save": lambda world: (
        {"path": world.new_file(".safetensors"), "float16": world.one_of(False, True)}
        | {"known_answers": world.one_of(None, True)}  # others would leave `verify` without those of its test image
    ),
    "Model.verify": lambda world: {"images": None},
    "Model.score_map": lambda world: {"layout": "NHWC", "value_range": None},
    "Model.train_step": lambda world: {"labels": world.integers(3, len(CLASSES))},
    "ParameterGroup.matches": lambda world: {"name": "conv1.weight"},
    "Preprocessing": lambda world: {"resize": 24, "crop": 20, "scale": world.one_of(None, world.floats(3))},
    "Preprocessing.replace": lambda world: {"resize": 24, "crop": 20, "scale": None},
    "Profile": lambda world: {"batch": 1},
    "Recipe": lambda world: {"batch_size": 4, "crop": True, "scale": None},
    "Recipe.replace": lambda world: {"batch_size": 4, "crop": True, "scale": None},
    "SeedFamily": lambda world: {"histories": {0: world.shared.history, 7: world.shared.history}},
    "SeedFamily.ensemble": lambda world: {"seeds": world.one_of(None, [5])},
    "SeedFamily.load": lambda world: {"folder": world.shared.family.folder},
    "SeedFamily.model": lambda world: {"seed": world.one_of(0, 5)},
    "Summary": lambda world: {"rows": world.shared.model.summary().rows},
    "Views.images_at_once": lambda world: {"batch_size": 7},
    "build": lambda world: {"name": world.one_of("vgg-A", "owt", "caffe", "one_tower"), "image_size": 96, **_SMALL},
    "alexnet": lambda world: world.one_of(
        {"variant": world.one_of("owt", "caffe", "d2l"), "image_size": 96, "pretrained": None, **_SMALL},
        {"variant": "owt", "pretrained": WEIGHTS / "torch_alexnet.pth", **_AS_IT_IS},
    ),
    "vgg": lambda world: world.one_of(
        {"variant": world.one_of("A", "A-LRN"), "image_size": 32, "from_model": None, "pretrained": None, **_SMALL},
        {"variant": "A", "from_model": None, "pretrained": WEIGHTS / "torch_vgg11.pth", **_AS_IT_IS},
    ),
    "fit_seeds": lambda world: {"recipe": some_recipe(world), "epochs": 1, "batch_size": world.one_of(None, 3)},
    "inspect": lambda world: some_weights(world),
    "cifar_net": lambda world: {"variant": world.one_of(*sa.cifar_variants()), "image_size": None, "without": ()},
    "cifar10": lambda world: {"path": world.shared.cifar, "cache": world.new_file(".npz"), "download": False},
    "load": lambda world: (
        world.one_of({"path": world.shared.folder / "model.safetensors"}, some_weights(world))
        | {"mean": None, "classes": None, "up_to": None}
    ),
    "memory": lambda world: {"weights": "float"},
    "neighbors.nearest": lambda world: {"features": world.floats(5, 7), "queries": world.floats(2, 7)},
    "neighbors.nearest_images": lambda world: {"data": world.shared.data},
    "plots.kernel_sheet": lambda world: {"kernels": world.floats(5, 3, 4, 4)},
    "plots.plot_kernels": lambda world: {"layer": "conv1"},
    "plots.plot_panel": lambda world: {"predictions": 2, "queries": 1, "neighbors": 2, "layer": "relu6"},
    "plots.plot_predictions": lambda world: {"labels": None},
    "recipe": lambda world: {"name": world.one_of(*sa.recipe_names()), "batch_size": 4, "crop": True, "scale": None},
    "set_num_threads": lambda world: {"count": 2},
}


def package_arguments(entry: Entry, world: World) -> dict[str, Any]:
    """Return the arguments that belong together."""
    names = {each.name for each in entry.parameters}
    given: dict[str, Any] = {}
    if {"crops", "dense", "scales"} <= names:
        given |= {"crops": None, "dense": False, "scales": None} | world.one_of(*_VIEWS)
    if {"images", "layout", "value_range"} <= names:
        given |= _layout_of_images(world)
    for name in (entry.name.rpartition(".")[2], entry.name):
        given |= BY_ENTRY[name](world) if name in BY_ENTRY else {}
    return given
