"""The archives of ILSVRC-2012, imitated: a tar of tars, a tar of validation images, the development kit."""

import gzip
import os

import numpy as np
import pytest
from shard_files import tar_bytes
from support import needs, photo_folder

import swiftalexnet as sa
from swiftalexnet.cli import main

SYNSETS = ("n02119789", "n01440764", "n03000684")  # of the numbers 1, 2 and 3
PARENT = "n00001740"  # has children, and is no class
TRUTH = (3, 1, 1, 2, 3)


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    root = photo_folder(tmp_path_factory.mktemp("ilsvrc") / "photos", 3)
    return [path.read_bytes() for path in sorted(root.rglob("*.png"))]


@pytest.fixture
def training(photos, tmp_path):
    """A class after the other, not in the order of their names; returns images by name."""
    named = {f"{name}_{number}.JPEG": photos[3 * at + number] for at, name in enumerate(SYNSETS) for number in range(3)}
    inner = [
        (f"{name}.tar", tar_bytes([(each, data) for each, data in named.items() if each.startswith(name)]))
        for name in SYNSETS
    ]
    (tmp_path / "ILSVRC2012_img_train.tar").write_bytes(tar_bytes(inner))
    return named


@pytest.fixture
def kit(tmp_path):
    """The development kit."""
    needs("scipy")
    from scipy import io

    kind = [
        ("ILSVRC2012_ID", "O"),
        ("WNID", "O"),
        ("words", "O"),
        ("gloss", "O"),
        ("num_children", "O"),
        ("children", "O"),
    ]
    rows = [(float(at), name, "x, y", "z", 0.0, np.zeros((1, 0))) for at, name in enumerate(SYNSETS, 1)]
    rows.append((4.0, PARENT, "entity", "", 3.0, np.array([[1.0, 2.0, 3.0]])))
    io.savemat(tmp_path / "meta.mat", {"synsets": np.array(rows, kind).reshape(-1, 1)}, do_compression=True)
    root = "ILSVRC2012_devkit_t12"
    files = [
        (f"{root}/readme.txt", b"x"),
        (f"{root}/data/meta.mat", (tmp_path / "meta.mat").read_bytes()),
        (f"{root}/data/ILSVRC2012_validation_ground_truth.txt", "".join(f"{each}\n" for each in TRUTH).encode()),
    ]
    (tmp_path / "ILSVRC2012_devkit_t12.tar.gz").write_bytes(gzip.compress(tar_bytes(files)))
    for name, data in files:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(data)
    return tmp_path / "ILSVRC2012_devkit_t12.tar.gz"


def validation_tar(photos, tmp_path, count=5, order=(3, 0, 4, 1, 2)):
    files = [(f"ILSVRC2012_val_{at + 1:08d}.JPEG", photos[at]) for at in order[:count]]
    path = tmp_path / "ILSVRC2012_img_val.tar"
    path.write_bytes(tar_bytes(files))
    return path


def test_training_images(training, tmp_path):
    out = tmp_path / "out"
    written = sa.write_shards(
        tmp_path / "ILSVRC2012_img_train.tar", out, order="stored", images_per_shard=4, progress=False
    )
    data = sa.ShardedDataset(written.pattern)
    assert data.classes == tuple(sorted(SYNSETS)) and len(data) == 9
    assert {data.encoded(index): data.classes[data.labels[index]] for index in range(9)} == {
        each: name.partition("_")[0] for name, each in training.items()
    }


@pytest.mark.parametrize("packed", [True, False])
def test_validation_images(photos, kit, tmp_path, packed):
    labels = kit if packed else tmp_path / "ILSVRC2012_devkit_t12"
    source = validation_tar(photos, tmp_path)
    written = sa.write_shards(source, tmp_path / "out", "val", labels=labels, order="stored", progress=False)
    data = sa.ShardedDataset(written.pattern)
    assert data.classes == tuple(sorted(SYNSETS))
    assert [data.encoded(index) for index in range(5)] == photos[:5]
    assert [data.classes[label] for label in data.labels] == [SYNSETS[number - 1] for number in TRUTH]


def test_both_commands(photos, training, kit, tmp_path, capsys):
    val, out = validation_tar(photos, tmp_path), str(tmp_path / "shards")
    assert main(["shard", str(tmp_path / "ILSVRC2012_img_train.tar"), out, "--quiet"]) == 0
    assert main(["shard", str(val), out, "--name", "val", "--labels", str(kit), "--quiet"]) == 0
    assert "val-000000.tar: 5 images" in capsys.readouterr().out
    assert sorted(name.partition("-")[0] for name in os.listdir(out)) == [
        "classes.json",
        *["train"] * 2,
        "train.shards.json",
        *["val"] * 2,
        "val.shards.json",
    ]


def test_archives_that_do_not_fit(photos, training, kit, tmp_path):
    train, val = tmp_path / "ILSVRC2012_img_train.tar", validation_tar(photos, tmp_path)
    write = lambda *given, **options: sa.write_shards(*given, tmp_path / "out", progress=False, **options)  # noqa: E731
    with pytest.raises(ValueError, match="labels= is the development kit"):
        write(val)
    with pytest.raises(ValueError, match="labels are for the validation images"):
        write(train, labels=kit)
    with pytest.raises(ValueError, match="is not the development kit"):
        write(val, labels=val)
    with pytest.raises(FileNotFoundError):
        write(val, labels=tmp_path / "absent")
    with pytest.raises(FileNotFoundError):
        write(val, labels=tmp_path)
    with pytest.raises(ValueError, match="has 4 images, the labels are of 5"):
        write(validation_tar(photos, tmp_path, 4), labels=kit)
    for name, data in (("x.tar", tar_bytes([("x.jpg", b"x")])), ("n00000001.tar", b"x" * 512)):
        train.write_bytes(tar_bytes([(name, data)]))
        with pytest.raises(ValueError, match=name):
            write(train)


def test_archives_that_are_cut_short(training, tmp_path):
    path = tmp_path / "ILSVRC2012_img_train.tar"
    for size in range(path.stat().st_size - 20 * 512, 512, -1711):
        os.truncate(path, size)
        with pytest.raises(ValueError, match="cut short"):
            sa.write_shards(path, tmp_path / "out", progress=False)


def test_damaged_kits(photos, kit, tmp_path):
    val, sound = validation_tar(photos, tmp_path), kit.read_bytes()
    random = np.random.default_rng(0)
    for _ in range(60):
        damaged = bytearray(sound)
        damaged[random.integers(len(sound))] ^= 1 << random.integers(8)
        kit.write_bytes(bytes(damaged[: random.integers(len(sound))]))
        with pytest.raises(ValueError, match="development kit"):
            sa.write_shards(val, tmp_path / "out", labels=kit, progress=False)
    kit.write_bytes(gzip.compress(bytes(200 << 20), 9))  # a bomb
    with pytest.raises(ValueError, match="unpacks to more than"):
        sa.write_shards(val, tmp_path / "out", labels=kit, progress=False)
