"""Features in files: formats, what lies beside them, resuming, other runs' files, full disks."""

import json
import os
import resource
import signal
import subprocess
import sys
import warnings
from io import BytesIO
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from support import TESTS, labelled_images, needs, photo_folder, tiny_model

import swiftalexnet as sa
from swiftalexnet.inference import feature_arrays, feature_files
from swiftalexnet.inference.feature_journal import Journal
from swiftalexnet.inference.feature_target import Target
from swiftalexnet.network.source import Source

LAYERS = ["conv1", "relu1", "fc6"]


@pytest.fixture(scope="module")
def model():
    return tiny_model()


@pytest.fixture(scope="module")
def images():
    return labelled_images(40)[0]


@pytest.fixture
def often(monkeypatch):
    """Commit after every batch."""
    monkeypatch.setattr(feature_files, "SECONDS_BETWEEN_COMMITS", 0.0)


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


class Stop(Exception):
    """Ends a run from outside."""


def stopped_after(images, count):
    """Yield some images, and then stop."""
    yield from islice(images, count)
    raise Stop


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


class TestResuming:
    @pytest.mark.parametrize("out", ["f", "f.npy", "f.h5"])
    @pytest.mark.parametrize("count", [0, 3, 16, 39])
    def test_the_same_bytes(self, out, count, model, images, tmp_path, often):
        needs("h5py")
        layers = ["fc6"] if out == "f.npy" else LAYERS
        (tmp_path / "a").mkdir()
        (tmp_path / "b").mkdir()
        model.features(iter(images), layers, out=tmp_path / "a" / out, batch_size=4)
        with pytest.raises(Stop):
            model.features(stopped_after(images, count), layers, out=tmp_path / "b" / out, batch_size=4)
        with pytest.raises(OSError, match="No complete features"):
            sa.open_features(tmp_path / "b" / out)
        model.features(iter(images), layers, out=tmp_path / "b" / out, batch_size=4)
        assert content(tmp_path / "a") == content(tmp_path / "b")

    def test_only_what_is_missing_is_computed(self, model, images, tmp_path, often, monkeypatch):
        with pytest.raises(Stop):
            model.features(stopped_after(images, 20), ["fc6"], out=tmp_path / "f.npy", batch_size=4)
        with Journal_of(tmp_path / ".f.npy.partial") as journal:
            done = journal.images
        assert 0 < done <= 20
        seen = []
        compute = feature_files.FeatureFiles.append
        monkeypatch.setattr(
            feature_files.FeatureFiles, "append", lambda *given: (seen.append(len(given[1])), compute(*given))[1]
        )
        model.features(iter(images), ["fc6"], out=tmp_path / "f.npy", batch_size=4)
        assert sum(seen) == 40 - done
        model.features(iter(images), ["fc6"], out=tmp_path / "f.npy", batch_size=4)
        assert sum(seen) == 40 - done  # nothing more

    def test_an_interrupt_loses_nothing_that_was_written(self, model, images, tmp_path):
        with pytest.raises(Stop):
            model.features(stopped_after(images, 30), ["fc6"], out=tmp_path / "f.npy", batch_size=4)
        with Journal_of(tmp_path / ".f.npy.partial") as journal:
            assert journal.images >= 8

    def test_errors_of_the_first_run_count(self, model, tmp_path, often):
        folder = photo_folder(tmp_path / "photos", 5)
        for number in (0, 4):
            (folder / "dark" / f"{number}.png").write_bytes(b"broken")
        options = {"out": tmp_path / "f.npy", "on_error": "skip", "batch_size": 2}
        for _ in range(2):
            with pytest.raises(ValueError, match="2 images cannot be read, max_errors allows 1"):
                model.features(folder, ["fc6"], max_errors=1, **options)
        assert len(model.features(folder, ["fc6"], max_errors=2, **options).skipped) == 2

    def test_a_torn_line_of_the_journal_is_forgotten(self, model, images, tmp_path, often):
        expected = model.features(iter(images), ["fc6"], out=tmp_path / "a.npy", batch_size=4)
        for torn in (b'[["3', b"\0\0\0", b"[]"):
            with pytest.raises(Stop):
                model.features(stopped_after(images, 24), ["fc6"], out=tmp_path / "b.npy", batch_size=4, resume=False)
            with open(tmp_path / ".b.npy.partial" / "journal.jsonl", "ab") as file:
                file.write(torn)
            found = model.features(iter(images), ["fc6"], out=tmp_path / "b.npy", batch_size=4)
            assert np.array_equal(found["fc6"], expected["fc6"]) and len(found.names) == 40
            (tmp_path / "b.npy").unlink()
            (tmp_path / "b.npy.json").unlink()

    @pytest.mark.parametrize("out", ["f", "f.npy", "f.h5"])
    def test_a_stop_at_every_step_of_the_end(self, out, model, images, tmp_path, monkeypatch):
        """Each call of the system that the end makes fails once."""
        needs("h5py")
        layers = ["fc6"] if out == "f.npy" else LAYERS
        (tmp_path / "a").mkdir()
        model.features(images, layers, out=tmp_path / "a" / out)
        expected = content(tmp_path / "a")
        for step in range(60):
            folder = tmp_path / str(step)
            folder.mkdir()
            with monkeypatch.context() as patch:
                calls = fail_at(patch, step)
                try:
                    model.features(images, layers, out=folder / out)
                except OSError:
                    pass
                finally:
                    done = len(calls) <= step
            model.features(images, layers, out=folder / out)
            assert content(folder) == expected, step
            if done:
                break
        assert done and step > 8

    @pytest.mark.parametrize("name", ["fdatasync", "write"])
    def test_a_call_of_the_system_that_fails_while_images_come(self, name, model, images, tmp_path, often, monkeypatch):
        """What a failed sync was about does not count, even if the next one succeeds."""
        expected = model.features(iter(images), LAYERS, out=tmp_path / "a", batch_size=4)
        for step in (0, 1, 4, 7, 18):
            with monkeypatch.context() as patch, pytest.raises(OSError, match="Input/output error"):
                fail_at(patch, step, (name,))
                model.features(iter(images), LAYERS, out=tmp_path / str(step), batch_size=4)
            found = model.features(iter(images), LAYERS, out=tmp_path / str(step), batch_size=4)
            assert content(found.path) == content(expected.path), step

    def test_begun_anew(self, model, images, tmp_path):
        model.features(images, LAYERS, out=tmp_path / "f")
        found = model.features(images[:5], ["fc6", "fc8"], out=tmp_path / "f", resume=False)
        assert sorted(os.listdir(tmp_path / "f")) == ["fc6.npy", "fc8.npy", "features.json"]
        assert found["fc6"].shape == (5, 24)


ENDING = ("fsync", "fdatasync", "replace", "pwrite", "unlink", "rmdir", "ftruncate")


def fail_at(patch, step: int, names: tuple[str, ...] = ENDING) -> list[str]:
    """Let the call number `step` of these functions fail; return the list of the calls made."""
    calls: list[str] = []

    def counted(function, name):
        def call(*given, **options):
            calls.append(name)
            if len(calls) == step + 1:
                raise OSError(5, "Input/output error")
            return function(*given, **options)

        return call

    for name in names:
        patch.setattr(os, name, counted(getattr(os, name), name))
    return calls


class Journal_of:
    """The journal in a folder, closed at the end."""

    def __init__(self, folder: Path):
        self.journal = Journal(folder)

    def __enter__(self) -> Journal:
        return self.journal

    def __exit__(self, *_):
        self.journal.close()


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


class TestFullDisk:
    def test_nothing_is_lost(self, model, images, tmp_path, often):
        """A limit on the size of files stops the run as a full disk does; the next call completes it."""
        expected = model.features(images, ["conv1"], out=tmp_path / "a.npy", batch_size=4)
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, limits[1]))
        try:
            with pytest.raises(OSError, match="File too large") as caught:
                model.features(images, ["conv1"], out=tmp_path / "b.npy", batch_size=4)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        assert caught.value.filename == str(tmp_path / "b.npy")
        assert caught.value.__notes__ == [
            "features: those of the images so far are kept; the same call goes on where it ended"
        ]
        with Journal_of(tmp_path / ".b.npy.partial") as journal:
            assert 4 <= journal.images < 12
        found = model.features(images, ["conv1"], out=tmp_path / "b.npy", batch_size=4)
        assert np.array_equal(found["conv1"], expected["conv1"])

    def test_nothing_is_lost_while_hdf5_is_put_together(self, model, images, tmp_path):
        """The arrays fit, the file of all of them does not; the library must not notice, or it ends the process."""
        needs("h5py")
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        for limit in (106_000, 150_000, 208_000):
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limits[1]))
            try:
                with pytest.raises(OSError, match="File too large"):
                    model.features(images, LAYERS, out=tmp_path / "f.h5")
            finally:
                resource.setrlimit(resource.RLIMIT_FSIZE, limits)
            with Journal_of(tmp_path / ".f.h5.partial") as journal:
                assert journal.ended and journal.rows == 40
        found = model.features(images, LAYERS, out=tmp_path / "f.h5")
        assert np.array_equal(found["relu1"], model.features(images, LAYERS)["relu1"])
        assert sorted(os.listdir(tmp_path)) == ["f.h5", "f.h5.json"]

    def test_a_warning_before(self, model, images, tmp_path, monkeypatch):
        usage = type("Usage", (), {"free": 1000})
        monkeypatch.setattr("shutil.disk_usage", lambda _: usage)
        with pytest.warns(UserWarning, match=r"3,840 bytes are to be written to .*, 1,000 are free"):
            model.features(images, ["fc6"], out=tmp_path / "f")


class TestKilled:
    def test_at_random_moments(self, tmp_path):
        """SIGKILL again and again; the files get the bytes of an undisturbed run."""
        folder = photo_folder(tmp_path / "photos", 6)
        undisturbed = [sys.executable, str(TESTS / "killed_features.py"), str(folder)]
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
        subprocess.run([*undisturbed, str(tmp_path / "a"), "0"], check=True, env=environment, timeout=120)
        expected = content(tmp_path / "a")
        kills = 0
        for attempt in range(40):
            process = subprocess.Popen(
                [*undisturbed, str(tmp_path / "b"), "0.003"], env=environment, stdout=subprocess.PIPE
            )
            if attempt % 4 < 3:
                process.stdout.read(1)  # the first images are there
            try:
                process.wait(timeout=0.01 + 0.1 * (attempt % 7) / 7)
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                process.wait()
            process.stdout.close()
            kills += process.returncode == -signal.SIGKILL
            if process.returncode == 0:
                break
        assert kills >= 2 and process.returncode == 0
        assert content(tmp_path / "b") == expected


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


@pytest.fixture
def unfinished(model, images, tmp_path, often):
    """Return the folder of a run that was stopped after 24 of 40 images."""
    with pytest.raises(Stop):
        model.features(stopped_after(images, 24), ["fc6"], out=tmp_path / "f", batch_size=4)
    return tmp_path / "f" / ".partial"


class TestHostileFiles:
    @pytest.mark.parametrize(
        "line",
        [b"[1]", b"[[1]]", b"[[1, 2, 3]]", b'[["a", "b"]]', b"{}", b'{"abc": 1}', b"5", b"null", b'["abc"]',
         b"[" * 100_000, b"9" * 5000, b'[["a", "b", null, 4]]'],
    )  # fmt: skip
    def test_a_line_of_the_journal_that_is_none(self, line, unfinished, model, images):
        journal = unfinished / "journal.jsonl"
        lines = journal.read_bytes().splitlines(keepends=True)
        journal.write_bytes(lines[0] + line + b"\n" + b"".join(lines[1:]))
        found = model.features(iter(images), ["fc6"], out=unfinished.parent, batch_size=4)
        assert np.array_equal(found["fc6"], model.features(images, ["fc6"], batch_size=4)["fc6"])

    def test_pipes_do_not_block(self, unfinished, model, images):
        for name in ("journal.jsonl", "run.json"):
            kept = (unfinished / name).read_bytes()
            (unfinished / name).unlink()
            os.mkfifo(unfinished / name)
            with pytest.raises(OSError, match="Not a regular file"):
                model.features(iter(images), ["fc6"], out=unfinished.parent, batch_size=4)
            (unfinished / name).unlink()
            (unfinished / name).write_bytes(kept)
        found = model.features(iter(images), ["fc6"], out=unfinished.parent, batch_size=4)
        assert len(found.names) == 40
        (unfinished.parent / "fc6.npy").unlink()
        os.mkfifo(unfinished.parent / "fc6.npy")
        with pytest.raises(OSError, match="Not a regular file"):
            found["fc6"]

    def test_a_description_of_a_run_that_is_nested_without_end(self, unfinished, model, images):
        (unfinished / "run.json").write_text('{"a":' * 100_000)
        assert len(model.features(images, ["fc6"], out=unfinished.parent).names) == 40

    @pytest.mark.parametrize("resume", [True, False])
    def test_files_of_others_stay(self, resume, model, images, tmp_path):
        """A folder of the same name as that of an unfinished run, or a link to one, loses nothing."""
        (tmp_path / "own").mkdir()
        (tmp_path / "own" / "thesis.tex").write_text("years")
        (tmp_path / "f").mkdir()
        (tmp_path / "f" / ".partial").symlink_to(tmp_path / "own")
        (tmp_path / ".f.npy.partial").mkdir()
        (tmp_path / ".f.npy.partial" / "thesis.tex").write_text("years")
        for out in ("f", "f.npy"):
            with pytest.raises(FileExistsError, match="not the folder of an unfinished extraction"):
                model.features(images, ["fc6"], out=tmp_path / out, resume=resume)
        assert (tmp_path / "own" / "thesis.tex").exists() and (tmp_path / ".f.npy.partial" / "thesis.tex").exists()

    @pytest.mark.parametrize("numbers", [[77], [-1], ["0"], [0, 0], [0.5], [True], [None]])
    def test_numbers_of_skipped_images(self, numbers, model, images, tmp_path):
        model.features(images, ["fc6"], out=tmp_path / "f.npy")
        path = tmp_path / "f.npy.json"
        fields = json.loads(path.read_text())
        skipped = [{"number": number, "name": "a", "stamp": "b", "error": "c"} for number in numbers]
        path.write_text(json.dumps(fields | {"images": fields["images"] | {"skipped": skipped}}))
        with pytest.raises(ValueError, match=r"f.npy.json is damaged"):
            sa.open_features(tmp_path / "f.npy")

    @pytest.mark.parametrize("offset", [0, 1, -1, True, 2**70, 1.5, "a", []])
    def test_offsets_of_data_sets(self, offset, model, images, tmp_path):
        needs("h5py")
        found = model.features(images, ["fc6"], out=tmp_path / "f.h5")
        found.provenance["offsets"]["fc6"] = offset
        with pytest.raises(ValueError, match=r"f.h5 is damaged"):
            found["fc6"]

    def test_another_file_in_place_of_hdf5(self, model, images, tmp_path):
        needs("h5py")
        found = model.features(images, ["fc6"], out=tmp_path / "f.h5")
        (tmp_path / "f.h5").write_bytes(bytes((tmp_path / "f.h5").stat().st_size))
        with pytest.raises(ValueError, match=r"f.h5 is damaged: it is not the HDF5 file"):
            found["fc6"]

    def test_a_folder_with_an_arrays_name_is_refused_before_any_work(self, model, images, tmp_path):
        (tmp_path / "f" / "fc6.npy").mkdir(parents=True)

        def first():
            pytest.fail("an image was read")
            yield

        with pytest.raises(IsADirectoryError, match=r"fc6.npy"):
            model.features(first(), ["fc6"], out=tmp_path / "f", resume=False)
        assert [path.name for path in (tmp_path / "f").iterdir()] == ["fc6.npy"]

    @pytest.mark.parametrize("data", [b"PK\x03\x04" + bytes(60), b"\x80\x04N.", None])
    def test_an_array_of_another_kind(self, data, model, images, tmp_path):
        """numpy's own reader raises errors of the tokenizer and of zip files for some of these."""
        found = model.features(images, ["fc6"], out=tmp_path / "f.npy")
        whole = (tmp_path / "f.npy").read_bytes()
        (tmp_path / "f.npy").write_bytes(whole.replace(b"(40, 24)", b"((0, 24)") if data is None else data)
        with pytest.raises(ValueError, match=r"f.npy is damaged"):
            found["fc6"]
