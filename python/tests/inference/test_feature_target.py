"""Where features may be written, and what is never touched there."""

import json
import os

import numpy as np
import pytest
from feature_runs import LAYERS, Stop, stopped_after
from support import photo_folder, tiny_model

import swiftalexnet as sa


class TestOtherFiles:
    def test_not_among_the_images(self, model, tmp_path):
        folder = photo_folder(tmp_path / "photos", 2)
        before = sorted(tmp_path.rglob("*"))
        for images in (folder, str(folder) + "/"):
            with pytest.raises(ValueError, match=r"out is '.*photos', the folder of the images, expected another"):
                model.features(images, LAYERS, out=folder)
        assert sorted(tmp_path.rglob("*")) == before

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"layers": ["fc6"]}, "layers is conv1, relu1, fc6 there and fc6 here"),
            ({"pool": "avg"}, r"layers.conv1.shape is \[8, 9, 9\] there and \[8\] here"),
            ({"dtype": "float16"}, "dtype is float32 there and float16 here"),
            ({"fast_math": True}, "arithmetic.fast_math is false there and true here"),
            ({"value_range": (0, 1)}, r"reading.value_range is null there and \[0.0, 1.0\] here"),
        ],
    )
    def test_of_another_run(self, change, message, model, images, tmp_path, often):
        call = {"images": images, "layers": LAYERS, "out": tmp_path / "f"}
        with pytest.raises(Stop):
            model.features(**call | {"images": stopped_after(images, 20)}, batch_size=4)
        for _ in range(2):  # unfinished, then complete
            with pytest.raises(ValueError, match=f"holds other features: {message}.*or begin anew and replace it"):
                model.features(**call | change)
            model.features(**call)
        assert not (tmp_path / "f" / ".partial").exists()

    def test_of_another_model(self, model, images, tmp_path):
        model.features(images, ["fc6"], out=tmp_path / "f.npy")
        other = tiny_model(seed=1)
        with pytest.raises(ValueError, match=r"model.sha256 is \w{64} there and \w{64} here"):
            other.features(images, ["fc6"], out=tmp_path / "f.npy")
        other = tiny_model()
        other.preprocessing = other.preprocessing.replace(mean=[1, 2, 3])
        with pytest.raises(ValueError, match=r"preprocessing.mean is \[127.*\] there and \[1.0, 2.0, 3.0\] here"):
            other.features(images, ["fc6"], out=tmp_path / "f.npy")

    def test_a_part_of_the_model_is_the_same_model(self, model, images, tmp_path):
        found = model.features(images, ["conv2"], out=tmp_path / "f")
        model.save(tmp_path / "m")
        for part in (model.up_to("relu2"), sa.load(tmp_path / "m", up_to="conv2")):
            assert part.features(images, ["conv2"], out=tmp_path / "f").provenance == found.provenance

    def test_of_other_images(self, model, images, tmp_path):
        model.features(images, ["fc6"], out=tmp_path / "f")
        others = images.copy()
        others[7, 3, 2, 1] ^= 1
        for given, message in (
            (images[:30], "40 or more there, 30 here"),
            (iter(images[:30]), "40 or more there, 30 here"),
            (np.concatenate([images, images]), "40 there, 80 here"),
            (iter(np.concatenate([images, images])), "40 there, more here"),
            (others, "image 7, '7', has changed since"),
        ):
            with pytest.raises(ValueError, match=f"holds features of other images: {message}"):
                model.features(given, ["fc6"], out=tmp_path / "f")

    def test_of_other_files(self, model, tmp_path, often):
        folder = photo_folder(tmp_path / "photos", 2)
        files = sorted(folder.rglob("*.png"))
        model.features(files, ["fc6"], out=tmp_path / "f")
        with pytest.raises(ValueError, match=r"image 0 is '.*bright/0.png' there and '.*bright/1.png' here"):
            model.features([files[1], files[0], *files[2:]], ["fc6"], out=tmp_path / "f")
        os.utime(files[3], ns=(1, 1))
        with pytest.raises(ValueError, match=r"image 3, '.*', has changed since; give another out"):
            model.features(files, ["fc6"], out=tmp_path / "f")

    def test_of_nobody(self, model, images, tmp_path):
        np.save(tmp_path / "f.npy", images)
        with pytest.raises(ValueError, match=r"f.npy exists, and no f.npy.json says what it holds"):
            model.features(images, ["fc6"], out=tmp_path / "f.npy")
        model.features(images, ["fc6"], out=tmp_path / "f.npy", resume=False)
        assert np.load(tmp_path / "f.npy").shape == (40, 24)

    def test_two_writers(self, model, images, tmp_path):
        def meanwhile():
            yield from images[:10]
            with pytest.raises(sa.ConcurrentUseError, match="is being written by another process"):
                model.features(images, ["fc6"], out=tmp_path / "f.npy", resume=False)
            yield from images[10:]

        found = model.features(meanwhile(), ["fc6"], out=tmp_path / "f.npy", batch_size=4)
        assert np.array_equal(found["fc6"], model.features(images, ["fc6"])["fc6"])

    @pytest.mark.parametrize("out", ["f.csv", "f.npz", "", "a\0b", 3])
    def test_no_place_for_features(self, out, model, images, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        with pytest.raises((TypeError, ValueError), match="out is"):
            model.features(images, ["fc6"], out=out)

    def test_a_file_in_place_of_a_folder(self, model, images, tmp_path):
        (tmp_path / "f").write_bytes(b"")
        (tmp_path / "f.npy").mkdir()
        with pytest.raises(NotADirectoryError):
            model.features(images, ["fc6"], out=tmp_path / "f")
        with pytest.raises(IsADirectoryError):
            model.features(images, ["fc6"], out=tmp_path / "f.npy")
        with pytest.raises(FileNotFoundError, match="nowhere"):
            model.features(images, ["fc6"], out=tmp_path / "nowhere" / "f.npy")

    def test_damaged_descriptions(self, model, images, tmp_path):
        model.features(images, ["fc6"], out=tmp_path / "f.npy")
        path = tmp_path / "f.npy.json"
        sound = json.loads(path.read_text())
        changes = (
            {"format": "x"}, {"layers": 3}, {"layers": {"a": 1}}, {"dtype": "x"}, {"dtype": "O"}, {"images": None},
            {"layers": {"fc6": {"node": "fc6", "file": "../fc6.npy", "shape": [24]}}},
            {"layers": {"fc6": {"node": "fc6", "file": "fc6.npy", "shape": ["a"]}}},
            {"images": sound["images"] | {"stamps": []}}, {"images": sound["images"] | {"names": [1] * 40}},
        )  # fmt: skip
        for text in ["", "[", "3", "{}", *(json.dumps(sound | change) for change in changes)]:
            path.write_text(text)
            with pytest.raises(ValueError, match=r"f.npy.json is damaged"):
                sa.open_features(tmp_path / "f.npy")
        path.write_text(json.dumps(sound))
        whole = (tmp_path / "f.npy").read_bytes()
        for data in (b"", whole[:100], whole[:500], b"x" * 1000):
            (tmp_path / "f.npy").write_bytes(data)
            with pytest.raises(ValueError, match=r"f.npy is damaged"):
                sa.open_features(tmp_path / "f.npy")["fc6"]
