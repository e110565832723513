"""MatConvNet's .mat files, written by scipy with the fields of the published networks."""

import importlib
import re
import struct

import numpy as np
import pytest
from formats.hostile import Case, assert_survives, damaged, describing, flips, numbers, prefixes
from support import needs

import swiftalexnet as sa
from swiftalexnet.files.matlab.reading import variables_of
from swiftalexnet.files.source import opened_source

h5py = needs("h5py")
scipy = needs("scipy")
importlib.import_module("scipy.io")

# What imagenet-caffe-alex has; pools round up by padding below and at the right.
ALEX = [
    ("conv1", "conv", {"stride": [4.0, 4.0], "pad": [0.0] * 4}),
    ("relu1", "relu", {}),
    ("norm1", "lrn", {"param": [5.0, 1.0, 2e-5, 0.75]}),
    ("pool1", "pool", {"method": "max", "pool": [3.0, 3.0], "stride": [2.0, 2.0], "pad": [0.0] * 4}),
    ("conv2", "conv", {"stride": [1.0, 1.0], "pad": [2.0] * 4}),
    ("relu2", "relu", {}),
    ("norm2", "lrn", {"param": [5.0, 1.0, 2e-5, 0.75]}),
    ("pool2", "pool", {"method": "max", "pool": [3.0, 3.0], "stride": [2.0, 2.0], "pad": [0.0, 1.0, 0.0, 1.0]}),
    ("conv3", "conv", {"stride": [1.0, 1.0], "pad": 1.0}),
    ("relu3", "relu", {}),
    ("conv4", "conv", {"stride": [1.0, 1.0], "pad": [1.0] * 4}),
    ("relu4", "relu", {}),
    ("conv5", "conv", {"stride": [1.0, 1.0], "pad": [1.0] * 4}),
    ("relu5", "relu", {}),
    ("pool5", "pool", {"method": "max", "pool": [3.0, 3.0], "stride": [2.0, 2.0], "pad": [0.0] * 4}),
    ("fc6", "conv", {"stride": [1.0, 1.0], "pad": [0.0] * 4}),
    ("relu6", "relu", {}),
    ("fc7", "conv", {"stride": [1.0, 1.0], "pad": [0.0] * 4}),
    ("relu7", "relu", {}),
    ("fc8", "conv", {"stride": [1.0, 1.0], "pad": [0.0] * 4}),
    ("prob", "softmax", {}),
]
CLASSES = [f"class {number}" for number in range(3)]


def narrow():
    """Return Caffe's AlexNet with a few channels and random weights."""
    spec = sa.alexnet("caffe", num_classes=3).spec
    spec = re.sub(r"outputs=\d\d+", "outputs=4", spec)
    return sa.Model.from_spec(spec, "glorot", seed=1)


def filters_of(model):
    """Return weights as MatConvNet has them: [height, width, in, out], and biases as a row."""
    found = {}
    for name, array in model.state_dict().items():
        layer, part = name.split(".")
        if part == "weight":
            array = (
                array.reshape(4, 4, 6, 6)
                if layer == "fc6"
                else array.reshape(*array.shape, 1, 1)[..., :1, :1]
                if array.ndim == 2
                else array
            )
            found[layer] = [array.transpose(2, 3, 1, 0)]
        else:
            found[layer].append(array.reshape(1, -1))
    return found


def cells(values):
    """Return a cell array."""
    array = np.empty((1, len(values)), object)
    array[0, :] = values
    return array


def write(path, weights, layers=ALEX, old=False, compressed=False, average=None, size=227, **normalization):
    """Write a network; `old` as the first versions did."""
    listed = []
    for name, kind, options in layers:
        layer = {"name": name, "type": "normalize" if old and kind == "lrn" else kind, **options}
        if name in weights:
            arrays = weights[name]
            layer |= {"filters": arrays[0], "biases": arrays[1]} if old else {"weights": cells(arrays)}
        listed.append(layer)
    average = np.float32([[[123, 117, 104]]]) if average is None else average
    normalization = {
        "imageSize": np.float64([size, size, 3]),
        "averageImage": average,
        "interpolation": "bilinear",
        **normalization,
    }
    classes = {"name": cells(["n1", "n2", "n3"]), "description": cells(CLASSES)}
    about = {"normalization": normalization, "classes": classes}
    variables = {"layers": cells(listed), **(about if old else {"meta": about})}
    scipy.io.savemat(path, variables, do_compression=compressed)
    return path


@pytest.mark.parametrize("old", [False, True])
@pytest.mark.parametrize("compressed", [False, True])
def test_caffe_alex(tmp_path, old, compressed):
    ours = narrow()
    model = sa.load(write(tmp_path / "m.mat", filters_of(ours), old=old, compressed=compressed))
    assert (model.variant, model.classes) == ("caffe", tuple(CLASSES))
    for name, array in ours.state_dict().items():
        assert np.array_equal(model.state_dict()[name], array)
    x = np.random.default_rng(0).standard_normal((2, 3, 227, 227)).astype(np.float32) * 50
    np.testing.assert_allclose(model.forward(x), ours.forward(x), rtol=1e-5, atol=1e-6)
    assert model.preprocessing.mean.tolist() == [123, 117, 104]
    assert model.source.format == "MatConvNet (.mat)"


def write_73(path, variables):
    """Write variables as MATLAB's version 7.3 does: cells are references to a group of their own."""
    with h5py.File(path, "w", userblock_size=512) as file:
        references = file.create_group("#refs#")

        def put(group, name, value):
            if isinstance(value, dict):
                inner = group.create_group(name)
                for key, field in value.items():
                    put(inner, key, field)
                kind = "struct"
            elif isinstance(value, np.ndarray) and value.dtype == object:
                names = [put(references, f"r{len(references)}", each) for each in value[0]]
                group[name] = np.array([[references[each].ref for each in names]], h5py.ref_dtype).T
                kind = "cell"
            elif isinstance(value, str):
                group[name] = np.frombuffer(value.encode("utf-16-le"), np.uint16).reshape(-1, 1)
                kind = "char"
            else:
                array = np.atleast_2d(np.asarray(value))
                group.create_dataset(name, data=array.T, compression="gzip" if array.size > 1000 else None)
                kind = "single" if array.dtype == np.float32 else "double"
            group[name].attrs["MATLAB_class"] = np.bytes_(kind)
            return name

        for name, value in variables.items():
            put(file, name, value)
    data = path.read_bytes()
    path.write_bytes(b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(124) + b"\0\2IM" + data[128:])


def test_version_7_3(tmp_path, monkeypatch):
    ours = narrow()
    monkeypatch.setattr(scipy.io, "savemat", lambda path, variables, do_compression: write_73(path, variables))
    model = sa.load(write(tmp_path / "m.mat", filters_of(ours)))
    assert (model.variant, model.classes) == ("caffe", tuple(CLASSES))
    for name, array in ours.state_dict().items():
        assert np.array_equal(model.state_dict()[name], array)


def test_version_7_3_hostile(tmp_path, monkeypatch):
    monkeypatch.setattr(scipy.io, "savemat", lambda path, variables, do_compression: write_73(path, variables))
    weights = {"c": [np.ones((2, 2, 3, 1), np.float32), np.zeros((1, 1), np.float32)]}
    data = write(tmp_path / "m.mat", weights, [("c", "conv", {"stride": 1.0}), ("r", "relu", {})], size=4).read_bytes()
    read(tmp_path / "m.mat")
    assert_survives(read, damaged(data, 2000, 1), tmp_path)


def test_an_average_image_with_a_border(tmp_path):
    average = np.random.default_rng(0).uniform(0, 255, (227, 227, 3)).astype(np.float32)
    model = sa.load(
        write(tmp_path / "m.mat", filters_of(narrow()), average=average, border=[29.0, 29.0], keepAspect=1.0)
    )
    preprocessing = model.preprocessing
    assert (preprocessing.resize, preprocessing.crop, preprocessing.warp) == (256, 227, False)
    assert np.array_equal(preprocessing.mean[14:241, 14:241], average)


def test_a_pool_that_rounds_up_reads_the_edge(tmp_path):
    layers = [
        ("pool", "pool", {"method": "avg", "pool": [3.0, 3.0], "stride": [2.0, 2.0], "pad": [0.0, 1.0, 0.0, 1.0]})
    ]
    layers += [("fc", "conv", {})]
    weights = {"fc": [np.float32(np.eye(12).reshape(2, 2, 3, 12)), np.zeros((1, 12), np.float32)]}
    model = sa.load(write(tmp_path / "m.mat", weights, layers, size=4))
    x = np.random.default_rng(0).standard_normal((1, 3, 4, 4)).astype(np.float32)
    expected = [
        [[x[0, c, 2 * i : 2 * i + 3, 2 * j : 2 * j + 3].mean() for c in range(3)] for j in (0, 1)] for i in (0, 1)
    ]
    np.testing.assert_allclose(model.forward(x)[0], np.ravel(expected), rtol=1e-5)


def test_the_reader_agrees_with_scipy(tmp_path):
    arrays = {
        "a": np.arange(24.0).reshape(2, 3, 4),
        "b": np.float32([[1.5]]),
        "c": np.int16([[1, 2]]),
        "d": np.zeros((0, 3)),
    }
    for compressed in (False, True):
        scipy.io.savemat(tmp_path / "a.mat", arrays, do_compression=compressed)
        theirs = scipy.io.loadmat(tmp_path / "a.mat")
        with opened_source(tmp_path / "a.mat", "load") as file:
            ours = variables_of(file)
            for name, array in arrays.items():
                assert ours[name].dims == theirs[name].shape
                if array.size:
                    found = ours[name].numbers(0, array.size).reshape(ours[name].dims, order="F")
                    assert np.array_equal(found, theirs[name]) and found.dtype == theirs[name].dtype


@pytest.mark.parametrize(
    ("layer", "words"),
    [
        (("x", "custom", {}), "layer 2, 'x', is of type 'custom'"),
        (("x", "relu", {"leak": 0.1}), "layer x is a leaky ReLU"),
        (("x", "pool", {"pool": [3.0, 2.0]}), "layer x pools"),
        (("x", "pool", {"pool": 2.0, "method": "median"}), "layer x pools by 'median'"),
        (("x", "lrn", {"param": [4.0, 1.0, 1.0, 1.0]}), "layer x normalises over 4 channels"),
        (("x", "conv", {}), "layer x has no filters"),
        (("x", "pool", {"pool": 2.0, "stride": [1.0, 2.0]}), "layer x has stride"),
        (("x", "pool", {"pool": 2.0, "stride": -1.0}), "field stride of a layer is"),
    ],
)
def test_what_is_refused(tmp_path, layer, words):
    path = write(tmp_path / "m.mat", filters_of(narrow()), [ALEX[0], layer])
    with pytest.raises((ValueError, sa.UnsupportedError), match=words) as error:
        sa.load(path)
    assert str(path) in str(error.value)


@pytest.mark.parametrize("variables", [{"x": 1.0}, {"layers": 1.0}, {"layers": cells([{"type": "relu"}])}, {"x": 1j}])
def test_other_files_of_matlab(tmp_path, variables):
    scipy.io.savemat(tmp_path / "m.mat", variables)
    with pytest.raises((ValueError, sa.UnsupportedError), match=re.escape(str(tmp_path / "m.mat"))):
        sa.load(tmp_path / "m.mat")


read = describing("matconvnet")


def test_hostile_bytes(tmp_path):
    layers = [("c", "conv", {"stride": 1.0, "pad": [0.0, 1.0, 0.0, 1.0]}), ("r", "relu", {})]
    weights = {"c": [np.ones((2, 2, 3, 1), np.float32), np.zeros((1, 1), np.float32)]}
    data = write(tmp_path / "m.mat", weights, layers, size=4).read_bytes()
    packed = write(tmp_path / "m.mat", weights, layers, size=4, compressed=True).read_bytes()
    read(tmp_path / "m.mat")
    used = range(116, len(data))
    assert_survives(read, [*prefixes(data), *flips(data, used), *numbers(data, range(128, len(data), 4), 4)], tmp_path)
    assert_survives(read, [*prefixes(packed), *flips(packed, range(116, len(packed)))], tmp_path)
    assert_survives(read, [*damaged(data, 2000, 1), *damaged(packed, 1000, 2)], tmp_path)


def deep_cells(depth):
    """Return a variable of cells within cells."""
    inner = b""
    for _ in range(depth):
        header = struct.pack("<IIII", 6, 8, 1, 0) + struct.pack("<IIii", 5, 8, 1, 1) + struct.pack("<II", 1, 0)
        inner = struct.pack("<II", 14, len(header) + len(inner)) + header + inner
    return inner


def test_bombs(tmp_path):
    import zlib

    head = b"MATLAB 5.0 MAT-file".ljust(124) + b"\0\1IM"
    empty = struct.pack("<II", 14, 0)
    many = (
        struct.pack("<IIII", 6, 8, 1, 0)
        + struct.pack("<IIii", 5, 8, 1, 200_000)
        + struct.pack("<II", 1, 0)
        + empty * 200_000
    )
    zeros = zlib.compress(bytes(400 << 20))
    cases = [
        Case("10,000 cells within each other", head + deep_cells(10_000)),
        Case("200,000 empty cells", head + struct.pack("<II", 14, len(many)) + many),
        Case("400 MB of zeros", head + struct.pack("<II", 15, len(zeros)) + zeros),
    ]
    assert assert_survives(read, cases, tmp_path) == 0


def test_many_references(tmp_path):
    with h5py.File(tmp_path / "m.mat", "w", userblock_size=512) as file:
        references = file.create_group("#refs#")
        arrays = [references.create_dataset(f"c{number}", data=np.zeros(1)).ref for number in range(2000)]
        layers = file.create_group("layers")
        for number, array in enumerate(arrays):
            layers.create_dataset(f"x{number}", data=np.array([array] * 20, h5py.ref_dtype))
    data = b"MATLAB 7.3 MAT-file".ljust(124) + b"\0\2IM" + (tmp_path / "m.mat").read_bytes()[128:]
    assert assert_survives(read, [Case("40,000 references", data)], tmp_path) == 0
