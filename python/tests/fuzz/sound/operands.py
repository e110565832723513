"""Valid arguments of the extension's operators with random geometry; `ops` uses names instead of codes."""

from typing import Any

from ..world import World

LAYOUTS = ("NCHW", "NHWC")
RULES = ("paper", "pytorch", "caffe", "lars")

Arguments = dict[str, Any]


def operands(operator: str, world: World) -> Arguments:
    """Return everything that an operator or its gradient may ask for; which of it, its parameters say."""
    forward = operator.removesuffix("_backward").removesuffix("_output_size")
    arguments = _MAKERS[forward](world)
    if operator == "perceptual_distance_backward":
        arguments["out"] = arguments["x"].copy()
    if operator in ("max_pool2d", "avg_pool2d"):  # their result has another shape than that of the gradient
        arguments["out"] = arguments["dy"]
    return arguments


def known_operators() -> set[str]:
    """Return the names of the operators, without those of their gradients."""
    return set(_MAKERS)


def in_words(arguments: Arguments) -> Arguments:
    """Return the arguments as the functions of `ops` take them."""
    words = dict(arguments)
    words["layout"] = LAYOUTS[words.get("layout", 0)]
    words["form"] = "inverted" if words.get("inverted") else "paper2012"
    if "rule" in words:
        words["rule"] = RULES[words["rule"]]
    return words


def _tensor(world: World, layout: int, batch: int, channels: int, height: int, width: int) -> Any:
    return world.floats(*((batch, height, width, channels) if layout else (batch, channels, height, width)))


def _geometry(world: World) -> tuple[tuple[int, int], ...]:
    """Return kernel, stride, padding and a size that the kernel fits into."""
    draw = world.random.randint
    kernel = draw(1, 4), draw(1, 4)
    padding = tuple(draw(0, kernel[side % 2] - 1) for side in range(4))
    size = draw(kernel[0], 9), draw(kernel[1], 9)
    return kernel, (draw(1, 3), draw(1, 3)), padding, size


def _outputs(
    kernel: tuple[int, ...], stride: tuple[int, ...], padding: tuple[int, ...], size: tuple[int, ...]
) -> list[int]:
    return [(size[i] + padding[i] + padding[i + 2] - kernel[i]) // stride[i] + 1 for i in (0, 1)]


def _convolution(world: World) -> Arguments:
    kernel, stride, padding, size = _geometry(world)
    batch, groups, layout = world.random.randint(1, 3), world.one_of(1, 2), world.one_of(0, 1)
    channels, made = groups * world.random.randint(1, 9), groups * world.random.randint(1, 9)
    out = batch, made, *_outputs(kernel, stride, padding, size)
    x, w = _tensor(world, layout, batch, channels, *size), world.floats(made, channels // groups, *kernel)
    return {
        "x": x,
        "w": w,
        "b": world.floats(made),
        "dx": x.copy(),
        "dw": w.copy(),
        "db": world.floats(made),
        "dy": _tensor(world, layout, *out),
        "out": _tensor(world, layout, *out),
        "stride": stride,
        "padding": padding,
        "groups": groups,
        "relu": world.one_of(False, True),
        "layout": layout,
        "x_shape": x.shape,
        "w_shape": w.shape,
    }


def _locally_connected(world: World) -> Arguments:
    kernel, stride, padding, size = _geometry(world)
    batch, layout = world.random.randint(1, 3), world.one_of(0, 1)
    channels, made = world.random.randint(1, 4), world.random.randint(1, 4)
    places = _outputs(kernel, stride, padding, size)
    x, w = _tensor(world, layout, batch, channels, *size), world.floats(*places, made, channels, *kernel)
    b, out = world.floats(*places, made), (batch, made, *places)
    return {
        "x": x,
        "w": w,
        "b": b,
        "dx": x.copy(),
        "dw": w.copy(),
        "db": b.copy(),
        "dy": _tensor(world, layout, *out),
        "out": _tensor(world, layout, *out),
        "stride": stride,
        "padding": padding,
        "relu": world.one_of(False, True),
        "layout": layout,
    }


def _pooling(world: World) -> Arguments:
    kernel, stride, padding, size = _geometry(world)
    batch, channels, layout = world.random.randint(1, 3), world.random.randint(1, 9), world.one_of(0, 1)
    x, out = _tensor(world, layout, batch, channels, *size), (batch, channels, *_outputs(kernel, stride, padding, size))
    return {
        "x": x,
        "dy": _tensor(world, layout, *out),
        "out": x.copy(),
        "x_shape": x.shape,
        "layout": layout,
        "kernel": kernel,
        "stride": stride,
        "padding": padding,
        "ceil_mode": False,
        "count_include_pad": world.one_of(False, True),
    }


def _normalization(world: World) -> Arguments:
    layout = world.one_of(0, 1)
    x = world.floats(*(world.random.randint(1, 9) for _ in range(4)))
    norm = {"size": world.one_of(1, 3, 5), "alpha": 1e-4, "beta": 0.75, "k": 2.0, "alpha_over_n": True}
    return {"x": x, "dy": x.copy(), "out": x.copy(), "layout": layout, **norm}


def _pointwise(world: World) -> Arguments:
    x = world.floats(*(world.random.randint(1, 9) for _ in range(world.random.randint(1, 4))))
    draw = {"seed": world.random.getrandbits(64), "step": 3}
    return {
        "x": x,
        "dy": x.copy(),
        "out": x.copy(),
        "probability": 0.5,
        "inverted": world.one_of(False, True),
        "training": world.one_of(False, True),
        **draw,
    }


def _dense(world: World) -> Arguments:
    rows, inputs, made = (world.random.randint(1, 20) for _ in range(3))
    x, w = world.floats(rows, inputs), world.floats(made, inputs)
    y, b = world.floats(rows, made), world.floats(made)
    return {
        "x": x,
        "w": w,
        "b": b,
        "out": y,
        "dy": y.copy(),
        "dx": x.copy(),
        "dw": w.copy(),
        "db": b.copy(),
        "relu": world.one_of(False, True),
    }


def _softmax(world: World) -> Arguments:
    rows, classes = world.random.randint(1, 9), world.random.randint(1, 9)
    x = world.floats(rows, classes)
    weights = world.one_of(None, world.floats(rows) ** 2)
    return {"x": x, "out": x.copy(), "dx": x.copy(), "labels": world.integers(rows, classes), "sample_weight": weights}


def _perceptual(world: World) -> Arguments:
    layout, (batch, channels, height, width) = world.one_of(0, 1), (world.random.randint(1, 9) for _ in range(4))
    x = _tensor(world, layout, batch, channels, height, width)
    return {
        "x": x,
        "y": x + 1,
        "weights": abs(world.floats(channels)),
        "layout": layout,
        "per_pixel": world.floats(batch, height, width),
        "means": world.floats(batch),
        "dy": world.floats(batch, height, width),
        "spatial": world.one_of(False, True),
    }


def _distance(world: World) -> Arguments:
    arguments = _perceptual(world)
    spatial = arguments["spatial"]
    return arguments | {"out": world.one_of(None, (arguments["per_pixel"] if spatial else arguments["means"]).copy())}


def _of_its_shape(world: World) -> Arguments:
    arguments = _perceptual(world)
    return arguments | {"out": arguments["x"].copy()}


def _squared_distances(world: World) -> Arguments:
    rows, columns, length = (world.random.randint(1, 9) for _ in range(3))
    y = world.one_of(None, world.floats(columns, length))
    return {"x": world.floats(rows, length), "y": y, "out": world.floats(rows, rows if y is None else columns)}


def _update(world: World) -> Arguments:
    w = world.floats(*(world.random.randint(1, 9) for _ in range(world.random.randint(1, 4))))
    numbers = {"learning_rate": 0.01, "momentum": 0.9, "weight_decay": 0.0005, "trust_coefficient": 0.001}
    return {"w": w, "v": w.copy(), "g": w.copy(), "rule": world.random.randrange(len(RULES)), **numbers}


_MAKERS = {
    "conv2d": _convolution,
    "locally_connected2d": _locally_connected,
    **dict.fromkeys(("max_pool2d", "avg_pool2d", "pool2d"), _pooling),
    **dict.fromkeys(("local_response_norm", "spatial_response_norm"), _normalization),
    **dict.fromkeys(("relu", "tanh", "sigmoid", "dropout"), _pointwise),
    "dense": _dense,
    **dict.fromkeys(("softmax", "cross_entropy"), _softmax),
    "perceptual_distance": _distance,
    "perceptual_embedding": _of_its_shape,
    "squared_distances": _squared_distances,
    "sgd_update": _update,
}
