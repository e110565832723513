"""Small checkpoints as the authors' code writes them, and a forward pass that runs their layers one by one.

There is no published checkpoint. These have the keys that layer.py and gpumodel.py of computerhistory/
AlexNet-Source-Code give a checkpoint: weights as matrices, paddings negated, neurons detached into layers of their own,
lists with a number for each input. They are pickled as Python 2's cPickle wrote them: text with opcodes of its own in
protocol 2, as quoted lines in protocol 0.
"""

import io
import math
import pickle
from typing import Any, ClassVar

import numpy as np
from cifar_files import _Python2Pickler
from numpy_operators import avg_pool2d, conv2d, locally_connected2d, max_pool2d

Layers = dict[str, dict[str, Any]]


class OptionsParser:
    """The object beside the model, of a class that readers do not have."""

    def __init__(self) -> None:
        self.options = {"gpu": [0, 1]}


class _Protocol0Pickler(_Python2Pickler):
    dispatch: ClassVar = dict(_Python2Pickler.dispatch)

    def save_text(self, value) -> None:
        data = value if isinstance(value, bytes) else value.encode("latin-1")
        self.write(b"S" + repr(data)[1:].encode() + b"\n")
        self.memoize(value)

    dispatch[bytes] = dispatch[str] = save_text


def pickled(value: object, protocol: int = 2) -> bytes:
    """Return what Python 2 wrote; protocol 4 is what Python 3's own pickle writes."""
    if protocol == 4:
        return pickle.dumps(value, 4)
    buffer = io.BytesIO()
    (_Protocol0Pickler if protocol == 0 else _Python2Pickler)(buffer, protocol).dump(value)
    return buffer.getvalue()


def checkpoint(layers: Layers, as_list: bool = False, **more: object) -> dict[str, object]:
    """Return a checkpoint of layers; older versions have them in a list, whose inputs are numbers."""
    names = list(layers)
    state: dict[str, object] = {"epoch": 3, "batchnum": 7, "train_outputs": [([1.5, 0.5], 128)], "layers": layers}
    if as_list:
        numbers = [
            {"inputs": [names.index(each) for each in layer["inputs"]]} if "inputs" in layer else {}
            for layer in layers.values()
        ]
        state["layers"] = [{**layer, **number} for layer, number in zip(layers.values(), numbers, strict=True)]
    return {"model_state": state, "op": OptionsParser(), **more}


class Builder:
    """Adds layers and computes their sizes; weights are drawn from a generator."""

    def __init__(self, channels: int, side: int, seed: int = 0):
        self.layers: Layers = {}
        self._random = np.random.default_rng(seed)
        self._shapes: dict[str, tuple[int, int]] = {"data": (channels, side)}
        self.layers["data"] = {"name": "data", "type": "data", "dataIdx": 0, "outputs": channels * side**2}
        self.layers["labels"] = {"name": "labels", "type": "data", "dataIdx": 1, "outputs": 1}

    def _add(
        self, name: str, kind: str, inputs: list[str], shape: tuple[int, int], neuron: str = "", **fields: object
    ) -> str:
        """Add a layer, and its neurons; return the name of the last."""
        below = [self.layers[each] for each in inputs]
        own = {"name": name, "type": kind, "inputs": inputs, "inputLayers": below, "neuron": neuron, "gpu": 0}
        self.layers[name] = {**own, "outputs": shape[0] * shape[1] ** 2, **fields}
        self._shapes[name] = shape
        if not neuron:
            return name
        parsed = {"type": neuron, "params": {}, "usesActs": True}
        self._add(f"{name}_neuron", "neuron", [name], shape)
        self.layers[f"{name}_neuron"] |= {"neuron": parsed, "src_layer": name}
        return f"{name}_neuron"

    def draw(self, *shape: int, inputs: int = 1, order: str = "C") -> np.ndarray:
        return np.asarray(self._random.standard_normal(shape) / math.sqrt(inputs), np.float32, order=order)

    def conv(self, name, inputs, filters, size, stride=1, padding=0, groups=1, neuron="", kind="conv") -> str:
        channels = [self._shapes[each][0] for each in inputs]
        side = self._shapes[inputs[0]][1]
        modules = 1 + math.ceil((2 * padding + side - size) / stride)
        places = modules**2 if kind == "local" else 1
        count = len(inputs)
        rows = [each // groups * size**2 for each in channels]
        fields = {
            "channels": channels,
            "imgSize": [side] * count,
            "filterSize": [size] * count,
            "padding": [-padding] * count,
            "stride": [stride] * count,
            "groups": [groups] * count,
            "randSparse": [False] * count,
            "filters": filters,
            "modulesX": modules,
            "weights": [self.draw(row * places, filters, inputs=sum(rows)) for row in rows],
            "biases": self.draw(filters * places, 1),
        }
        fields["weightsInc"] = [np.zeros_like(each) for each in fields["weights"]]
        return self._add(name, kind, inputs, (filters, modules), neuron, **fields)

    def fc(self, name: str, inputs: list[str], outputs: int, neuron: str = "") -> str:
        rows = [self._shapes[each][0] * self._shapes[each][1] ** 2 for each in inputs]
        weights = [self.draw(row, outputs, inputs=sum(rows), order="F") for row in rows]
        biases = self.draw(1, outputs, order="F")
        return self._add(name, "fc", inputs, (outputs, 1), neuron, numInputs=rows, weights=weights, biases=biases)

    def pool(self, name: str, below: str, kind: str = "max", size: int = 3, stride: int = 2, neuron: str = "") -> str:
        channels, side = self._shapes[below]
        out = math.ceil((side - size) / stride) + 1
        fields = {"pool": kind, "sizeX": size, "stride": stride, "start": 0, "outputsX": out, "channels": channels}
        return self._add(name, "pool", [below], (channels, out), neuron, **fields, imgSize=side)

    def norm(self, name: str, below: str, kind: str, size: int, scale: float, k: float = 2.0) -> str:
        per_square = scale / (size if kind == "cmrnorm" else size**2)
        fields = {"size": size, "scale": per_square, "pow": 0.75, "blocked": False}
        fields |= {"minDiv": k} if kind == "cmrnorm" else {}
        return self._add(name, kind, [below], self._shapes[below], **fields)

    def hs(self, name: str, below: str) -> str:
        return self._add(name, "hs", [below], self._shapes[below], keep=0.5, enable=True)

    def end(self, below: str) -> Layers:
        self._add("probs", "softmax", [below], self._shapes[below])
        self._add("logprob", "cost.logreg", ["labels", "probs"], (1, 1))
        return self.layers


def two_towers(widths=(4, 6, 8, 8, 6, 10, 12), classes: int = 7, channels: int = 3) -> Layers:
    """Return layers-145.cfg with few kernels, for 64 × 64 pixels; as in it, a tower reads the other's output first."""
    net = Builder(channels, 64, seed=4)
    ends = {}
    for tower in "ab":
        below = net.conv(f"conv1{tower}", ["data"], widths[0], 11, 4)
        below = net.pool(f"pool1{tower}", net.norm(f"rnorm1{tower}", below, "cmrnorm", 3, 1e-1), neuron="relu")
        below = net.conv(f"conv2{tower}", [below], widths[1], 5, 1, 2, neuron="relu")
        below = net.norm(f"cnorm2{tower}", net.norm(f"rnorm2{tower}", below, "cmrnorm", 5, 1e-1), "rnorm", 5, 1e-1)
        ends[tower] = net.pool(f"pool2{tower}", below)
    both = [ends["a"], ends["b"]]
    for tower in "ab":
        below = net.conv(f"conv3{tower}", both, widths[2], 3, 1, 1, neuron="relu")
        below = net.conv(f"conv4{tower}", [below], widths[3], 3, 1, 1, neuron="relu")
        ends[tower] = net.pool(f"pool3{tower}", net.conv(f"conv5{tower}", [below], widths[4], 3, 1, 1), neuron="relu")
    both = [ends["a"], ends["b"]]
    both = [net.hs(f"hs1{tower}", net.fc(f"fc2048{tower}", both, widths[5], "relu")) for tower in "ab"]
    orders = {"a": both, "b": both[::-1]}
    both = [net.hs(f"hs2{tower}", net.fc(f"fc2048b{tower}", orders[tower], widths[6], "relu")) for tower in "ab"]
    return net.end(net.fc("fc1000", both, classes))


def local_net() -> Layers:
    """Return layers-conv-local-13pct.cfg with few kernels, and with another pool and groups."""
    net = Builder(3, 24, seed=5)
    below = net.pool("pool1", net.conv("conv1", ["data"], 4, 5, 1, 2, neuron="relu"))
    below = net.pool("pool2", net.conv("conv2", [below], 4, 5, 1, 2, groups=2, neuron="relu"), "avg")
    below = net.conv("local3", [below], 3, 3, 1, 1, neuron="relu", kind="local")
    below = net.conv("local4", [below], 2, 3, 1, 1, neuron="logistic", kind="local")
    return net.end(net.fc("fc10", [below], 10))


def forward(layers: Layers, x: np.ndarray) -> np.ndarray:
    """Return the logits of images [count, channels, height, width], layer by layer and tower by tower."""
    acts: dict[str, np.ndarray] = {"data": np.asarray(x, np.float64)}

    def run(name: str) -> np.ndarray:
        if name not in acts:
            layer = layers[name]
            acts[name] = _FORWARD[layer["type"]](layer, [run(each) for each in layer["inputs"]])
        return acts[name]

    return run(layers["probs"]["inputs"][0])


def _conv(layer: dict[str, Any], below: list[np.ndarray]) -> np.ndarray:
    total: Any = 0
    for place, x in enumerate(below):
        size, stride, pad, out = (layer[key][place] for key in ("filterSize", "stride", "padding", "imgSize"))
        modules, groups = layer["modulesX"], layer["groups"][place]
        more = max((modules - 1) * stride + size - out + 2 * pad, 0)
        padding = (-pad, -pad, -pad + more, -pad + more)
        w = layer["weights"][place]
        if layer["type"] == "local":
            w = w.reshape(modules, modules, x.shape[1], size, size, -1).transpose(0, 1, 5, 2, 3, 4)
            bias = layer["biases"].reshape(-1, modules, modules).transpose(1, 2, 0)
            return locally_connected2d(x, w, bias, (stride, stride), padding)[0]
        w = w.reshape(x.shape[1] // groups, size, size, -1).transpose(3, 0, 1, 2)
        total = total + conv2d(x, w, np.zeros(len(w)), (stride, stride), padding, groups)[0]
    return total + layer["biases"].reshape(1, -1, 1, 1)


def _fc(layer: dict[str, Any], below: list[np.ndarray]) -> np.ndarray:
    products = (x.reshape(len(x), -1) @ w for x, w in zip(below, layer["weights"], strict=True))
    return sum(products) + layer["biases"]


def _pool(layer: dict[str, Any], below: list[np.ndarray]) -> np.ndarray:
    window = (layer["sizeX"],) * 2, (layer["stride"],) * 2, (0, 0, 0, 0), True
    return max_pool2d(below[0], *window) if layer["pool"] == "max" else avg_pool2d(below[0], *window, False)


def _cmrnorm(layer: dict[str, Any], below: list[np.ndarray]) -> np.ndarray:
    x, half = below[0], layer["size"] // 2
    squares = np.stack([(x[:, max(i - half, 0) : i + half + 1] ** 2).sum(1) for i in range(x.shape[1])], 1)
    return x * (layer["minDiv"] + layer["scale"] * squares) ** -layer["pow"]


def _rnorm(layer: dict[str, Any], below: list[np.ndarray]) -> np.ndarray:
    x, size = below[0], layer["size"]
    half = size // 2
    sums = avg_pool2d(x**2, (size, size), (1, 1), (half,) * 4, False, True) * size**2
    return x * (1 + layer["scale"] * sums) ** -layer["pow"]


_FORWARD = {
    "conv": _conv,
    "local": _conv,
    "fc": _fc,
    "pool": _pool,
    "cmrnorm": _cmrnorm,
    "rnorm": _rnorm,
    "neuron": lambda layer, below: {"relu": lambda x: np.maximum(x, 0), "logistic": lambda x: 1 / (1 + np.exp(-x))}[
        layer["neuron"]["type"]
    ](below[0]),
    "hs": lambda layer, below: below[0] * layer["keep"],
}
