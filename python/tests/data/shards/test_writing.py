"""Writing shards: what is in them, that their bytes are the same after kills, and what is not replaced."""

import errno
import json
import os
import random
import subprocess
import sys
import tarfile
from io import BytesIO

import numpy as np
import pytest
from PIL import Image
from support import CLASSES, TESTS, needs, photo_folder

import swiftalexnet as sa
from swiftalexnet.data.shards import storing
from swiftalexnet.images.geometry import Geometry, Whole

GEOMETRY = Geometry(20, 3, "area")


def write(source, out, **options):
    return sa.write_shards(source, out, **{"images_per_shard": 5, "progress": False} | options)


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture
def undisturbed(folder, tmp_path):
    """What a run writes that nobody disturbs."""
    write(folder.root, tmp_path / "undisturbed")
    return contents(tmp_path / "undisturbed")


class TestContents:
    def test_all_images_once(self, folder, tmp_path):
        written = write(folder.root, tmp_path / "out")
        assert written.pattern == str(tmp_path / "out" / "train-{000000..000004}.tar") and written.images == 24
        assert len(written.shards) == 5 and written.left_out == {}
        data = sa.ShardedDataset(written.pattern)
        assert data.classes == CLASSES and sorted(data.labels) == sorted(folder.labels)
        files = {path.read_bytes(): label for path, label in zip(folder.paths, folder.labels, strict=True)}
        assert all(files.pop(data.encoded(index)) == data.labels[index] for index in range(24)) and not files
        assert len(np.unique(data.labels[:5])) > 1  # shuffled

    def test_the_standard_library_reads_them(self, folder, tmp_path):
        written = write(folder, tmp_path, order="stored", name="all.of-them", images_per_shard=None)
        assert (
            written.pattern == str(tmp_path / "all.of-them-000000.tar")
            and written.shards[0].stat().st_size % 10240 == 0
        )
        with tarfile.open(written.pattern) as tar:
            members = tar.getmembers()
            assert [member.name for member in members[:4]] == [
                "00000000.png",
                "00000000.cls",
                "00000001.png",
                "00000001.cls",
            ]
            assert {(m.mtime, m.uid, m.gid, m.uname, m.gname, m.mode) for m in members} == {(0, 0, 0, "", "", 0o644)}
            assert tar.extractfile("00000023.png").read() == folder.paths[23].read_bytes()
            assert tar.extractfile("00000023.cls").read() == b"3" and len(members) == 48

    def test_webdataset_reads_them(self, folder, tmp_path):
        webdataset = needs("webdataset")
        written = write(folder, tmp_path, order="stored")
        samples = list(
            webdataset.WebDataset(written.pattern, shardshuffle=False).decode().to_tuple("__key__", "png", "cls")
        )
        assert [label for _, _, label in samples] == folder.labels.tolist()
        raw = list(webdataset.WebDataset(written.pattern, shardshuffle=False))
        assert [each["png"] for each in raw] == [path.read_bytes() for path in folder.paths]

    def test_megabytes(self, folder, tmp_path):
        sizes = {
            len(write(folder, tmp_path / str(most), megabytes=most, images_per_shard=None).shards)
            for most in (0.001, 0.02, 1)
        }
        assert sizes == {24, len(list((tmp_path / "0.02").glob("*.tar"))), 1} and 1 < max(sizes - {24}) < 24
        for path in (tmp_path / "0.02").glob("*.tar"):
            assert path.stat().st_size <= 20_000 + 10_240 + 1024  # and the end mark

    def test_reduced_images(self, tmp_path):
        folder = sa.ImageFolder(photo_folder(tmp_path / "photos", 2, side=40))
        small = Image.fromarray(np.full((10, 30, 3), 99, np.uint8))
        small.save(folder.root / "dark" / "small.bmp")
        data = sa.ShardedDataset(write(folder.root, tmp_path / "out", resize=20, quality=90, order="stored").pattern)
        sizes = {Image.open(BytesIO(data.encoded(index))).size for index in range(9)}
        assert sizes == {(20, 20), (30, 10)} and data.name(4).endswith("00000004.bmp")
        near = data.image(0, Whole(20, 3, "area")).astype(int) - folder.image(0, Whole(20, 3, "area"))
        assert 0 < np.abs(near).mean() < 20

    def test_shards_from_shards(self, folder, tmp_path):
        first = write(folder, tmp_path / "a", order="stored")
        again = write(sa.ShardedDataset(first.pattern), tmp_path / "b", order="stored")
        assert [path.read_bytes() for path in again.shards] == [path.read_bytes() for path in first.shards]

    def test_a_class_of_any_name(self, tmp_path):
        photo_folder(tmp_path / "photos", 1)
        odd = os.fsdecode(b"a\nb \xff")
        (tmp_path / "photos" / "dark").rename(tmp_path / "photos" / odd)
        data = sa.ShardedDataset(write(tmp_path / "photos", tmp_path / "out").pattern)
        assert data.classes == (odd, *(name for name in CLASSES if name != "dark"))


class TestResuming:
    def test_killed_at_random_moments(self, folder, undisturbed, tmp_path):
        chance, out, kills = random.Random(5), tmp_path / "out", 0
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(TESTS), str(TESTS.parent)])}
        for _ in range(6):
            command = [sys.executable, str(TESTS / "killed_shards.py"), str(folder.root), str(out), "0.002"]
            with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE) as run:
                for _ in range(chance.randrange(1, 25)):
                    run.stdout.readline()
                kills += run.poll() is None
                run.kill()
        assert kills and any(name.startswith(".train") for name in contents(out)) | (len(contents(out)) > 2)
        write(folder.root, out)
        assert contents(out) == undisturbed

    def test_a_complete_set_is_left_alone(self, folder, undisturbed, tmp_path, monkeypatch):
        monkeypatch.setattr(storing, "replacing", None)
        assert write(folder.root, tmp_path / "undisturbed").images == 24
        assert contents(tmp_path / "undisturbed") == undisturbed

    def test_a_shard_that_is_gone_is_written_again(self, folder, undisturbed, tmp_path):
        for name in ("train-000001.tar", "train-000004.tar"):
            os.unlink(tmp_path / "undisturbed" / name)
        write(folder.root, tmp_path / "undisturbed")
        assert contents(tmp_path / "undisturbed") == undisturbed

    def test_a_shard_that_has_changed(self, folder, undisturbed, tmp_path):
        shard = tmp_path / "undisturbed" / "train-000001.tar"
        os.truncate(shard, 700)
        with pytest.raises(ValueError, match=r"train-000001.tar has 700 bytes, and had .*remove it"):
            write(folder.root, tmp_path / "undisturbed")
        write(folder.root, tmp_path / "undisturbed", overwrite=True)
        assert contents(tmp_path / "undisturbed") == undisturbed

    def test_a_full_disk_loses_nothing(self, folder, undisturbed, tmp_path, monkeypatch):
        out, room = tmp_path / "out", 25
        real = os.write

        def full(descriptor, data):
            nonlocal room
            room -= 1
            if room < 0:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return real(descriptor, bytes(data)[:3000])

        with monkeypatch.context() as patch:
            patch.setattr(os, "write", full)
            with pytest.raises(OSError) as caught:
                write(folder.root, out)
        assert caught.value.errno == errno.ENOSPC and str(out) in str(caught.value)
        assert (out / "train-000000.tar").exists() and not list(out.glob(".*"))
        write(folder.root, out)
        assert contents(out) == undisturbed

    def test_an_interruption(self, folder, undisturbed, tmp_path, monkeypatch):
        add, count = storing.TarWriter.add, 0

        def interrupted(*given):
            nonlocal count
            count += 1
            if count == 27:
                raise KeyboardInterrupt
            add(*given)

        with monkeypatch.context() as patch:
            patch.setattr(storing.TarWriter, "add", interrupted)
            with pytest.raises(KeyboardInterrupt):
                write(folder.root, tmp_path / "out")
        assert len(list((tmp_path / "out").glob("*.tar"))) == 2
        write(folder.root, tmp_path / "out")
        assert contents(tmp_path / "out") == undisturbed


class TestWhatIsThere:
    def test_another_plan(self, folder, undisturbed, tmp_path):
        out = tmp_path / "undisturbed"
        for options, what in (
            ({"images_per_shard": 6}, "limits"),
            ({"seed": 1}, "seed 0 there, 1 here"),
            ({"order": "stored"}, "order 'shuffled' there, 'stored' here"),
            ({"resize": 9}, "encoding None there"),
        ):
            with pytest.raises(FileExistsError, match=f"holds shards of another plan: {what}.*overwrite=True"):
                write(folder.root, out, **options)
        assert contents(out) == undisturbed
        write(folder.root, out, images_per_shard=20, overwrite=True)
        assert len(list(out.glob("*.tar"))) == 2 and len(list(out.glob("*.index"))) == 1

    def test_other_images(self, folder, undisturbed, tmp_path):
        photo_folder(tmp_path / "photos", 7)
        with pytest.raises(FileExistsError, match="another plan: images 24 there, 28 here"):
            write(tmp_path / "photos", tmp_path / "undisturbed")
        assert contents(tmp_path / "undisturbed") == undisturbed

    def test_a_file_of_somebody_else(self, folder, tmp_path):
        (tmp_path / "train-000002.tar").write_text("mine")
        with pytest.raises(FileExistsError, match=r"already exists; .*train-000002.tar"):
            write(folder.root, tmp_path)
        assert (tmp_path / "train-000002.tar").read_text() == "mine"
        write(folder.root, tmp_path, overwrite=True)
        assert len(sa.ShardedDataset(str(tmp_path / "train-{000000..000004}.tar"))) == 24

    def test_names_of_other_classes(self, folder, tmp_path):
        (tmp_path / "classes.json").write_text('["a"]')
        with pytest.raises(FileExistsError, match="has the names of other classes"):
            write(folder.root, tmp_path)
        assert os.listdir(tmp_path) == ["classes.json"]

    def test_two_parts_in_a_folder(self, folder, undisturbed, tmp_path):
        write(folder.root, tmp_path / "undisturbed", name="validation")
        assert contents(tmp_path / "undisturbed").items() >= undisturbed.items()

    @pytest.mark.parametrize(
        "change",
        [
            lambda parts: parts.update(format=2),
            lambda parts: parts.pop("plan"),
            lambda parts: parts.update({"shards": [["../train-1.tar", 1, 2, 3]]}),
            lambda parts: parts.update({"shards": [["/etc/passwd", 1, 2, 3]]}),
            lambda parts: parts.update({"shards": [["train-000000.tar", -1, 2, 3]]}),
            lambda parts: parts.update({"shards": 7}),
            lambda parts: parts.update({"being written": "../x"}),
            lambda parts: parts.update({"left out": [[1]]}),
        ],
    )
    def test_a_damaged_journal(self, folder, undisturbed, tmp_path, change):
        path = tmp_path / "undisturbed" / "train.shards.json"
        parts = json.loads(path.read_text())
        change(parts)
        path.write_text(json.dumps(parts))
        with pytest.raises(sa.CacheCorruptError, match=r"train.shards.json is damaged.*overwrite=True"):
            write(folder.root, tmp_path / "undisturbed")
        write(folder.root, tmp_path / "undisturbed", overwrite=True)
        assert contents(tmp_path / "undisturbed") == undisturbed


class TestBrokenImages:
    @pytest.fixture
    def broken(self, tmp_path):
        root = photo_folder(tmp_path / "photos", 3)
        (root / "low" / "1.png").write_bytes(b"broken")
        return root

    def test_they_stay_if_they_are_not_reduced(self, broken, tmp_path):
        assert write(broken, tmp_path / "out").images == 12

    def test_they_are_errors_or_left_out(self, broken, tmp_path):
        with pytest.raises(ValueError, match=r"low/1.png cannot be decoded"):
            write(broken, tmp_path / "out", resize=20)
        written = write(broken, tmp_path / "skipped", resize=20, on_error="skip")
        (name,) = written.left_out
        assert name.endswith("low/1.png") and written.images == 11
        assert write(broken, tmp_path / "skipped", resize=20, on_error="skip") == written
        with pytest.raises(ValueError, match="1 image cannot be read, max_errors allows 0"):
            write(broken, tmp_path / "none", resize=20, on_error="skip", max_errors=0)

    def test_all_of_them(self, tmp_path):
        for name in CLASSES:
            (tmp_path / "photos" / name).mkdir(parents=True)
            (tmp_path / "photos" / name / "1.png").write_bytes(b"x")
        with pytest.raises(ValueError, match="none of the images can be read"):
            write(tmp_path / "photos", tmp_path / "out", resize=20, on_error="skip")


class TestArguments:
    @pytest.mark.parametrize(
        ("options", "error", "message"),
        [
            ({"name": "../a"}, ValueError, "name is '../a'"),
            ({"name": 7}, ValueError, "name is 7"),
            ({"images_per_shard": 0}, ValueError, "images_per_shard is 0"),
            ({"megabytes": 0}, ValueError, "megabytes is 0"),
            ({"megabytes": float("nan")}, ValueError, "megabytes"),
            ({"order": "random"}, ValueError, "unknown order 'random'"),
            ({"resize": -1}, ValueError, "resize is -1"),
            ({"quality": 100}, ValueError, "quality is 100"),
            ({"resample": "cubic"}, ValueError, "unknown resample 'cubic'"),
            ({"on_error": "x"}, ValueError, "unknown on_error"),
            ({"max_errors": 1}, ValueError, "needs on_error='skip'"),
            ({"overwrite": 1}, TypeError, "overwrite is 1"),
            ({"labels": "kit.tar.gz"}, ValueError, "labels are for ILSVRC2012_img_val.tar"),
            ({"seed": -1}, ValueError, "seed is -1"),
        ],
    )
    def test_they_are_checked_first(self, folder, tmp_path, options, error, message):
        with pytest.raises(error, match=message):
            write(folder.root, tmp_path / "out", **options)
        assert not (tmp_path / "out").exists()

    def test_sources(self, tmp_path):
        with pytest.raises(FileNotFoundError):
            write(tmp_path / "absent", tmp_path / "out")
        with pytest.raises(TypeError, match="source"):
            write(7, tmp_path / "out")
        with pytest.raises(ValueError, match="no class folders"):
            write(tmp_path, tmp_path / "out")
        with pytest.raises(NotADirectoryError):
            (tmp_path / "file").touch()
            write(tmp_path / "file", tmp_path / "out")
