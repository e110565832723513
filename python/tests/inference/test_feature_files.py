"""Features in files: formats, names, what lies beside them."""

import json
import os
import subprocess
import sys
import warnings
from io import BytesIO

import numpy as np
import pytest
from feature_runs import LAYERS
from support import TESTS, needs, photo_folder, tiny_model

import swiftalexnet as sa
from swiftalexnet.inference import feature_arrays
from swiftalexnet.inference.feature_target import Target
from swiftalexnet.network.source import Source


class TestFormats:
    def test_a_folder(self, model, images, tmp_path):
        expected = model.features(images, LAYERS)
        found = model.features(images, LAYERS, out=tmp_path / "f", batch_size=7)
        assert sorted(os.listdir(found.path)) == ["conv1.npy", "fc6.npy", "features.json", "relu1.npy"]
        assert list(found) == LAYERS and found.names == expected.names and found.skipped == {}
        for layer in LAYERS:
            assert np.array_equal(found[layer], expected[layer])
            assert np.array_equal(np.load(found.path / f"{layer}.npy", mmap_mode="r"), expected[layer])
            assert isinstance(found[layer], np.memmap) and not found[layer].flags.writeable
        assert "40 images" in repr(found) and "conv1 8 × 9 × 9" in repr(found)
        with pytest.raises(KeyError, match="'fc7', expected one of conv1, relu1, fc6; did you mean 'fc6'"):
            found["fc7"]

    def test_a_file_for_one_layer(self, model, images, tmp_path):
        model.features(images, ["fc6"], out=tmp_path / "f.npy", dtype="float16")
        assert sorted(os.listdir(tmp_path)) == ["f.npy", "f.npy.json"]
        assert np.array_equal(np.load(tmp_path / "f.npy"), model.features(images, ["fc6"], dtype="float16")["fc6"])
        with pytest.raises(ValueError, match=r"f.npy holds one layer, got conv1, relu1, fc6: expected a folder"):
            model.features(images, LAYERS, out=tmp_path / "f.npy")

    def test_hdf5(self, model, images, tmp_path):
        h5py = needs("h5py")
        found = model.features(images, LAYERS, out=tmp_path / "f.h5", pool="avg", flatten=True)
        expected = model.features(images, LAYERS, pool="avg")
        assert sorted(os.listdir(tmp_path)) == ["f.h5", "f.h5.json"]
        for layer in LAYERS:
            assert np.array_equal(found[layer], expected[layer]) and not found[layer].flags.writeable
        with h5py.File(tmp_path / "f.h5") as file:
            assert np.array_equal(file["relu1"], expected["relu1"]) and list(file["relu1"].attrs["layers"]) == ["relu1"]
            assert tuple(file["image_names"].asstr()) == expected.names
            assert json.loads(file.attrs["provenance"])["pool"] == "avg"

    def test_two_names_of_one_layer_share_a_file(self, tmp_path):
        model = sa.alexnet("owt", num_classes=3, image_size=67)
        images = np.zeros((3, 67, 67, 3), np.uint8)
        found = model.features(images, ["features.6", "conv3"], out=tmp_path / "f", pool="max")
        assert sorted(os.listdir(tmp_path / "f")) == ["conv3.npy", "features.json"]
        assert list(found) == ["features.6", "conv3"] and np.array_equal(found["features.6"], found["conv3"])

    def test_labelled_table(self, model, images, tmp_path):
        needs("pandas")
        table = model.features(images, ["fc6"], out=tmp_path / "f.npy").to_frame()
        assert table.equals(model.features(images, ["fc6"]).to_frame())

    def test_what_is_beside_them(self, tmp_path):
        model = tiny_model()
        model.source = Source("PyTorch (zip)", "a.pth")
        folder = photo_folder(tmp_path / "photos", 3)
        (folder / "dark" / "1.png").write_bytes(b"broken")
        found = model.features(folder, LAYERS, out=tmp_path / "f", on_error="skip", batch_size=4)
        fields = json.loads((tmp_path / "f" / "features.json").read_text())
        assert fields["layers"]["relu1"] == {"node": "relu1", "file": "relu1.npy", "shape": [8, 9, 9]}
        assert fields["package"] == sa.__version__ and fields["dtype"] == "float32" and fields["pool"] is None
        assert len(fields["model"]["sha256"]) == 64 and fields["arithmetic"]["precision"] == "float32"
        assert fields["source"] == {"format": "PyTorch (zip)", "name": "a.pth"}
        assert fields["preprocessing"]["crop"] == 20 and len(fields["preprocessing"]["mean"]) == 3
        (skipped,) = fields["images"]["skipped"]
        assert (skipped["number"], skipped["name"]) == (4, "dark/1.png") and "cannot be decoded" in skipped["error"]
        assert found.names == tuple(fields["images"]["names"]) and len(found.names) == 11
        assert found.skipped == {"dark/1.png": skipped["error"]}
        size, _ = fields["images"]["stamps"][0].split()
        assert int(size) == (folder / found.names[0]).stat().st_size
        kept = [folder / name for name in found.names]
        assert np.array_equal(found["fc6"], model.features(kept, ["fc6"])["fc6"])

    def test_no_image_could_be_read(self, model, tmp_path):
        (tmp_path / "a.png").write_bytes(b"broken")
        for out in ("f", "f.npy"):
            found = model.features(tmp_path / "a.png", ["fc6"], out=tmp_path / out, on_error="skip")
            assert found["fc6"].shape == (0, 24) and len(found.skipped) == 1

    def test_opened_again(self, model, images, tmp_path):
        expected = model.features(images, LAYERS, out=tmp_path / "f")
        found = sa.open_features(tmp_path / "f")
        assert found.names == expected.names and np.array_equal(found["fc6"], expected["fc6"])
        with pytest.raises(FileNotFoundError, match="No complete features"):
            sa.open_features(tmp_path)


@pytest.mark.parametrize(("out", "end"), [("f", ".npy"), ("f.h5", "")])
def test_layers_with_names_that_files_cannot_have(out, end):
    names = ["a/b", "a_b", "../x", "..", "A_B", "é", "n" * 300]
    files = Target(out, "features").files(names, "features")
    expected = ["a_b", "a_b-2", "_x", "layer", "A_B-3", "_", "n" * 100]
    assert list(files.values()) == [f"{name}{end}" for name in expected]


def test_numpy_reads_the_header_of_any_shape():
    for shape in ((0, 3), (10**9, 4096), (7, 512, 224, 224)):
        header = feature_arrays.array_header(shape, "float16")
        assert len(header) == 192
        file = BytesIO(header)
        assert np.lib.format.read_magic(file) == (1, 0)
        assert np.lib.format.read_array_header_1_0(file) == (shape, False, np.dtype("float16"))


def test_many_images_and_no_more_memory(tmp_path):
    """The short version of benchmarks/features_memory.py: memory does not grow with the images."""
    script = TESTS / "features_of_many.py"
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, str(script), str(tmp_path / "f.npy"), "6000"],
        check=True, env=environment, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    early, late = map(int, done.stdout.split())
    assert late - early < 8 << 20


def test_warnings_are_no_errors(model, images, tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.features(images, LAYERS, out=tmp_path / "f")
