"""numpy's dictionaries of arrays: forms, layouts and names, and what damaged and hostile ones get."""

import io
import os
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest
from cuda_convnet_files import pickled
from formats.hostile import Case, assert_survives, damaged, describing, flips, loading, numbers, prefixes
from small_weights import torchvision_alexnet

import swiftalexnet as sa

RANDOM = np.random.default_rng(3)
CAFFE = {
    "conv1": (4, 3, 11),
    "conv2": (6, 2, 5),
    "conv3": (8, 6, 3),
    "conv4": (8, 4, 3),
    "conv5": (6, 4, 3),
    "fc6": (10, 6 * 36),
    "fc7": (12, 10),
    "fc8": (7, 12),
}
VGG11 = {"conv1_1": (2, 3, 3), "conv2_1": (3, 2, 3), "conv3_1": (2, 3, 3), "conv3_2": (3, 2, 3), "conv4_1": (2, 3, 3)}
VGG11 |= {"conv4_2": (2, 2, 3), "conv5_1": (3, 2, 3), "conv5_2": (2, 3, 3)}
VGG11 |= {"fc6": (5, 2 * 49), "fc7": (4, 5), "fc8": (3, 4)}


def weights(shapes=CAFFE) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return weights in the conventional order, of networks that read red, green, blue."""
    found = {}
    for name, (out, inputs, *kernel) in shapes.items():
        shape = (out, inputs, *kernel * 2)
        weight = (RANDOM.standard_normal(shape) / np.sqrt(np.prod(shape[1:]))).astype(np.float32)
        found[name] = weight, RANDOM.standard_normal(out).astype(np.float32)
    return found


CONVENTIONAL = weights()


def as_caffe(conventional) -> dict[str, list[np.ndarray]]:
    """Return weights of networks that read blue, green, red."""
    first = next(iter(conventional))
    return {name: [w[:, ::-1] if name == first else w, b] for name, (w, b) in conventional.items()}


def as_tensorflow(conventional) -> dict[str, list[np.ndarray]]:
    """Return them as caffe-tensorflow does: kernels [height, width, in, out], matrices [in, out], H, W, C."""
    found = {}
    channels = 0
    for name, (w, b) in as_caffe(conventional).items():
        if w.ndim == 4:
            found[name], channels = [np.ascontiguousarray(w.transpose(2, 3, 1, 0)), b], len(w)
        else:
            side = int(np.sqrt(w.shape[1] // channels)) if channels else 1
            rows = w.reshape(len(w), channels or w.shape[1], side, side).transpose(2, 3, 1, 0)
            found[name], channels = [rows.reshape(-1, len(w)), b], 0
    return found


def npy(saved: object, protocol: int | None = None) -> bytes:
    """Return an .npy file of an object; with protocol 2 as numpy wrote it in Python 2."""
    buffer = io.BytesIO()
    np.save(buffer, np.array(saved, object), allow_pickle=True)
    if protocol is None:
        return buffer.getvalue()
    start = buffer.getvalue()[: 10 + int.from_bytes(buffer.getvalue()[8:10], "little")]
    return start + pickled(np.array(saved, object), protocol)


def npz(arrays: dict[str, object], packed: bool = False) -> bytes:
    buffer = io.BytesIO()
    (np.savez_compressed if packed else np.savez)(buffer, **arrays)
    return buffer.getvalue()


def load(tmp_path, data: bytes, **options) -> sa.Model:
    (tmp_path / "weights").write_bytes(data)
    return sa.load(tmp_path / "weights", **options)


def assert_holds(model: sa.Model, conventional) -> None:
    parameters = model.parameters()
    for name, (weight, bias) in conventional.items():
        np.testing.assert_array_equal(parameters[f"{name}.weight"], weight, err_msg=name)
        np.testing.assert_array_equal(parameters[f"{name}.bias"], bias)


def flat(saved, ending: tuple[str, str]) -> dict[str, np.ndarray]:
    return {f"{name}{end}": each for name, pair in saved.items() for end, each in zip(ending, pair, strict=True)}


def pairs(saved) -> dict[str, np.ndarray]:
    """Return arrays of two objects, as `np.savez(file, conv1=[w, b])` makes."""
    found = {}
    for name, pair in saved.items():
        found[name] = np.empty(2, object)
        found[name][:] = pair
    return found


FORMS = {
    "npy of lists": lambda saved: npy(saved),
    "npy of Python 2": lambda saved: npy(saved, 2),
    "npy of dicts": lambda saved: npy(
        {name: dict(zip(("weights", "biases"), pair, strict=True)) for name, pair in saved.items()}
    ),
    "npz _W": lambda saved: npz(flat(saved, ("_W", "_b"))),
    "npz packed": lambda saved: npz(flat(saved, ("_W", "_b")), True),
    "npz /weights:0": lambda saved: npz(flat(saved, ("_weights", "_biases"))),
    "npz of pairs": lambda saved: npz(pairs(saved)),
    "npz of packed pairs": lambda saved: npz(pairs(saved), True),
    "npz fortran": lambda saved: npz({k: np.asfortranarray(v) for k, v in flat(saved, ("_W", "_b")).items()}),
    "npz double": lambda saved: npz({k: v.astype(">f8") for k, v in flat(saved, ("_W", "_b")).items()}),
}


@pytest.mark.parametrize("layout", [as_caffe, as_tensorflow])
@pytest.mark.parametrize("form", FORMS)
def test_caffe_names(form, layout, tmp_path):
    model = load(tmp_path, FORMS[form](layout(CONVENTIONAL)), variant="caffenet")
    assert_holds(model, CONVENTIONAL)
    assert model.variant == "caffenet"
    np.testing.assert_allclose(model.preprocessing.mean, [122.67891434, 116.66876762, 104.00698793], rtol=1e-6)
    assert any("blue, green, red" in note for note in model.source.notes)


def test_vgg(tmp_path):
    conventional = weights(VGG11)
    model = load(tmp_path, npy(as_tensorflow(conventional)))
    assert model.variant == "vgg-A"
    assert_holds(model, conventional)
    only = {name: pair for name, pair in as_tensorflow(conventional).items() if name.startswith("conv")}
    features = load(tmp_path, npy(only))
    assert_holds(features, {name: pair for name, pair in conventional.items() if name.startswith("conv")})


def test_two_variants_of_the_same_shapes(tmp_path):
    with pytest.raises(ValueError, match='weights has no graph, and caffe and caffenet .* variant="caffenet"'):
        load(tmp_path, npy(as_tensorflow(CONVENTIONAL)))


def test_torchvision_names(tmp_path):
    state = torchvision_alexnet()
    model = load(tmp_path, npz(state))
    assert model.variant == "owt"
    np.testing.assert_array_equal(model.parameters()["conv3.weight"], state["features.6.weight"])


def test_own_names(tmp_path):
    arrays = flat(CONVENTIONAL, (".weight", ".bias"))
    model = load(tmp_path, npz(arrays), variant="paper")
    assert model.variant == "paper" and any("red, green, blue" in note for note in model.source.notes)
    assert_holds(model, CONVENTIONAL)


def test_means(tmp_path):
    mean = RANDOM.uniform(0, 255, 3).astype(np.float64)
    np.save(tmp_path / "mean.npy", mean)
    model = load(tmp_path, npz(torchvision_alexnet()), mean=tmp_path / "mean.npy")
    np.testing.assert_array_equal(model.preprocessing.mean, mean.astype(np.float32))


class Hostile:
    """Would create a folder if it were run."""

    def __init__(self, path: Path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def test_nothing_is_run(tmp_path):
    data = npy({"conv1": Hostile(tmp_path / "made"), "conv2": [np.zeros((2, 2, 3, 3))]})
    with pytest.raises(ValueError, match="weights"):
        load(tmp_path, data)
    load(tmp_path, npy({**as_caffe(CONVENTIONAL), "other": Hostile(tmp_path / "made")}), variant="caffe")
    assert not (tmp_path / "made").exists()


def member(header: bytes, numbers: bytes = bytes(24), version: int = 1) -> bytes:
    return b"\x93NUMPY" + bytes([version, 0]) + len(header).to_bytes(2, "little") + header + numbers


def header(descr: str = "'<f4'", order: str = "False", shape: str = "(2, 3)") -> bytes:
    return f"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}\n".encode()


BAD = {
    "an array alone": member(header()),
    "numbers missing": member(header(), bytes(23)),
    "numbers more": member(header(), bytes(25)),
    "huge shape": member(header(shape="(4611686018427387904, 4)")),
    "negative shape": member(header(shape="(-2, -3)")),
    "many dimensions": member(header(shape=f"({'1, ' * 200})"), bytes(4)),
    "code for a header": member(b"__import__('os').system('true')"),
    "deep header": member(header(descr="(" * 10_000 + ")" * 10_000)),
    "structured": member(header(descr="[('a', '<f4')]")),
    "text": member(header(descr="'<U3'")),
    "version 9": member(header(), version=9),
    "length of the header": member(header())[:8] + b"\xff\xff" + header(),
    "objects without a pickle": member(header(descr="'|O'", shape="()"), b""),
    "a pickle of a number": member(header(descr="'|O'", shape="()"), pickle.dumps(3)),
    "a pickle of depth": member(header(descr="'|O'", shape="()"), b"]" * 50_000 + b"a" * 49_999 + b"."),
    "no arrays": npy({"epoch": 3}),
    "other names": npy({"weight": np.zeros(3)}),
    "two weights": npz({"conv1_W": np.zeros((1, 1, 3, 3)), "conv1.weight": np.zeros((1, 1, 3, 3))}),
    "a bias alone": npz({"conv1_b": np.zeros(3)}),
    "a weight of three dimensions": npz({"conv1_W": np.zeros((3, 3, 3))}),
    "kernels of no layout": npz({"conv1_W": np.zeros((2, 3, 4, 5)), "conv1_b": np.zeros(9)}),
    "a bomb": npz({"a": np.zeros(30_000_000, np.uint8)}, True),
}


def zipped(**members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.npy", content)
    return buffer.getvalue()


BAD |= {
    f"member: {name}": zipped(conv1_W=data)
    for name, data in BAD.items()
    if data[:1] == b"\x93" and name != "an array alone"
}


@pytest.mark.parametrize("name", BAD)
def test_bad_files_are_refused(name, tmp_path):
    with pytest.raises((ValueError, sa.UnsupportedError), match="weights"):
        load(tmp_path, BAD[name])


def test_bad_files_take_no_memory(tmp_path):
    assert assert_survives(loading("numpy"), [Case(name, data) for name, data in BAD.items()], tmp_path) == 0


TINY = {
    "conv1": [np.ones((1, 1, 3, 3), np.float32), np.ones(1, np.float32)],
    "fc2": [np.ones((2, 4), np.float16), np.ones(2, np.float16)],
}


@pytest.mark.parametrize("form", ["npy of Python 2", "npz _W", "npz packed"])
def test_damaged_files(form, tmp_path):
    data, read = FORMS[form](TINY), describing("numpy", network=False)
    assert assert_survives(read, [Case("sound", data)], tmp_path) == 1
    assert assert_survives(read, prefixes(data), tmp_path) == 0
    assert_survives(read, flips(data), tmp_path)
    assert_survives(read, [*damaged(data, 2000, seed=5), *numbers(data, range(0, len(data) - 4, 11), 4)], tmp_path)


def test_damaged_networks(tmp_path):
    data = npz(torchvision_alexnet())
    assert_survives(loading("numpy"), damaged(data, 200, seed=6), tmp_path)
