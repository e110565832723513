"""The one door: what it reads, how much memory it takes, how errors name the file."""

import os

import fresh_process
import numpy as np
import pytest
from safetensors.numpy import save_file
from small_weights import torchvision_alexnet
from support import tiny_model

import swiftalexnet as sa

PEAK = """
import gc, sys
import swiftalexnet as sa

def status(key):
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith(key + ":")) << 10

sa.load(sys.argv[2])  # what is loaded once
gc.collect()
with open("/proc/self/clear_refs", "w") as file:
    file.write("5")  # the peak is what is there now
before = status("VmHWM")
model = sa.load(sys.argv[1])
print(status("VmHWM") - before)
"""


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A file of 244 MB with torchvision's names."""
    path = tmp_path_factory.mktemp("weights") / "alexnet.safetensors"
    sa.alexnet("owt", initialization="zeros").export(path)
    return path


def test_no_more_memory_than_the_weights_and_64_mib(whole, tmp_path):
    save_file(torchvision_alexnet(), tmp_path / "small")
    peak = int(fresh_process.run(PEAK, whole, tmp_path / "small"))
    assert whole.stat().st_size < peak < whole.stat().st_size + (64 << 20)


@pytest.fixture
def bytes_read(monkeypatch):
    """Count the bytes that are read by offset."""
    counts = []
    read = os.preadv

    def counted(descriptor, buffers, offset):
        counts.append(read(descriptor, buffers, offset))
        return counts[-1]

    monkeypatch.setattr(os, "preadv", counted)
    return counts


def test_only_the_layers_that_are_wanted_are_read(whole, tmp_path, bytes_read):
    model = sa.load(whole, up_to="pool5")
    assert model.summary().rows[-1].name == "pool5" and model.source.sha256 is None
    assert 4 * model.summary().parameters < sum(bytes_read) < 4 * model.summary().parameters + 10_000
    sa.alexnet("owt", initialization="zeros").save(tmp_path / "own")
    bytes_read.clear()
    assert sa.load(tmp_path / "own", up_to="features.12").summary().rows[-1].name == "pool5"
    assert sum(bytes_read) < 4 * model.summary().parameters + 10_000


def test_inspect_reads_headers(whole, bytes_read):
    assert sa.inspect(whole).variant == "owt"
    assert sum(bytes_read) < 20_000


def test_layers_of_our_own_files_keep_their_factors(tmp_path):
    model = tiny_model()
    model.freeze("conv1")
    model.set_multipliers(["fc8"], learning_rate=10.0)
    model.classes = ("a", "b", "c", "d")
    model.save(tmp_path / "m", known_answers=True)
    part = sa.load(tmp_path / "m", up_to="relu2")
    assert part.multipliers()["conv1.weight"] == (0, 1) and part.classes is None and part.known_answers is None
    assert sa.load(tmp_path / "m", up_to="prob").classes == ("a", "b", "c", "d")
    with pytest.raises(ValueError, match="load: unknown layer 'relu9'"):
        sa.load(tmp_path / "m", up_to="relu9")


def test_bad_arguments_are_told_before_the_file_is_opened(tmp_path):
    for options, error, message in (
        ({"variant": 3}, ValueError, "unknown variant 3"),
        ({"prototxt": 3}, TypeError, "load: prototxt is 3"),
        ({"prototxt": ""}, ValueError, "load: prototxt is ''"),
    ):
        with pytest.raises(error, match=message):
            sa.load(tmp_path / "missing", **options)


def test_every_error_names_the_file(tmp_path):
    path = tmp_path / "weights"
    save_file({"features.0.weight": np.zeros((1, 1, 3, 3), np.float32)}, path)
    with pytest.raises(ValueError, match=rf"{path}: the nearest network"):
        sa.load(path)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(sa.CheckpointCorruptError, match=rf"{path} cannot be read: it has"):
        sa.load(path)


def test_what_a_caller_says_of_our_own_file(tmp_path):
    model = sa.alexnet("owt", 2, image_size=64, initialization="zeros")
    model.save(tmp_path / "m")
    told = sa.load(tmp_path / "m", classes=["cat", "dog"], mean=[1, 2, 3], variant="owt")
    assert told.classes == ("cat", "dog") and told.preprocessing.mean.tolist() == [1, 2, 3]
    with pytest.raises(ValueError, match="m is owt, not paper"):
        sa.load(tmp_path / "m", variant="paper")
    with pytest.raises(ValueError, match="m is of this package's own files: prototxt is for Caffe's .caffemodel"):
        sa.load(tmp_path / "m", prototxt="deploy.prototxt")
    with pytest.raises(TypeError, match="load: classes"):
        sa.load(tmp_path / "m", classes=3)


def test_what_is_wrong_with_the_callers_own_is_no_fault_of_the_file(whole, tmp_path):
    np.save(tmp_path / "mean.npy", np.zeros((3, 1, 1), np.float32))
    (tmp_path / "damaged.npy").write_bytes(b"\x93NUMPY\x01\x00\xff")
    names = [f"class {number}" for number in range(7)]
    for options, message in (
        ({"classes": names}, "load: classes has 7 names, the network has 1000 outputs"),
        ({"mean": [1, 2]}, "load: mean has shape"),
        ({"mean": tmp_path / "mean.npy"}, "load: a mean image of 1 × 1"),
        ({"mean": tmp_path / "damaged.npy"}, r".*damaged\.npy"),
    ):
        with pytest.raises(ValueError, match=f"^{message}"):
            sa.load(whole, **options)
