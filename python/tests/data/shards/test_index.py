"""Files of indices: where they are, and what damage and other shards do."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from shard_files import make_shards

import swiftalexnet as sa
from swiftalexnet.data.shards.index import ROW, Index, ShardState, read_index, write_index


def only_index(folder):
    (path,) = Path(folder).glob("*.index")
    return path


def test_twenty_bytes_an_image(pattern, tmp_path):
    sa.ShardedDataset(pattern)
    path = only_index(tmp_path / "shards")
    assert path.name.startswith("train-000-3-")
    index = read_index(path)
    assert ROW.itemsize == 20 and index.rows.nbytes == 24 * 20
    write_index(tmp_path / "again", index)
    assert (tmp_path / "again").read_bytes() == path.read_bytes()


def test_it_is_used_when_shards_have_moved(folder, pattern, tmp_path, monkeypatch):
    sa.ShardedDataset(pattern)
    shutil.move(tmp_path / "shards", tmp_path / "elsewhere")
    monkeypatch.setattr("swiftalexnet.data.shards.companions.scan", None)
    data = sa.ShardedDataset(str(tmp_path / "elsewhere" / "train-{000..002}.tar"))
    assert data.encoded(7) == folder.paths[7].read_bytes()


def test_a_place_of_its_own(pattern, tmp_path):
    sa.ShardedDataset(pattern, index=tmp_path / "my.index")
    assert (tmp_path / "my.index").exists() and not list((tmp_path / "shards").glob("*.index"))
    with pytest.raises(FileNotFoundError):
        sa.ShardedDataset(pattern, index=tmp_path / "absent" / "my.index")


def test_a_place_that_cannot_be_written(folder, pattern, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("swiftalexnet.data.shards.companions.write_index", full)
    with pytest.warns(UserWarning, match="the index cannot be kept .*No space left.*index='FILE'") as caught:
        data = sa.ShardedDataset(pattern)
    assert data.encoded(1) == folder.paths[1].read_bytes() and caught[0].filename == __file__
    with pytest.raises(OSError, match="No space"):
        sa.ShardedDataset(pattern, index="x")


def test_the_index_of_another_tar(folder, pattern, tmp_path):
    mine, other = tmp_path / "mine", tmp_path / "other"
    sa.ShardedDataset(pattern, index=mine)
    reverse = sa.ImageFolder(folder.root, classes=folder.classes[::-1])
    sa.ShardedDataset(make_shards(reverse, tmp_path / "reverse"), index=other)
    with pytest.raises(ValueError, match=r"train-000.tar holds other images than .*other says; rescan=True"):
        sa.ShardedDataset(pattern, index=other)
    with pytest.raises(ValueError, match=r"is the index of 3 shards, .* got 2, train-000.tar to train-001.tar"):
        sa.ShardedDataset(pattern.replace("002", "001"), index=mine)
    assert len(sa.ShardedDataset(pattern, index=other, rescan=True)) == 24


def test_every_damage_is_noticed(pattern, tmp_path):
    sa.ShardedDataset(pattern, index=tmp_path / "i")
    sound = (tmp_path / "i").read_bytes()
    for at in range(0, len(sound), 7):
        damaged = bytearray(sound)
        damaged[at] ^= 1 << at % 8
        (tmp_path / "i").write_bytes(damaged)
        with pytest.raises(sa.CacheCorruptError):
            sa.ShardedDataset(pattern, index=tmp_path / "i")
        (tmp_path / "i").write_bytes(sound[:at])
        with pytest.raises(sa.CacheCorruptError):
            sa.ShardedDataset(pattern, index=tmp_path / "i")
    with pytest.raises(sa.CacheCorruptError, match="is not an index of shards"):
        sa.ShardedDataset(pattern, index=pattern.replace("{000..002}", "000"))
    (tmp_path / "i").write_bytes(sound)
    assert len(sa.ShardedDataset(pattern, index=tmp_path / "i")) == 24


@pytest.mark.parametrize(
    ("field", "value"),
    [("offset", 2**64 - 5), ("offset", 0), ("offset", 5000), ("size", 2**32 - 1), ("label", -1), ("shard", 1)],
)
def test_rows_that_lead_out_of_the_shard(tmp_path, field, value):
    rows = np.array([(0, 512, 100, 3)], ROW)
    write_index(tmp_path / "i", Index((ShardState("a.tar", 4096, 1, ""),), rows, "", None, {}))
    assert read_index(tmp_path / "i").rows.tolist() == [(0, 512, 100, 3)]
    rows[field] = value
    write_index(tmp_path / "i", Index((ShardState("a.tar", 4096, 1, ""),), rows, "", None, {}))
    with pytest.raises(sa.CacheCorruptError, match="its rows do not fit its shards"):
        read_index(tmp_path / "i")


def test_numbers_that_are_only_said(tmp_path):
    rows = np.array([(0, 512, 100, 3)], ROW)
    write_index(tmp_path / "i", Index((ShardState("a.tar", 4096, 2**45, ""),), rows, "", None, {}))
    with pytest.raises(sa.CacheCorruptError, match="its rows are not those of its shards"):
        read_index(tmp_path / "i")


def test_an_index_of_no_image(tmp_path):
    write_index(tmp_path / "i", Index((), np.array([], ROW), "", None, {}))
    with pytest.raises(sa.CacheCorruptError, match="it has no images"):
        read_index(tmp_path / "i")


def test_a_pipe_is_no_index(pattern, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="Not a regular file"):
        sa.ShardedDataset(pattern, index=tmp_path / "pipe")
