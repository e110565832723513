"""Images in shards: the same as in a folder, and what befalls shards."""

import json
import multiprocessing
import os
import pickle
import resource
import tarfile
import threading
from pathlib import Path

import numpy as np
import pytest
from interrupted_fit import CountedNetwork, Enough
from shard_files import make_shards, members_of, tar_bytes
from support import CLASSES, fingerprint, fit, needs, quick_recipe, tiny_model

import swiftalexnet as sa
from swiftalexnet.data.shards import openers
from swiftalexnet.images.geometry import Geometry, Whole

GEOMETRY = Geometry(20, 3, "area")


def same_images(data, folder):
    return all(np.array_equal(data.image(i, GEOMETRY), folder.image(i, GEOMETRY)) for i in range(len(folder)))


class TestReading:
    def test_the_images_of_a_folder(self, folder, pattern):
        for _ in range(2):  # the second time from the index
            data = sa.ShardedDataset(pattern)
            assert len(data) == 24 and len(data.shards) == 3 and data.classes == CLASSES
            assert np.array_equal(data.labels, folder.labels) and data.labels.dtype == np.int32
            assert same_images(data, folder)
            assert data.image(3, Whole(20, 3, "area")).shape == (20, 20, 3)
            assert data.encoded(9) == folder.paths[9].read_bytes()
            assert data.name(9) == "train-001.tar/000009.png" and data.name(-1) == "train-002.tar/000023.png"
            assert data.skipped == 0 and data.left_out() == {} and data.why_missing(0) == ""
        assert repr(sa.ShardedDataset(data.shards[0])) == "ShardedDataset('train-000.tar'): 8 images"
        assert repr(data) == "ShardedDataset('train-000.tar' to 'train-002.tar'): 24 images in 3 shards"

    def test_a_list_in_another_order(self, folder, pattern):
        shards = [Path(name) for name in reversed(sa.ShardedDataset(pattern).shards)]
        data = sa.ShardedDataset(shards)
        assert data.name(0) == "train-002.tar/000016.png" and data.encoded(0) == folder.paths[16].read_bytes()

    def test_shards_that_webdataset_writes(self, folder, tmp_path):
        webdataset = needs("webdataset")
        with webdataset.TarWriter(str(tmp_path / "a.tar")) as writer:
            for index, path in enumerate(folder.paths):
                label = {"label": int(folder.labels[index])} if index % 2 else int(folder.labels[index])
                kind = "json" if index % 2 else "cls"
                writer.write({"__key__": f"some/key_{index:03d}", "PNG": path.read_bytes(), kind: label})
        data = sa.ShardedDataset(tmp_path / "a.tar", classes=folder.classes)
        assert same_images(data, folder) and np.array_equal(data.labels, folder.labels)

    def test_shards_of_some_other_tar(self, folder, tmp_path):
        files = [("__meta__", b""), ("README", b"x"), (".hidden.cls", b"x"), *members_of(folder, range(2))]
        files += [("9.heic", b"x"), ("9.cls", b"1"), ("classes.json", json.dumps(CLASSES).encode())]
        files += [("a/0.png", folder.paths[2].read_bytes()), ("a/0.txt", b"x"), ("a/0.json", b'{"cls": 3, "x": []}')]
        (tmp_path / "a.tar").write_bytes(tar_bytes(files))
        data = sa.ShardedDataset(tmp_path / "a.tar")
        assert data.labels.tolist() == [0, 0, 3] and data.classes == CLASSES
        assert data.left_out() == {"dark": {"without an image": 1}}

    def test_no_names(self, folder, tmp_path):
        data = sa.ShardedDataset(make_shards(folder, tmp_path, classes=False))
        assert data.classes is None
        with pytest.raises(ValueError, match="label 3 has no name: there are 3 classes"):
            sa.ShardedDataset(data.shards, classes=CLASSES[:3])

    def test_copies_and_processes(self, folder, pattern):
        data = pickle.loads(pickle.dumps(sa.ShardedDataset(pattern)))
        assert same_images(data, folder)
        with multiprocessing.get_context("fork").Pool(2) as pool:
            assert pool.map(data.encoded, range(24)) == [path.read_bytes() for path in folder.paths]

    def test_threads_share_it(self, folder, pattern, monkeypatch):
        monkeypatch.setattr(openers, "MOST_OPEN", 1)
        data, found = sa.ShardedDataset(pattern), {}
        expected = [path.read_bytes() for path in folder.paths]

        def read(number):
            order = np.random.default_rng(number).permutation(24)
            found[number] = all(data.encoded(index) == expected[index] for index in order)

        threads = [threading.Thread(target=read, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert list(found.values()) == [True] * 8 and len(data._opened._shards) <= 8

    def test_many_shards_and_few_descriptors(self, folder, tmp_path, monkeypatch):
        monkeypatch.setattr(openers, "MOST_OPEN", 4)
        for number in range(60):
            (tmp_path / f"{number}.tar").write_bytes(tar_bytes(members_of(folder, [number % 24])))
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (len(os.listdir("/proc/self/fd")) + 20, hard))
        try:
            data = sa.ShardedDataset(str(tmp_path / "{0..59}.tar"))
            assert [len(data.encoded(index)) for index in range(60)]
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

    @pytest.mark.parametrize(
        ("arguments", "error", "message"),
        [
            ({"on_error": "ignore"}, ValueError, "unknown on_error 'ignore'"),
            ({"max_errors": 3}, ValueError, "max_errors needs on_error='skip'"),
            ({"workers": 0}, ValueError, "workers is 0"),
            ({"opener": "s3"}, TypeError, "opener is 's3'"),
            ({"rescan": 1}, TypeError, "rescan is 1"),
            ({"opener": lambda name: None}, TypeError, "the opener gave None"),
            ({"index": ""}, ValueError, "index is ''"),
            ({"classes": "abcd"}, TypeError, "classes is 'abcd'"),
        ],
    )
    def test_arguments(self, pattern, arguments, error, message):
        with pytest.raises(error, match=message):
            sa.ShardedDataset(pattern, **arguments)


class TestTraining:
    def test_the_same_bits_as_from_a_folder(self, folder, pattern):
        found = []
        for data in (folder, sa.ShardedDataset(pattern)):
            model = tiny_model()
            row = fit(model, data, data).rows[-1]
            found.append((fingerprint(model), row["train_loss"], row["validation_loss"]))
        assert found[0] == found[1]

    def test_resumed_in_the_middle_of_an_epoch(self, folder, pattern, tmp_path):
        whole = tiny_model()
        fit(whole, folder, recipe=quick_recipe(batch_size=5))
        model = tiny_model()
        model._network = CountedNetwork(model.network, 7)  # of the first epoch's five steps and the second's
        options = {"recipe": quick_recipe(batch_size=5), "checkpoint": tmp_path / "run", "checkpoint_every": 1}
        with pytest.raises(Enough):
            fit(model, sa.ShardedDataset(pattern), **options)
        resumed = tiny_model()
        fit(resumed, sa.ShardedDataset(pattern), resume=True, **options)
        assert fingerprint(resumed) == fingerprint(whole)
        other = make_shards(folder, tmp_path / "other")
        first = tmp_path / "other" / "train-000.tar"
        first.write_bytes(tar_bytes([(f"x{name}", data) for name, data in members_of(folder, range(8))]))
        with pytest.raises(ValueError, match="belongs to a run with file names"):
            fit(tiny_model(), sa.ShardedDataset(other), resume=True, **options)

    def test_shards_of_another_number_are_the_same_set(self, folder, pattern, tmp_path):
        other = sa.ShardedDataset(make_shards(folder, tmp_path / "other", 5))
        assert other.names_digest == sa.ShardedDataset(pattern).names_digest
        assert other.bytes_digest != sa.ShardedDataset(pattern).bytes_digest

    def test_evaluation_and_features(self, folder, pattern, tmp_path):
        model, data = tiny_model(), sa.ShardedDataset(pattern)
        assert model.evaluate(data).loss == model.evaluate(folder).loss
        found = model.features(data, ["fc6"], out=tmp_path / "f.npy")
        assert np.array_equal(found["fc6"], model.features(folder, ["fc6"])["fc6"])
        assert found.names[9] == "train-001.tar/000009.png"

    def test_kept_features(self, pattern, tmp_path):
        times = []
        for _ in range(2):
            model = tiny_model()
            model.freeze(up_to="pool1")
            recipe = quick_recipe(crop=False, color_noise=0.0)
            fit(model, sa.ShardedDataset(pattern), recipe=recipe, cache_features=tmp_path / "kept")
            times.append({path.name: path.stat().st_mtime_ns for path in (tmp_path / "kept").iterdir()})
        assert times[0] and times[0] == times[1]


class TestBrokenImages:
    @pytest.fixture
    def broken(self, folder, tmp_path):
        files = members_of(folder, range(24))
        files[8] = (files[8][0], files[8][1][:60])
        files[10] = (files[10][0], b"")
        (tmp_path / "a.tar").write_bytes(tar_bytes(files))
        return tmp_path / "a.tar"

    def test_they_are_errors(self, broken):
        with pytest.raises(ValueError, match=r"a.tar/000004.png cannot be decoded"):
            sa.ShardedDataset(broken).image(4, GEOMETRY)
        with pytest.raises(ValueError, match=r"a.tar/00000[45].png cannot be decoded"):
            fit(tiny_model(), sa.ShardedDataset(broken))

    def test_they_are_left_out_and_counted(self, broken):
        data = sa.ShardedDataset(broken, on_error="skip", classes=CLASSES)
        with pytest.warns(UserWarning, match="2 files were left out of .*bright: 2 broken"):
            history = fit(tiny_model(), data)
        assert data.skipped == 2 and history.skipped == {"train": {"bright": {"broken": 2}}}
        assert "a.tar/000005.png" in data.why_missing(5) and data.image(5, GEOMETRY) is None

    def test_a_budget(self, broken):
        data = sa.ShardedDataset(broken, on_error="skip", max_errors=0.05)
        assert data.image(4, GEOMETRY) is None
        with pytest.raises(ValueError, match="2 cannot be decoded, max_errors allows 1; one of them: a.tar/000005"):
            data.image(5, GEOMETRY)

    def test_what_another_process_could_not_decode(self, pattern):
        data = sa.ShardedDataset(pattern, on_error="skip", max_errors=1)
        data.note_missing(-1, "elsewhere")
        assert data.image(23, GEOMETRY) is None and data.why_missing(23) == "elsewhere" and data.skipped == 1
        with pytest.raises(ValueError, match="max_errors allows 1"):
            data.note_missing(2, "elsewhere")
        with pytest.raises(IndexError):
            data.note_missing(24, "nowhere")

    def test_a_huge_one_is_not_read(self, folder, tmp_path):
        with open(tmp_path / "a.tar", "wb") as file:  # a hole on the disk
            start = tar_bytes([("a.png", b"x"), ("a.cls", b"0")])
            member = tarfile.TarInfo("a.png")
            member.size = 3 << 30
            file.write(member.tobuf())
            file.seek(3 << 30, os.SEEK_CUR)
            file.write(start[2 * 512 :])
        data = sa.ShardedDataset(tmp_path / "a.tar", on_error="skip")
        assert data.image(0, GEOMETRY) is None and "more than 268,435,456 bytes" in data.why_missing(0)


class TestDamagedShards:
    def test_a_missing_shard(self, pattern):
        data = sa.ShardedDataset(pattern)
        os.unlink(data.shards[1])
        for rescan in (False, True):
            with pytest.raises(FileNotFoundError, match=r"train-001.tar"):
                sa.ShardedDataset(pattern, rescan=rescan)

    @pytest.mark.parametrize("indexed", [False, True])
    def test_a_shard_that_is_cut_short(self, pattern, indexed):
        shards = sa.ShardedDataset(pattern).shards
        size = os.path.getsize(shards[2])
        for at in (size - 20 * 512, 5000, 100, 0):
            os.truncate(shards[2], at)
            with pytest.raises(ValueError, match=r"train-002.tar.*(cut short|not a tar)"):
                sa.ShardedDataset(pattern, rescan=not indexed)

    def test_a_shard_that_has_changed(self, folder, pattern):
        data = sa.ShardedDataset(pattern)
        shard = Path(data.shards[0])
        sound = shard.read_bytes()
        shard.write_bytes(sound.replace(b"000000.png", b"000009.png"))
        with pytest.raises(ValueError, match=r"train-000.tar holds other images than .*rescan=True"):
            sa.ShardedDataset(pattern)
        shard.write_bytes(sound + bytes(512))
        with pytest.raises(ValueError, match=r"train-000.tar has changed: it has"):
            sa.ShardedDataset(pattern)
        assert len(sa.ShardedDataset(pattern, rescan=True)) == len(sa.ShardedDataset(pattern)) == 24

    def test_a_shard_that_changes_while_it_is_used(self, pattern):
        data = sa.ShardedDataset(pattern, on_error="skip")
        shard = Path(data.shards[0])
        with shard.open("r+b") as file:
            file.write(bytes(shard.stat().st_size))
        with pytest.raises(ValueError, match="has changed since its index was made"):
            data.image(3, GEOMETRY)
        os.truncate(shard, 10)
        with pytest.raises(ValueError, match=r"train-000.tar is cut short"):
            data.image(3, GEOMETRY)
        assert data.skipped == 0

    @pytest.mark.parametrize(
        ("files", "message"),
        [
            ([], "no image in .*a.tar"),
            ([("a.jpg", b"x")], "'a' has no class: expected .cls, or .json with a label; found .jpg"),
            ([("a.jpg", b"x"), ("a.json", b"{}")], "'a' has no class"),
            ([("a.jpg", b"x"), ("a.json", b"[" * 9999)], "not JSON"),
            ([("a.jpg", b"x"), ("a.json", b'{"label": true}')], "has the class"),
            ([("a.jpg", b"x"), ("a.cls", b"-1")], "has the class '-1'"),
            ([("a.jpg", b"x"), ("a.cls", b"9" * 5000)], "has the class"),
            ([("a.jpg", b"x"), ("a.cls", b"3000000000")], "has the class"),
            ([("a.jpg", b"x"), ("a.cls", b"1"), ("a.json", b'{"label": 2}')], "two classes, 1 and 2"),
            ([("a.jpg", b"x"), ("a.png", b"x"), ("a.cls", b"1")], "two images, .jpg and .png"),
            ([("a.jpg", b"x"), ("a.jpg", b"x"), ("a.cls", b"1")], "is there twice"),
            ([("a.jpg", b"x"), ("a.cls", b"1" * (1 << 21))], "has 2,097,152 bytes"),
            ([("classes.txt", b"a\na"), ("a.jpg", b"x"), ("a.cls", b"1")], "names one class twice"),
            ([("classes.json", b"{}"), ("a.jpg", b"x"), ("a.cls", b"1")], "expected a sequence of names"),
        ],
    )
    def test_tars_of_something_else(self, tmp_path, files, message):
        (tmp_path / "a.tar").write_bytes(tar_bytes(files))
        with pytest.raises(ValueError, match=message):
            sa.ShardedDataset(tmp_path / "a.tar")
        assert os.listdir(tmp_path) == ["a.tar"]

    def test_what_is_no_file(self, tmp_path):
        os.mkfifo(tmp_path / "pipe.tar")
        for name, error in (("pipe.tar", OSError), (".", OSError), ("absent.tar", FileNotFoundError)):
            with pytest.raises(error):
                sa.ShardedDataset(tmp_path / name)
        with pytest.raises(OSError):
            sa.ShardedDataset("/dev/zero")


class TestOpeners:
    def test_an_own_opener(self, folder, pattern, tmp_path):
        opened = []

        class Bytes:
            def __init__(self, data):
                self.data, self.size = data, len(data)

            def read(self, offset, count):
                return self.data[offset : offset + count]

        def opener(name):
            opened.append(name)
            return Bytes(Path(name.replace("own://", "/")).read_bytes())

        data = sa.ShardedDataset(f"own://{pattern[1:]}", opener=opener, index=tmp_path / "own.index")
        assert same_images(data, folder) and opened == list(data.shards) and data.shards[0].startswith("own://")
        assert (tmp_path / "own.index").exists() and data.classes is None

    def test_one_that_gives_something_else(self, pattern, tmp_path):
        class Words:
            size = 5000

            def read(self, offset, count):
                return "x" * count

        with pytest.raises(TypeError, match="read gave str, expected bytes"):
            sa.ShardedDataset(pattern, opener=lambda name: Words(), index=tmp_path / "i")
