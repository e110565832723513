"""Extractions that were stopped, killed, or met a full disk go on to the same bytes."""

import os
import resource
import signal
import subprocess
import sys

import numpy as np
import pytest
from feature_runs import LAYERS, Stop, content, fail_at, opened_journal, stopped_after
from support import TESTS, needs, photo_folder

import swiftalexnet as sa
from swiftalexnet.inference import feature_files


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
        with opened_journal(tmp_path / ".f.npy.partial") as journal:
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
        with opened_journal(tmp_path / ".f.npy.partial") as journal:
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
        with opened_journal(tmp_path / ".b.npy.partial") as journal:
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
            with opened_journal(tmp_path / ".f.h5.partial") as journal:
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


def test_features_in_eight_bits_belong_to_their_ranges(model, images, tmp_path):
    first, second = model.quantize(images, "mse"), model.quantize(images, "percentile")
    out = tmp_path / "f.npy"
    kept = first.features(images, ["fc6"], out=out)
    assert np.array_equal(kept["fc6"], first.features(images, ["fc6"])["fc6"])
    assert np.array_equal(first.features(images, ["fc6"], out=out)["fc6"], kept["fc6"])
    with pytest.raises(ValueError, match=r"arithmetic\.ranges"):
        second.features(images, ["fc6"], out=out)
    with pytest.raises(ValueError, match=r"arithmetic\.precision is int8 there and float32 here"):
        first.features(images, ["fc6"], out=out, precision="float32")
