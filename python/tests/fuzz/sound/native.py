"""Valid arguments of the extension's functions other than operators."""

from collections.abc import Callable
from typing import Any

import numpy as np
import small_network as small

from swiftalexnet import _native

from ..world import World
from .operands import Arguments

_SIDES = range(small.SHAPE[1], small.SHAPE[1] + 8)


def native_arguments(name: str, world: World) -> Arguments:
    """Return all arguments by name; raises KeyError for a function that has none here."""
    return _MAKERS[name](world)


def known_functions() -> set[str]:
    """Return the functions that have arguments here."""
    return set(_MAKERS)


def _tensors(world: World) -> Arguments:
    count, layout = world.random.randint(1, 6), world.one_of(0, 1)
    x = world.floats(count, *small.SHAPE)
    if layout:
        x = np.ascontiguousarray(x.transpose(0, 2, 3, 1))
    logits = world.floats(count, small.CLASSES)
    return {
        "x": x,
        "layout": layout,
        "logits": logits,
        "dlogits": logits.copy(),
        "dx": x.copy(),
        "labels": world.integers(count, small.CLASSES),
        "keep": world.one_of(False, True),
        "training": False,
        "seed": 1,
        "step": 2,
        "arithmetic": (0, 0, 0),
        "accumulate": world.one_of(False, True),
    }


def _backward(world: World) -> Arguments:
    arguments = _tensors(world)
    world.network().forward(arguments["x"], arguments["layout"], True, False, 1, 2, (0, 0, 0), arguments["logits"])
    return arguments


def _images(world: World, side: int | None = None) -> Arguments:
    count, side = world.random.randint(1, 5), side or world.one_of(*_SIDES)
    images = world.images(count, side, side, 3)
    mean = world.one_of(None, world.floats(3), world.floats(side, side, 3))
    preprocessing = (*small.SHAPE[1:], mean, world.one_of(None, world.floats(3)), world.one_of(0, 1))
    vectors = (world.floats(3, 3), np.abs(world.floats(3))) if world.one_of(False, True) else (None, None)
    noise = 0.0 if vectors[0] is None else 0.1
    views = world.one_of(1, 9, 10, 50)
    return {
        "images": images,
        "preprocessing": preprocessing,
        "labels": world.integers(count, small.CLASSES),
        "augmentation": small.augmentation(noise, *vectors, world.one_of(1, 32), 1.1, world.one_of(0.0, 30.0), 2),
        "views": views,
        "mirror": world.one_of(False, True),
        "arithmetic": (0, 0, 0),
        "repeats": 1,
        "seed": 1,
        "step": 2,
        "probabilities": world.floats(count, small.CLASSES),
        "out": world.floats(count, *small.SHAPE[1:], 3),
    }


def _crops(world: World) -> Arguments:
    arguments = _images(world)
    return arguments | {"out": world.floats(len(arguments["images"]) * arguments["views"], *small.SHAPE[1:], 3)}


def _update(world: World) -> Arguments:
    return {"options": (0.01, 0.9, 0.0005, world.random.randrange(3), 1, 2, None, None, 0, None, 0.001, False, False)}


def _prepared(world: World) -> Arguments:
    """Prepare an update of the network whose method is called."""
    world.network().prepare_update(**_update(world))
    return {}


def _options(world: World, arguments: Arguments) -> Arguments:
    numbers = (0.01, 0.9, 0.0005, world.random.randrange(4), 1, 2)
    count = len(world.shared.network.parameters())
    rates = world.one_of((None, None), (world.floats(count) ** 2, world.floats(count) ** 2))
    weights = world.one_of(None, world.floats(len(arguments["labels"])) ** 2)
    return arguments | {
        "options": (*numbers, *rates, 0, weights, 0.001, world.one_of(False, True), world.one_of(False, True))
    }


def _shared(world: World, arguments: Arguments) -> Arguments:
    """Add a share of a batch, which may be all of it."""
    count = len(arguments["labels"])
    first = world.random.randint(0, count)
    batch = world.one_of(0, count + 3)
    share = (world.one_of(0, 3), (first, count - first), float(count), world.one_of(False, True), batch)
    return _options(world, arguments) | {"share": share}


def _shared_features(world: World) -> Arguments:
    arguments = _features(world)
    return arguments | {"share": _shared(world, arguments)["share"]}


def _applied(world: World) -> Arguments:
    return {"options": (*_options(world, _tensors(world))["options"][:9], None, 0.001, False, False)}


def _factors(world: World) -> Arguments:
    """Let the network whose method is called give the factors of a batch of four."""
    network, x = world.network(), world.floats(4, *small.SHAPE)
    network.gradients(x, world.integers(4, small.CLASSES), 0, small.OPTIONS, (0, (2, 2), 4.0, False, 4))
    index = world.random.randrange(len(network.factors()))
    rows = world.images(world.random.randint(1, 2), network.factors()[index])
    return {"index": index, "first_image": world.one_of(0, 2), "rows": rows, "shards": (2, 2)}


def _narrowing(world: World) -> Arguments:
    values = world.floats(world.random.randint(1, 40))
    return {"values": values, "narrowed": world.images(2 * len(values))}


def _score_map(world: World) -> Arguments:
    arguments = _images(world)
    size = world.shared.network.score_map_size(*arguments["images"].shape[1:3])
    return arguments | {"scores": world.floats(len(arguments["images"]), *size, small.CLASSES)}


def _capture(world: World) -> Arguments:
    nodes = {row[0]: row[4] for row in world.shared.network.nodes()[1:]}
    names = world.random.sample(sorted(nodes), world.random.randint(1, 4))
    tensors = _tensors(world)
    shapes = [nodes[name] for name in names]
    if tensors["layout"]:
        shapes = [(h, w, c) for c, h, w in shapes]
    shapes = [
        nodes[name][:1] if nodes[name][1:] == (1, 1) else shape for name, shape in zip(names, shapes, strict=True)
    ]
    return tensors | {"names": names, "outputs": [world.floats(len(tensors["x"]), *shape) for shape in shapes]}


def _features(world: World) -> Arguments:
    nodes = {row[0]: row[4] for row in world.shared.network.nodes()[1:]}
    node, tensors = world.one_of("relu1", "pool1", "relu3"), _tensors(world)
    channels, height, width = nodes[node]
    shape = (height, width, channels) if tensors["layout"] else nodes[node]
    count = len(tensors["x"])
    names = [name for name, _ in world.shared.network.parameters()]
    rates = np.array([0.1 * name.startswith("fc4") for name in names], np.float32)
    weights = world.one_of(None, world.floats(count) ** 2)
    options = (
        0.0,
        0.9,
        0.0,
        world.random.randrange(4),
        1,
        2,
        rates,
        rates.copy(),
        0,
        weights,
        0.001,
        False,
        world.random.random() < 0.5,
    )
    probabilities = world.floats(count, small.CLASSES)
    return tensors | {
        "node": node, "features": world.floats(count, *shape), "options": options, "probabilities": probabilities,
        "names": ["fc4"], "outputs": [probabilities.copy()],
    }  # fmt: skip


def _views(world: World) -> Arguments:
    still = (False, world.one_of(False, True), 0.0, None, None, world.one_of(1, 3), 1.0, 0.0, 0)
    return {"augmentation": still, "seed": 3, "step": 4, "count": 5}


def _linearize(world: World) -> Arguments:
    tensors = _tensors(world)
    return tensors | {"nodes": ["relu1", "fc4"], "wrt": [world.one_of("data", "conv1")], "node": "relu1"} | _side(world)


def _side(world: World) -> Arguments:
    return {"height": world.one_of(*_SIDES), "width": world.one_of(*_SIDES)}


def _whitening(world: World) -> Arguments:
    size = small.SHAPE[0] * small.SHAPE[1] * small.SHAPE[2]
    x = world.floats(2, *small.SHAPE[1:], 3)
    return {"matrix": world.one_of(None, np.eye(size, dtype=np.float32)), "x": x, "out": x.copy()}


def _quantization(world: World) -> Arguments:
    count = len(world.shared.network.nodes())
    scales, zero_points = world.floats(count) ** 2 + np.float32(0.01), world.integers(count, 256)
    return world.one_of(
        {"scales": None, "zero_points": None}, {"scales": scales, "zero_points": zero_points.astype(np.int32)}
    )


def _specification(world: World) -> Arguments:
    family = world.one_of("alexnet", "vgg", "cifar")
    sizes = {"classes": 5, "channels": 3, "image_size": 0, "activation": world.one_of("relu", "tanh"), "without": ""}
    sizes["ceil_mode"] = world.one_of(0, 1, -1)
    return {
        "family": family,
        "variant": world.one_of(*_native.variants(family)),
        "spec": small.SPEC,
        "seed": 3,
        "initialization": world.one_of(*_native.initializations()),
        "batch": 2,
        "training": False,
        "arithmetic": (0, 0, 0),
        "tower": world.one_of(0, 1),
        "towers": 2,
        **sizes,
    }


def _parameters(world: World) -> Arguments:
    count = len(world.shared.network.parameters())
    size = _side(world)
    return {
        "index": world.random.randrange(count),
        "which": world.random.randrange(3),
        "rate": 0.5,
        "decay": 2.0,
        "batch": 3,
        "training": False,
        "arithmetic": (0, 0, 0),
        "count": 2,
        **size,
    }


def _rows(world: World) -> Arguments:
    rows = world.random.randint(1, 9)
    return {"probabilities": world.floats(rows, 7), "labels": world.integers(rows, 7)}


def _resampling(world: World) -> Arguments:
    image, size, taps = world.images(9, 11, 3), 5, 2
    weights = np.full((size, taps), 1 / taps, np.float32)
    starts = np.arange(size, dtype=np.int32)
    places = {"rows": starts, "row_weights": weights, "columns": starts.copy(), "column_weights": weights.copy()}
    return {"image": image, **places, "out": np.empty((size, size, 3), np.uint8)}


def _facts(world: World) -> Arguments:
    return {
        "name": world.one_of("owt", "vgg-D", "cifar-18pct", "no such"),
        "framework": world.one_of("torchvision", "keras"),
        "crop": 32,
        "channels": world.one_of(1, 3),
        "known": "owt\npaper",
        "even_if_far": world.one_of(False, True),
        "count": 9,
        "seed": 1,
        "epoch": 2,
    }


def _matrix(world: World) -> Arguments:
    x = world.floats(world.random.randint(2, 40), world.random.randint(2, 40))
    return {"x": x, "y": np.empty(x.shape[::-1], np.float32).T}


_MAKERS: dict[str, Callable[[World], dict[str, Any]]] = {
    **dict.fromkeys(("Network", "spec", "spec_memory", "spec_shapes", "variant", "variants"), _specification),
    **dict.fromkeys(("spec_crossings", "spec_cut"), _specification),
    "Network.forward": _tensors,
    "Network.backward": _backward,
    "Network.prepare_update": _update,
    "Network.commit_update": _prepared,
    "Network.train_step": lambda world: _options(world, _tensors(world)),
    "Network.train_step_images": lambda world: _options(world, _images(world)),
    "Network.gradients": lambda world: _shared(world, _tensors(world)),
    "Network.gradients_images": lambda world: _shared(world, _images(world)),
    "Network.gradients_features": _shared_features,
    "Network.apply_gradients": _applied,
    **dict.fromkeys(("Network.read_factor", "Network.write_factor", "Network.gradients_of_factors"), _factors),
    **dict.fromkeys(("narrow", "widen"), _narrowing),
    **dict.fromkeys(("Network.predict_images", "Network.predict_dense", "Network.profile_images"), _images),
    **dict.fromkeys(("Network.train_step_features", "Network.predict_features", "Network.capture_features"), _features),
    "drawn_views": _views,
    "augment_images": _images,
    "crop_images": _crops,
    "Network.score_map": _score_map,
    "Network.capture": _capture,
    **dict.fromkeys(("Network.linearize", "Network.output_shape"), _linearize),
    **dict.fromkeys(("Network.set_whitening", "Network.whiten"), _whitening),
    "Network.set_quantization": _quantization,
    **dict.fromkeys(("Network.parameter", "Network.set_multipliers", "Network.multipliers"), _parameters),
    **dict.fromkeys(("Network.memory", "Network.score_map_size", "set_num_threads"), _parameters),
    "fail_allocation_after": lambda world: {"count": -1},
    "score": _rows,
    "Network.non_finite_cause": lambda world: _tensors(world) | {"x": world.floats(1, *small.SHAPE), "layout": 0},
    "Network.require_finite": lambda world: {"which": world.one_of(_native.VALUE, _native.VELOCITY)},
    "Network.hold": lambda world: {"writing": world.one_of(False, True)},
    "resample": _resampling,
    "transpose": _matrix,
    **dict.fromkeys(("variant_preprocessing", "variant_layer_names", "nearest_name", "shuffle"), _facts),
    "recipe": lambda world: {"name": world.one_of(*_native.recipe_names())},
}
