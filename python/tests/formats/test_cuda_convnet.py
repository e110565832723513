"""Checkpoints of cuda-convnet: logits of one and two towers, and what damaged and foreign ones get."""

import copy

import numpy as np
import pytest
from cuda_convnet_files import Builder, checkpoint, forward, local_net, pickled, two_towers
from formats.hostile import Case, assert_survives, damaged, describing, flips, loading, prefixes

import swiftalexnet as sa

TOWERS, LOCAL = two_towers(), local_net()
RANDOM = np.random.default_rng(9)


def load(tmp_path, saved, protocol: int = 2, **options) -> sa.Model:
    path = tmp_path / "3.7"
    path.write_bytes(saved if isinstance(saved, bytes) else pickled(saved, protocol))
    return sa.load(path, **options)


def assert_same(model: sa.Model, layers) -> None:
    x = RANDOM.standard_normal((2, *model.input_shape)).astype(np.float32)
    expected = forward(layers, x)
    assert np.abs(model.forward(x) - expected).max() <= 1e-5 * np.abs(expected).max()


@pytest.mark.parametrize("protocol", [0, 2, 4])
@pytest.mark.parametrize("as_list", [False, True], ids=["dict", "list"])
def test_two_towers(protocol, as_list, tmp_path):
    model = load(tmp_path, checkpoint(TOWERS, as_list), protocol)
    assert_same(model, TOWERS)
    assert model.input_shape == (3, 64, 64) and model.num_classes == 7
    assert model.source.format == "cuda-convnet"


def test_the_authors_network_is_recognized(tmp_path):
    layers = copy.deepcopy(TOWERS)
    for layer in layers.values():
        if layer["type"] == "cmrnorm":
            layer |= {"size": 5, "scale": 1e-4 / 5, "minDiv": 2.0}
        if layer["type"] == "rnorm":
            layer["scale"] = 1e-3 / 25
    model = load(tmp_path, checkpoint(layers))
    assert model.variant == "chm145"
    assert_same(model, layers)


def test_locally_connected_layers(tmp_path):
    assert_same(load(tmp_path, checkpoint(LOCAL)), LOCAL)


def test_one_tower_without_detached_neurons(tmp_path):
    net = Builder(1, 16)
    below = net.pool("pool1", net.conv("conv1", ["data"], 4, 3, 1, 1, neuron="relu"), "avg", 2, 2)
    layers = net.end(net.fc("fc3", [below], 3))
    shown = {name: dict(layer) for name, layer in layers.items() if name != "conv1_neuron"}
    shown["pool1"]["inputs"] = ["conv1"]
    model = load(tmp_path, checkpoint(shown))
    assert model.input_shape == (1, 16, 16)
    assert_same(model, layers)


def test_towers_that_never_meet_before_the_end(tmp_path):
    net = Builder(3, 12)
    ends = []
    for tower in "ab":
        below = net.pool(f"pool{tower}", net.conv(f"conv{tower}", ["data"], 4, 3, neuron="relu"))
        ends.append(net.fc(f"fc{tower}", [below], 6, "relu"))
    layers = net.end(net.fc("out", ends, 5))
    assert_same(load(tmp_path, checkpoint(layers)), layers)


def test_mean_and_names(tmp_path):
    mean = RANDOM.uniform(100, 150, (3, 72, 72)).astype(np.float32)
    meta = {"data_mean": mean.reshape(-1, 1), "label_names": [f"class {i}" for i in range(7)]}
    model = load(tmp_path, checkpoint(TOWERS, batch_meta=meta))
    np.testing.assert_array_equal(model.preprocessing.mean, mean.transpose(1, 2, 0))
    assert model.preprocessing.resize == 72 and model.preprocessing.crop == 64
    assert model.classes == tuple(meta["label_names"])
    assert any("no mean" in note for note in load(tmp_path, checkpoint(TOWERS)).source.notes)


def changed(name: str, /, **fields: object) -> dict[str, object]:
    layers = {key: dict(layer) for key, layer in TOWERS.items()}
    layers[name] |= fields
    return checkpoint(layers)


@pytest.mark.parametrize(
    ("name", "fields", "message"),
    [
        ("pool2a", {"type": "eltmax"}, "pool2a is of type 'eltmax and pool'"),
        ("fc1000", {"type": "treefc"}, "fc1000 is of type 'treefc'"),
        ("pool2a", {"pool": "rand"}, "pool2a is of type|kind 'rand'"),
        ("conv4a_neuron", {"neuron": {"type": "tanh[1,2]"}}, "conv4a_neuron"),
        ("rnorm1a", {"blocked": True}, "blocks of maps"),
        ("conv1a", {"randSparse": [True]}, "sparse"),
        ("conv4a", {"inputs": ["conv3a_neuron", "data"]}, "conv4a reads data"),
        ("hs1a", {"inputs": ["fc2048a_neuron", "fc2048b_neuron"]}, "towers"),
        ("fc2048a", {"dropout": 0.5}, "dropout of its own"),
    ],
)
def test_what_the_engine_lacks(name, fields, message, tmp_path):
    with pytest.raises(sa.UnsupportedError, match=message):
        load(tmp_path, changed(name, **fields))


SMALL = TOWERS["conv4a"]["weights"][0]


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("conv4a", {"weights": [SMALL[:-1]]}),
        ("conv4a", {"weights": [SMALL.reshape(-1)]}),
        ("conv4a", {"weights": [SMALL[:, :-1]]}),
        ("conv4a", {"weights": []}),
        ("conv4a", {"weights": None}),
        ("conv4a", {"weights": [SMALL.astype(np.int32)]}),
        ("conv4a", {"weights": [np.full_like(SMALL, np.nan)]}),
        ("conv4a", {"weights": [SMALL.astype("S4")]}),
        ("conv4a", {"biases": SMALL}),
        ("conv4a", {"filterSize": [0]}),
        ("conv4a", {"filterSize": [2**40]}),
        ("conv4a", {"filterSize": ["3"]}),
        ("conv4a", {"stride": [0]}),
        ("conv4a", {"stride": []}),
        ("conv4a", {"modulesX": 10**9}),
        ("conv4a", {"modulesX": -1}),
        ("conv4a", {"padding": [2**31 - 1]}),
        ("conv4a", {"inputs": "conv3a"}),
        ("conv4a", {"inputs": ["conv4a"]}),
        ("conv4a", {"inputs": [-1]}),
        ("conv4a", {"inputs": []}),
        ("conv4a", {"name": "conv4b"}),
        ("conv4a", {"name": ""}),
        ("conv4a", {"name": 3}),
        ("conv1a", {"imgSize": [10**6]}),
        ("conv1a", {"imgSize": [0]}),
        ("conv1a", {"channels": [-3]}),
        ("pool2a", {"sizeX": 10**6}),
        ("pool2a", {"stride": -1}),
        ("pool2a", {"start": -(2**20)}),
        ("hs1a", {"keep": 0}),
        ("hs1a", {"keep": float("nan")}),
        ("rnorm1a", {"size": -5}),
        ("rnorm1a", {"scale": float("inf")}),
        ("rnorm1a", {"pow": None}),
    ],
    ids=str,
)
def test_layers_that_do_not_fit(name, fields, tmp_path):
    with pytest.raises((ValueError, sa.UnsupportedError), match=r"3\.7"):
        load(tmp_path, changed(name, **fields))


@pytest.mark.parametrize(
    "saved", [{}, [], 3, {"model_state": {}}, {"model_state": {"layers": [3]}}, {"layers": {}}, {"a": TOWERS}]
)
def test_other_pickles(saved, tmp_path):
    with pytest.raises((ValueError, sa.UnsupportedError), match=r"3\.7"):
        load(tmp_path, saved)


@pytest.mark.parametrize(
    "program",
    [
        b"\x80\x02cos\nsystem\nU\x09touch /x;\x85R.",
        b"]" * 200_000 + b"a" * 199_999 + b".",
        b"\x80\x02}q\x00U\x06layersh\x00s.",
        b"\x80\x02" + b"(" * 200_000 + b".",
        b"\x80\x02ccollections\nOrderedDict\n](]()" + b"\x85" * 200_000 + b"K\x01ee\x85R.",
        b"\x80\x02}U\x06layers](}("
        + b"".join(b"U\x03%03dN" % i for i in range(1000)) * 20
        + b"uq\x01"
        + b"h\x01" * 999
        + b"es.",
    ],
    ids=["a call", "depth", "a dict in itself", "marks", "a deep key", "one layer many times"],
)
def test_programs(program, tmp_path):
    with pytest.raises((ValueError, sa.UnsupportedError), match=r"3\.7"):
        load(tmp_path, program)


@pytest.mark.parametrize("protocol", [0, 2])
def test_damaged_files(protocol, tmp_path):
    net = Builder(1, 4)
    layers = net.end(net.fc("fc", [net.conv("conv", ["data"], 2, 3, neuron="relu")], 2))
    for layer in layers.values():  # what the reader leaves out
        for key in ("weightsInc", "inputLayers", "gpu", "src_layer", "numInputs", "randSparse"):
            layer.pop(key, None)
    data = pickled({"layers": list(layers.values())}, protocol)
    read = describing("cuda_convnet")
    assert assert_survives(read, [Case("sound", data)], tmp_path) == 1
    assert assert_survives(read, prefixes(data), tmp_path) == 0
    assert_survives(read, flips(data), tmp_path)
    assert_survives(read, damaged(data, 2000, seed=protocol), tmp_path)
    assert_survives(loading("cuda_convnet"), damaged(data, 200, seed=4), tmp_path)
