"""Safetensors files of other packages."""

import json

import numpy as np
import pytest
from formats.hostile import Case, assert_survives, damaged, flips, numbers, prefixes
from safetensors.numpy import save, save_file
from small_weights import torchvision_alexnet, torchvision_vgg11

import swiftalexnet as sa


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / "model.anything"
    save_file(torchvision_alexnet(), path, {"format": "pt"})
    return path


def test_torchvisions_names_become_ours(file):
    model, state = sa.load(file), torchvision_alexnet()
    own = model.state_dict()
    for theirs, ours in (("features.3.weight", "conv2.weight"), ("classifier.6.bias", "fc8.bias")):
        assert np.array_equal(own[ours], state[theirs])
    assert model.variant == "owt" and model.num_classes == 5 and model.classes is None
    assert np.allclose(model.preprocessing.mean, np.array([0.485, 0.456, 0.406]) * 255)
    assert np.allclose(1 / model.preprocessing.scale, np.array([0.229, 0.224, 0.225]) * 255)


def test_where_it_came_from_is_known_and_saved(file, tmp_path):
    import hashlib

    model = sa.load(file)
    assert model.source.sha256 == hashlib.sha256(file.read_bytes()).hexdigest()
    assert (model.source.format, model.source.name) == ("safetensors", "model.anything")
    model.save(tmp_path / "own")
    assert sa.load(tmp_path / "own").source == model.source


def test_a_thousand_outputs_have_the_names_of_ilsvrc(tmp_path):
    save_file(torchvision_alexnet(classes=1000), tmp_path / "m")
    model = sa.load(tmp_path / "m")
    assert model.classes[0] == "tench" and model.classes[281] == "tabby" and len(set(model.classes)) == 1000


@pytest.mark.parametrize("prefix", ["module.", "model.", "backbone.", "model.module."])
def test_what_wrappers_put_before_names_is_left_out(prefix, tmp_path):
    save_file({prefix + name: array for name, array in torchvision_alexnet().items()}, tmp_path / "m")
    assert sa.load(tmp_path / "m").variant == "owt"


def test_features_in_data_parallel_within_a_name(tmp_path):
    state = {name.replace("features.", "features.module."): array for name, array in torchvision_vgg11().items()}
    save_file(state, tmp_path / "m")
    assert sa.load(tmp_path / "m").variant == "vgg-A"


def test_timms_convolutional_head_is_reshaped(tmp_path):
    state = torchvision_vgg11()
    names = {"classifier.0": "pre_logits.fc1", "classifier.3": "pre_logits.fc2", "classifier.6": "head.fc"}
    renamed = {
        names.get(n.rpartition(".")[0], n.rpartition(".")[0]) + "." + n.rpartition(".")[2]: a for n, a in state.items()
    }
    renamed["pre_logits.fc1.weight"] = renamed["pre_logits.fc1.weight"].reshape(8, -1, 7, 7)
    renamed["pre_logits.fc2.weight"] = renamed["pre_logits.fc2.weight"].reshape(6, 8, 1, 1)
    save_file(state, tmp_path / "torchvision")
    save_file(renamed, tmp_path / "timm")
    one, other = sa.load(tmp_path / "torchvision").state_dict(), sa.load(tmp_path / "timm").state_dict()
    assert all(np.array_equal(one[name], other[name]) for name in one)


def test_our_own_names_without_our_header(tmp_path):
    model = sa.alexnet("caffe", num_classes=3, image_size=67, initialization="zeros")
    state = {name: np.full(array.shape, 0.25, np.float32) for name, array in model.state_dict().items()}
    save_file({name: state[name] for name in ("conv1.weight", "conv1.bias")}, tmp_path / "part")
    with pytest.raises(ValueError, match="the nearest network is .*the file ends before conv2"):
        sa.load(tmp_path / "part")


def test_half_precision_becomes_float32(tmp_path):
    state = {name: array.astype(np.float16) for name, array in torchvision_alexnet().items()}
    save_file(state, tmp_path / "m")
    own = sa.load(tmp_path / "m").state_dict()["conv1.weight"]
    assert own.dtype == np.float32 and np.array_equal(own, state["features.0.weight"].astype(np.float32))


def test_values_that_are_not_finite_are_refused(tmp_path):
    state = torchvision_alexnet()
    state["classifier.4.weight"][0, 0] = np.nan
    save_file(state, tmp_path / "m")
    with pytest.raises(sa.CheckpointCorruptError, match=r"m: classifier.4.weight holds values that are not finite"):
        sa.load(tmp_path / "m")


def test_other_tensors_are_refused_or_left_out(tmp_path):
    save_file(torchvision_alexnet() | {"classifier.6.scale": np.zeros(3, np.float32)}, tmp_path / "m")
    with pytest.raises(ValueError, match=r"no place for classifier.6.scale; strict=False leaves them out"):
        sa.load(tmp_path / "m")
    assert sa.load(tmp_path / "m", strict=False).source.notes == ("left out: classifier.6.scale",)


def spoilt(entries: dict, data: bytes = b"") -> bytes:
    text = json.dumps(entries).encode()
    return len(text).to_bytes(8, "little") + text + data


def test_hostile_files(tmp_path):
    small = save({"features.0.weight": np.ones((1, 1, 3, 3), np.float32), "features.0.bias": np.ones(1, np.float32)})
    entry = {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}
    whole = {"features.0.bias": entry}
    cases = [
        *(*prefixes(small), *flips(small), *numbers(small, [0], 8), *damaged(small, 2000, seed=1)),
        *(
            Case(f"shape {s}", spoilt({"a": entry | {"shape": s}}, bytes(4)))
            for s in ([2**62, 4], [-1], [2**63], [0], [1.5], "1")
        ),
        *(
            Case(f"offsets {o}", spoilt({"a": entry | {"data_offsets": o}}, bytes(8)))
            for o in ([4, 8], [0, 2**63], [-4, 0], [8, 4])
        ),
        Case("overlap", spoilt({"a": entry, "b": entry}, bytes(4))),
        Case("a hole", spoilt({"a": entry, "b": entry | {"data_offsets": [8, 12]}}, bytes(12))),
        Case("two of one name", spoilt({}, b"")[:8] + b'{"a":{},"a":{}}'),
        Case("deep", (10_002).to_bytes(8, "little") + b'{"' + b"[" * 10_000),
        Case("deep and whole", spoilt({"a": 0}).replace(b"0", b"[" * 9000 + b"]" * 9000)),
        Case("not a table", (4).to_bytes(8, "little") + b"null"),
        *(Case(f"type {t}", spoilt({"a": entry | {"dtype": t}}, bytes(4))) for t in ("I64", "BF16", "X", None, 3)),
        Case("valid, but no network", spoilt(whole, bytes(4))),
        Case("a header as long as the file says, 2**63", (2**63).to_bytes(8, "little") + b"{}"),
    ]
    assert_survives(sa.load, cases, tmp_path)
    assert_survives(sa.inspect, cases, tmp_path)


def test_tensors_beside_a_wrapped_network(tmp_path):
    state = {f"model.{name}": array for name, array in torchvision_alexnet().items()}
    save_file(state | {"loss.weight": np.zeros(3, np.float32)}, tmp_path / "m")
    with pytest.raises(ValueError, match="no place for loss.weight"):
        sa.load(tmp_path / "m")
    assert sa.load(tmp_path / "m", strict=False).variant == "owt"
