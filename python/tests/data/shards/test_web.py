"""Shards on the web."""

import numpy as np
import pytest
from support import CLASSES, fingerprint, fit, tiny_model
from web_server import serving

import swiftalexnet as sa
from swiftalexnet.files import web_file


@pytest.fixture
def server(pattern, tmp_path, monkeypatch):
    monkeypatch.setattr(web_file, "_FIRST_PAUSE", 0.001)
    with serving(b"") as running:
        running.files = {f"/data/{path.name}": path.read_bytes() for path in (tmp_path / "shards").iterdir()}
        yield running


def test_the_same_bits_as_from_the_disk(server, folder, tmp_path):
    address = f"{server.address}/data/train-{{000..002}}.tar"
    data = sa.ShardedDataset(address, index=tmp_path / "index")
    assert data.classes == CLASSES and np.array_equal(data.labels, folder.labels)
    found = []
    for each in (folder, data):
        model = tiny_model()
        fit(model, each, epochs=1)
        found.append(fingerprint(model))
    assert found[0] == found[1]
    asked = len(server.asked)
    assert sa.ShardedDataset(address, index=tmp_path / "index").name(0) == "train-000.tar/000000.png"
    assert len(server.asked) - asked < 20  # the sizes and some images of three shards


def test_an_index_that_is_not_kept(server):
    with pytest.warns(UserWarning, match="made each time; index='FILE' keeps it"):
        sa.ShardedDataset(f"{server.address}/data/train-000.tar")


def test_an_index_on_the_web(server, pattern, tmp_path, folder, monkeypatch):
    sa.ShardedDataset(pattern)
    (path,) = (tmp_path / "shards").glob("*.index")
    server.files[f"/data/{path.name}"] = sound = path.read_bytes()
    monkeypatch.setattr("swiftalexnet.data.shards.companions.scan", None)
    address = f"{server.address}/data/train-{{000..002}}.tar"
    assert sa.ShardedDataset(address).encoded(5) == folder.paths[5].read_bytes()
    for damaged in (sound[:-1], sound[:40], b"x" + sound[1:]):
        server.files[f"/data/{path.name}"] = damaged
        with pytest.raises(sa.CacheCorruptError, match=r"train-000-3"):
            sa.ShardedDataset(address)


def test_a_missing_shard(server):
    with pytest.raises(FileNotFoundError, match=r"train-003.tar: the server answers 404"):
        sa.ShardedDataset(f"{server.address}/data/train-{{000..003}}.tar", index="x")


def test_a_server_that_goes_away_skips_no_image(server, tmp_path):
    data = sa.ShardedDataset(f"{server.address}/data/train-{{000..002}}.tar", index=tmp_path / "i", on_error="skip")
    server.busy = 10**6
    with pytest.raises(OSError, match="asked 6 times"):
        fit(tiny_model(), data)
    assert data.skipped == 0
