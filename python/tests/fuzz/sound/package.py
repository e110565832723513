"""Valid arguments of entry points that do not follow from the names of their parameters."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from support import quick_recipe

import swiftalexnet as sa
from swiftalexnet.data.shards.openers import open_shard
from swiftalexnet.training.history import COLUMNS

from ..entries import METHODS, Entry
from ..world import CLASSES, SIDE, World
from .names import MODEL_SIDE, some_images, some_linearization, some_recipe

WEIGHTS = Path(__file__).parents[2] / "formats" / "files"  # of other frameworks
_AS_IT_IS = {"in_channels": None, "image_size": None, "activation": "relu", "without": (), "ceil_mode": None}


def some_weights(world: World) -> dict[str, Any]:
    """Return a small file of another framework, with what it needs."""
    name = world.one_of("torch_vgg11.pth", "torch_alexnet_legacy.pth", "onnx_vgg11_bn_script.onnx", "keras2_vgg.h5")
    return world.one_of(
        {"path": WEIGHTS / name, "prototxt": None},
        {"path": WEIGHTS / "caffe_alexnet.caffemodel", "prototxt": WEIGHTS / "caffe_alexnet.prototxt"},
    )


def some_unit(world: World) -> dict[str, Any]:
    """Return a class, or a channel of a layer."""
    return world.one_of({"target": world.one_of(2, "low"), "layer": None}, {"target": 3, "layer": "conv2"})


def _layout_of_images(world: World) -> dict[str, Any]:
    """Return images with the options that they need."""
    return world.one_of(
        {"images": some_images(world), "layout": "NHWC", "value_range": None},
        {"images": world.images(2, 3, SIDE, SIDE), "layout": "NCHW", "value_range": None},
        {"images": np.clip(world.floats(2, SIDE, SIDE, 3), 0, 1), "layout": "NHWC", "value_range": (0, 1)},
    )


def _pair_of_images(world: World) -> dict[str, Any]:
    """Return two images for LPIPS, which resizes none, by all the names that its methods give them."""
    side = world.random.randint(35, 50)
    first, second = world.images(2, side, 40, 3), world.images(2, side, 40, 3)
    plain = {"layout": "NHWC", "value_range": None}
    form = world.one_of(
        (first, second, plain),
        (first[0], second[0], plain),
        (first / 255, second / 255, plain | {"value_range": (0, 1)}),
        (first.transpose(0, 3, 1, 2), second.transpose(0, 3, 1, 2), plain | {"layout": "NCHW"}),
    )
    x, y, options = form
    return {"a": x, "b": y, "x": x, "y": y, "images": x, "reference": y, **options}


def _cotangents(world: World) -> dict[str, Any]:
    return {"conv2": some_linearization(world).activations["conv2"]}


def _with_features(world: World) -> dict[str, Any]:
    """Return what `fit` needs to keep features."""
    freezing = (sa.ParameterGroup("conv*", learning_rate=0),)
    recipe = quick_recipe(crop=False, color_noise=0.0, groups=freezing)
    return {"recipe": recipe, "cache_features": world.one_of(True, world.new_file())}


def _several(world: World) -> Any:
    """Return four images as an estimator takes them."""
    mixed = [world.image_file(), world.images(SIDE, SIDE, 3), world.pillow(), world.image_file()]
    return world.one_of(world.images(4, SIDE, SIDE, 3), mixed)


def _several_or_table(world: World) -> Any:
    """Return them, or a table with a row for an image."""
    table = world.floats(4, 9)
    return world.one_of(_several(world), table, table.tolist())


def _batch_of_rows(world: World) -> dict[str, Any]:
    """Return two rows as Ray hands them over: what files hold, arrays, or paths."""
    name, *cells = world.one_of(
        ("bytes", world.image_file().read_bytes(), b"broken"),
        ("image", {"bytes": world.image_file().read_bytes(), "path": "a"}, {"bytes": None, "path": None}),
        ("image", *world.images(2, SIDE, SIDE, 3)),
        ("path", str(world.image_file()), "no file"),
    )
    column = np.empty(2, object)
    column[:] = cells
    return {"batch": {name: column, "number": np.arange(2)}}


_ROWS = {"image": None, "prefix": "x_", "threads": None}  # `image` is the name of a column
_SMALL = {"initialization": "zeros", "without": ("fc6", "fc7")}  # networks of no more than 100 MB

# Of the procedures of evaluation, those that every image and network can be put to.
_VIEWS = ({}, {"crops": 10}, {"dense": True}, {"scales": [24]})

# What an entry, or every method of that name, needs instead.
BY_ENTRY: dict[str, Callable[[World], dict[str, Any]]] = {
    "after_epoch": lambda world: {"state": {"best": 101.0, "waited": 0, "reductions": 0}},
    "rate_factor": lambda world: {"state": {"best": 101.0, "waited": 0, "reductions": 0}},
    "ArrayDataset": lambda world: {"images": world.images(4, SIDE, SIDE, 3)},
    "ArrayDataset.image": lambda world: {"index": world.random.randrange(8)},
    "AlexNetClassifier.fit": lambda world: {
        "X": _several_or_table(world),
        "y": [0, 1, 2, 3],
        "sample_weight": [1, 2, 0.5, 3],
    },
    "AlexNetClassifier.predict": lambda world: {"X": _several(world)},
    "AlexNetClassifier.predict_proba": lambda world: {"X": _several(world)},
    "AlexNetFeatures.fit": lambda world: {"X": _several_or_table(world), "y": None},
    "AlexNetFeatures.transform": lambda world: {"X": _several(world)},
    "Augmentation": lambda world: {"crop": True},
    "Ensemble": lambda world: {"weights": [1, 2.5]},
    "Evaluation": lambda world: dict(vars(world.shared.evaluation)),
    "ImageFolder.workers =": lambda world: {"value": 2},
    "ShardedDataset": lambda world: {
        "shards": world.shared.shards,
        "index": world.one_of(None, world.new_file()),
        "opener": world.one_of(None, open_shard),
    },
    "ShardedDataset.workers =": lambda world: {"value": 2},
    "write_shards": lambda world: {
        "source": world.one_of(world.shared.folder / "photos", world.folder(), sa.ShardedDataset(world.shared.shards)),
        "out": world.new_file(),
        "name": "train",
        "images_per_shard": world.one_of(None, 3),
        "megabytes": world.one_of(None, 0.01),
        "order": world.one_of(None, "stored"),
        "resize": world.one_of(None, 20),
        "labels": None,
        "max_errors": None,
    },
    "Evaluation.plot_worst": lambda world: {"data": world.shared.data},
    "plots.plot_worst": lambda world: {"data": world.shared.data},
    "Model.load_state_dict": lambda world: {"strict": True},
    "Suggestion": lambda world: vars(sa.suggest(world.shared.data)),
    "Model.classes =": lambda world: {"value": CLASSES},
    "Features": lambda world: {"arrays": {"fc6": world.floats(2, 3)}, "names": ("a", "b"), "skipped": {"c": "broken"}},
    "Model.features": lambda world: {
        "out": world.one_of(None, world.new_file(".npy.d"), world.new_file(".h5")),
        "pool": world.one_of(None, "avg", "max", "gem"),
        "dtype": world.one_of("float32", "float16"),
        "on_error": world.one_of("raise", "skip"),
        "max_errors": None,
    },
    "StoredFeatures": lambda world: {"path": world.shared.features.path},
    "StoredFeatures.__getitem__": lambda world: {"layer": world.one_of("pool1", "fc6")},
    "open_features": lambda world: {"path": world.shared.features.path},
    "Ensemble.weights =": lambda world: {"value": [1, 2.5]},
    "History.column": lambda world: {"name": world.one_of(*COLUMNS)},
    "History.__getitem__": lambda world: {"index": world.one_of(0, -1, slice(1))},
    "ImageFolder.cache_to": lambda world: {"channels": world.one_of(1, 3), "value_range": None},
    "LPIPS": lambda world: {"net": "alex", "version": world.one_of("0.1", "0.0"), "backbone": world.shared.trunk},
    **{
        f"LPIPS.{name}": lambda world: _pair_of_images(world)
        for name in ("__call__", "embed", "cdist", "value_and_grad")
    },
    "Distance": lambda world: dict(vars(world.shared.distances[0])),
    "Distances": lambda world: dict(vars(world.shared.distances)),
    "Distances.__getitem__": lambda world: {"index": world.one_of(0, -1)},
    "Distances.__array__": lambda world: {"dtype": world.one_of(None, np.float64), "copy": world.one_of(None, True)},
    "Memory": lambda world: {"weights": 3},
    "Model": lambda world: {"network": world.network()},
    "Model.backward": lambda world: {"dlogits": world.model().forward(world.floats(3, 3, MODEL_SIDE, MODEL_SIDE))},
    "Model.fit": lambda world: (
        {"recipe": some_recipe(world), "epochs": 1, "checkpoint": None, "resume": False}
        | world.one_of({}, {"checkpoint": world.new_file()}, _with_features(world))
    ),
    "Model.freeze": lambda world: {"up_to": world.one_of(None, "relu2")},
    "Model.vjp": lambda world: {"cotangents": _cotangents(world), "wrt": [world.one_of("data", "conv1")]},
    "Model.linearize": lambda world: {"layers": ["conv2", "fc6"], "wrt": [world.one_of("data", "conv1")]},
    "Linearization": lambda world: (
        {"native": some_linearization(world)._native, "batch": 3, "layout": "NCHW"}
        | {"layers": {"conv2": "conv2"}, "wrt": {"data": "data"}}
    ),
    "Linearization.vjp": lambda world: {"cotangents": _cotangents(world), "wrt": world.one_of(None, ["conv1"])},
    "Model.forward": lambda world: {"training": False, "weights": "float"},
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
    "Model.quantization =": lambda world: {"value": world.one_of(None, world.shared.quantized.quantization)},
    "Model.score_map": lambda world: {"layout": "NHWC", "value_range": None},
    "Model.train_step": lambda world: (
        {"labels": world.integers(3, len(CLASSES)), "sample_weight": world.one_of(None, [1, 2.5, 0])}
    ),
    "ParameterGroup.matches": lambda world: {"name": "conv1.weight"},
    "Preprocessing": lambda world: {"resize": 24, "crop": 20, "scale": world.one_of(None, world.floats(3))},
    "Preprocessing.replace": lambda world: {"resize": 24, "crop": 20, "scale": None},
    "Profile": lambda world: {"batch": 1},
    "Recipe": lambda world: {"batch_size": 4, "crop": True, "scale": None},
    "Recipe.replace": lambda world: {"batch_size": 4, "crop": True, "scale": None},
    "Recipe.scaled": lambda world: {"batch_size": world.random.randrange(1, 512)},
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
    **{f"attribution.{name}": lambda world: some_unit(world) for name in METHODS if "grad_cam" not in name},
    **{
        f"attribution.{name}": lambda world: {"layer": world.one_of(None, "conv1", "relu2")}
        for name in METHODS
        if "grad_cam" in name
    },
    "attribution.activation_maximization": lambda world: some_unit(world) | {"steps": 3},
    "Attribution": lambda world: vars(world.shared.explanation),
    "Maximization": lambda world: vars(world.shared.maximization),
    "Attribution.__getitem__": lambda world: {"index": world.one_of(0, -1, slice(1))},
    "plots.plot_attribution": lambda world: {"result": world.shared.explanation},
    "plots.plot_maximization": lambda world: {"result": world.shared.maximization},
    "neighbors.nearest": lambda world: {"features": world.floats(5, 7), "queries": world.floats(2, 7)},
    "neighbors.nearest_images": lambda world: {"data": world.shared.data},
    "plots.kernel_sheet": lambda world: {"kernels": world.floats(5, 3, 4, 4)},
    "plots.plot_kernels": lambda world: {"layer": "conv1"},
    "plots.plot_panel": lambda world: {"predictions": 2, "queries": 1, "neighbors": 2, "layer": "relu6"},
    "plots.plot_predictions": lambda world: {"labels": None},
    "ray.Classify": lambda world: _ROWS,
    "ray.Features": lambda world: (
        _ROWS | {"pool": world.one_of(None, "avg"), "dtype": world.one_of("float32", "float16")}
    ),
    **{f"ray.{name}.__call__": _batch_of_rows for name in ("Classify", "Features")},
    "recipe": lambda world: {"name": world.one_of(*sa.recipe_names()), "batch_size": 4, "crop": True, "scale": None},
    "set_num_threads": lambda world: {"count": 2},
}


def package_arguments(entry: Entry, world: World) -> dict[str, Any]:
    """Return the arguments that belong together."""
    names = {each.name for each in entry.parameters}
    given: dict[str, Any] = {}
    if {"crops", "dense", "scales"} <= names:
        given |= {"crops": None, "dense": False, "scales": None} | world.one_of(*_VIEWS)
    if {"images", "layout", "value_range"} <= names and not entry.name.startswith("LPIPS"):
        given |= _layout_of_images(world)
    for name in (entry.name.rpartition(".")[2], entry.name):
        given |= BY_ENTRY[name](world) if name in BY_ENTRY else {}
    return given
